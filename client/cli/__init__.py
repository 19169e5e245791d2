"""The command line: what people type, and what they see.

`main` has the group and the end of every failure; `commands` has one file a command; the other files are what commands
share. Pure: `rollout` (is it up?), `formats`, `jsonpath`, `tables`, `targets`. Not in here: what the words in a compose
file mean (`client.compose`).
"""

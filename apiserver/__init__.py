"""What is true: the API server stores objects, versions them and lets anyone watch them.

In here, from the floor up: `store` (revisions, log, watch), `kinds` (what an object of each kind may be), `auth` (who
asks), `admission` (what is changed or refused on the way in), `rest` (HTTP), `app` (wiring). Not in here: anything that
acts on the world. Controllers do that, over HTTP.
"""

"""What objects look like: the floor that every other room stands on.

In here: pydantic models of the built-in kinds, the values that occur in them (names, quantities, durations, times,
selectors) and the structural schemas made from the models. Everything is data or a pure function of data.
Not in here: storing, serving, watching or acting. This room imports nothing of Fizz.
"""

"""Tests whose examples are made by chance make the same ones every time, so that a run tells of a change, not of luck.
`pytest --hypothesis-profile=random` looks further.
"""

from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.register_profile("random")
settings.load_profile("same")

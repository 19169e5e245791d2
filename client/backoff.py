"""How long to wait before trying again.

`exponential` is the whole formula; `jittered` spreads many clients that failed at the same moment.
"""

import random

__all__ = ["exponential", "jittered"]


def exponential(failures: int, base: float, limit: float) -> float:
    """Seconds to wait after so many failures in a row: base, twice base, four times base ... and never over limit.

    >>> [exponential(failures, 0.005, 60) for failures in (0, 1, 2, 20)]
    [0.005, 0.01, 0.02, 60]
    """
    return min(limit, base * 2.0 ** min(failures, 64))


def jittered(seconds: float) -> float:
    """Between half of it and all of it, evenly."""
    return seconds * random.uniform(0.5, 1.0)

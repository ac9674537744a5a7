"""A line that comes and goes."""

from __future__ import annotations

import time
from collections.abc import Iterator

from titanicarus.lab import Lab
from titanicarus.lab.cuts import OFF


def flap_island(lab: Lab, island: str, times: int, seconds: float) -> Iterator[str]:
    """Cut an island off and mend that, `times` in `seconds`; it is mended in the end whatever happens."""
    half = seconds / times / 2
    for number in range(1, times + 1):
        (cut,) = lab.cuts.make(OFF, a=island)
        try:
            time.sleep(half)  # the length of the fault, not a wait
        finally:
            lab.cuts.mend([cut.id])
        yield f"{island} was away {number} of {times} times"
        time.sleep(half)

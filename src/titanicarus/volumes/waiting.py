"""Files that wait to be copied to other bricks, and whether anything still comes of it.

A folder that was made in the last moments before a power cut can be lost on that brick while the others hold that it is
there: what lies in it then waits for good, as the healing daemon goes by what it knows. A walk through all folders
finds the folder missing and heals it. That walk is dear on a large volume, so it is ordered only when files have waited
with everybody there and none of them was healed.
"""

from __future__ import annotations

from collections.abc import Set

STILL_SECONDS = 30.0
"""How long none of the files that wait is healed before all folders are walked through."""
TURN_SECONDS = 15.0
"""How much later the next brick's host orders it: mostly the first one's walk has got somewhere by then."""
_LONGEST_SECONDS = 86_400.0


class Waiting:
    """Follows the files of one brick. `turn` is the place of the brick in its volume, from 0."""

    def __init__(self, turn: int = 0) -> None:
        self._patience = self._first = STILL_SECONDS + turn * TURN_SECONDS
        self._those: Set[str] = frozenset()
        self._still_since = 0.0

    def see(self, names: Set[str], now: float, *, complete: bool) -> None:
        """What waits at this moment, `now` in seconds of a clock that never goes back. `complete`: every brick of the
        volume is there, so that it could be healed."""
        # Those that were there at the first look and still are: what is being written now comes and goes.
        left = self._those & names
        if not left:
            left, self._patience = names, self._first
            self._still_since = now
        elif len(left) < len(self._those) or not complete:
            self._still_since = now
        self._those = left

    @property
    def any(self) -> bool:
        """Whether something waits."""
        return bool(self._those)

    def stuck(self, now: float) -> int:
        """How many files wait of which none has been healed for long; 0 when there is hope."""
        return len(self._those) if now - self._still_since >= self._patience else 0

    @property
    def walked(self) -> bool:
        """Whether all folders were walked through since these files began to wait."""
        return self._patience > self._first

    def ordered(self, now: float) -> None:
        """All folders are being walked through: wait twice as long before the next time, up to a day."""
        self._still_since = now
        self._patience = min(2 * self._patience, _LONGEST_SECONDS)

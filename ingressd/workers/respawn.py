"""How long to wait before a dead worker is replaced."""

from __future__ import annotations

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0
HEALTHY_SECONDS = 10.0
"""Who lived for so long did not die of what killed an earlier one."""


class Respawn:
    """The first replacement comes at once; while workers die young, each one waits twice as long as the one before."""

    def __init__(self) -> None:
        self._died_young = 0

    def delay_seconds(self, alive_seconds: float) -> float:
        """Return the pause before the replacement of a worker that died after ``alive_seconds``."""
        if alive_seconds >= HEALTHY_SECONDS:
            self._died_young = 0
        self._died_young += 1
        if self._died_young == 1:
            return 0.0
        # Past the longest delay there is nothing left to double.
        doublings = min(self._died_young - 2, 10)
        return min(FIRST_DELAY_SECONDS * 2.0**doublings, LONGEST_DELAY_SECONDS)

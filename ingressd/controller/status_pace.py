"""How soon the same status may be written again."""

from __future__ import annotations

import math

import msgspec

from ingressd.controller.status import StatusWrite
from ingressd.controller.status_addresses import Addresses
from ingressd.resources.key import ObjectKey

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 300.0
_CALM_SECONDS = 60.0


class _Attempt(msgspec.Struct, frozen=True):
    addresses: Addresses
    at: float
    delay: float

    @property
    def due(self) -> float:
        return self.at + self.delay


class StatusPace:
    """Spaces attempts to write the same addresses to the same Ingress: at first by a second, in which the watch brings
    the result, then by twice as much each time.

    So a failing API server is left alone, and another controller that writes other addresses to the same Ingress is
    not answered in a loop. ``now`` is monotonic, in seconds.
    """

    def __init__(self) -> None:
        self._attempts: dict[ObjectKey, _Attempt] = {}

    def may(self, write: StatusWrite, now: float) -> bool:
        last = self._attempts.get(write.key)
        return last is None or last.addresses != write.addresses or now >= last.due

    def attempted(self, write: StatusWrite, now: float, retry_after: float = 0.0) -> None:
        """An attempt has ended, well or badly; ``retry_after`` is what the API server asked for, in seconds."""
        last = self._attempts.get(write.key)
        delay = FIRST_DELAY_SECONDS
        if last is not None and last.addresses == write.addresses and now < last.due + last.delay + _CALM_SECONDS:
            delay = min(2 * last.delay, LONGEST_DELAY_SECONDS)
        self._attempts[write.key] = _Attempt(write.addresses, now, max(delay, retry_after))

    def next_due(self, now: float) -> float:
        """When an attempt that is spaced out now may be made; infinity when none is. Forgets what is long past."""
        self._attempts = {
            key: last for key, last in self._attempts.items() if now < last.due + last.delay + _CALM_SECONDS
        }
        return min((last.due for last in self._attempts.values() if last.due > now), default=math.inf)

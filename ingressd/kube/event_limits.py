"""How many Events may be written: about one object, and altogether."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from ingressd.resources.key import ObjectKey


class EventSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bursts in Events, rates in Events per second. What concerns one object is as in client-go."""

    object_burst: int = 25
    object_rate: float = 1 / 300
    total_burst: int = 100
    total_rate: float = 10.0
    queue: int = 2000
    remembered: int = 4096


class TokenBucket:
    """Full at first. ``now`` is monotonic, in seconds."""

    def __init__(self, burst: int, rate: float, now: float) -> None:
        self._burst = burst
        self._rate = rate
        self._tokens = float(burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Take a token if there is one."""
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def wait(self, now: float) -> float:
        """Return the seconds until there is a token again."""
        self._fill(now)
        return max(0.0, (1 - self._tokens) / self._rate)

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now


class ObjectLimits:
    """A bucket for each object; those that were not used for longest are forgotten first."""

    def __init__(self, settings: EventSettings) -> None:
        self._settings = settings
        self._buckets: OrderedDict[ObjectKey, TokenBucket] = OrderedDict()

    def take(self, key: ObjectKey, now: float) -> bool:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._settings.object_burst, self._settings.object_rate, now)
            if len(self._buckets) > self._settings.remembered:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket.take(now)

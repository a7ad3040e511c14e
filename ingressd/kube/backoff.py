"""How long to wait before the next attempt."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import msgspec


class BackoffTiming(msgspec.Struct, frozen=True):
    """Seconds; the defaults are those of client-go's reflectors.

    The wait doubles from ``first`` to ``most``, plus up to ``jitter`` times itself so that many clients do not come
    back together. ``healthy`` seconds without a failure make it start over.
    """

    first: float = 0.8
    most: float = 30.0
    factor: float = 2.0
    jitter: float = 1.0
    healthy: float = 120.0


CLIENT_GO = BackoffTiming()


class Backoff:
    """Told of every success and failure of one thing that is tried again and again.

    ``draw`` gives numbers from 0 up to 1, ``clock`` monotonic seconds.
    """

    def __init__(
        self,
        timing: BackoffTiming = CLIENT_GO,
        *,
        draw: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timing = timing
        self._draw = draw
        self._clock = clock
        self._next = timing.first
        self._healthy_since: float | None = None

    def succeeded(self) -> None:
        """It works, as of now; saying so again changes nothing."""
        if self._healthy_since is None:
            self._healthy_since = self._clock()

    def failed(self) -> float:
        """It does not work; return the seconds to wait before the next attempt."""
        timing = self._timing
        if self._healthy_since is not None and self._clock() - self._healthy_since >= timing.healthy:
            self._next = timing.first
        self._healthy_since = None
        wait = self._next * (1.0 + timing.jitter * self._draw())
        self._next = min(self._next * timing.factor, timing.most)
        return wait

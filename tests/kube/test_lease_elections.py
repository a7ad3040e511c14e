"""Several candidates over one Lease, in simulated time: whatever is delayed, lost or skewed, two never lead at once.

The candidates are simulated in steps of calls with arbitrary delays both ways. Each has a monotonic clock of its own
with its own origin and, within the bound that the algorithm assumes, its own speed; and a wall clock that shows
anything.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingressd.kube.lease import Candidacy, ElectionSettings, Lease

SETTINGS = ElectionSettings()
LENGTH, QUIET_AFTER = 400.0, 250.0
FASTEST = 1.2  # (lease / renew_deadline) ** 0.5 is the limit for two clocks that differ in opposite directions


class Store:
    """One Lease; a write needs the version that it replaces."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self._versions = itertools.count(1)

    def write(self, lease: Lease) -> Lease | None:
        """Return what is stored now, or None for a conflict."""
        before = self.lease.version if self.lease is not None else ""
        if lease.version != before:
            return None
        if self.lease is None or self.lease.spec != lease.spec:
            self.lease = Lease({**lease.metadata, "resourceVersion": str(next(self._versions))}, lease.spec)
        return self.lease


class Simulated:
    """A candidate with its own clocks, as ``Election`` drives it."""

    def __init__(self, number: int, chance: random.Random, settings: ElectionSettings) -> None:
        self.candidacy = Candidacy(f"candidate-{number}", namespace="n", name="l", settings=settings)
        self._origin = chance.uniform(0, 1e6)
        self._speed = chance.uniform(1, FASTEST)
        self._chance = chance
        self.led: list[tuple[float, float]] = []

    def clock(self, true_time: float) -> float:
        return self._origin + true_time * self._speed

    def true_time(self, clock: float) -> float:
        return (clock - self._origin) / self._speed

    def wall_clock(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._chance.choice((0, 0, 3600, -3600)))


def lives(one: Simulated, store: Store, chance: random.Random) -> Iterator[float]:
    """Yield true times to wait for; between two yields the candidate acts at once. Calls fail until ``QUIET_AFTER``."""
    now = chance.uniform(0, 20)
    yield now
    candidacy = one.candidacy

    def travel() -> float:
        return chance.choice((0.01, 0.1, 1.0, 5.0, 12.0)) if now < QUIET_AFTER else 0.05

    def fails() -> bool:
        return now < QUIET_AFTER and chance.random() < 0.3

    while True:
        limit = now + 10.0
        if not candidacy.leads(one.clock(now)) or candidacy.lease is None:
            yield (now := now + travel())
            seen = store.lease
            yield (now := now + travel())
            if fails():
                candidacy.forget()
            elif seen is None:
                candidacy.vanish()
            else:
                candidacy.observe(seen, one.clock(now))
        else:
            seen = candidacy.lease
        asked = now
        bid = (
            candidacy.first(one.wall_clock())
            if candidacy.lease is None and seen is None
            else candidacy.bid(one.clock(asked), one.wall_clock())
        )
        if bid is not None and now < limit:
            yield (now := now + travel())
            stored = store.write(bid) if not fails() else None
            yield (now := now + travel())
            if fails() or stored is None or (candidacy.leads(one.clock(asked)) and not candidacy.leads(one.clock(now))):
                # The answer is lost, a conflict, or too late for a leader, which has cut the call off by then.
                candidacy.forget()
            else:
                candidacy.won(stored, one.clock(asked), one.clock(now))
                one.led.append((now, one.true_time(candidacy.leading_until)))
        yield (now := now + chance.uniform(1.0, 4.4))


Span = tuple[float, float, str]


def simulate(seed: int, count: int, settings: ElectionSettings = SETTINGS) -> list[Span]:
    """Return who led from when to when, in true time and in order; calls fail for most of ``LENGTH``."""
    chance, store = random.Random(seed), Store()
    candidates = [Simulated(number, chance, settings) for number in range(count)]
    lived = [lives(one, store, chance) for one in candidates]
    queue = [(next(life), number) for number, life in enumerate(lived)]
    heapq.heapify(queue)
    while queue[0][0] < LENGTH:
        _, number = heapq.heappop(queue)
        heapq.heappush(queue, (next(lived[number]), number))
    return sorted((*span, one.candidacy.identity) for one in candidates for span in one.led)


def overlap(spans: list[Span]) -> bool:
    return any(
        holder != other and since < until for (_, until, holder), (since, _, other) in itertools.combinations(spans, 2)
    )


@given(seed=st.integers(0, 2**32), count=st.integers(2, 5))
def test_two_never_lead_at_once_and_in_the_end_one_does(seed: int, count: int) -> None:
    spans = simulate(seed, count)
    assert not overlap(spans)
    calm = [span for span in spans if span[0] > QUIET_AFTER + 60]
    assert len({holder for _, _, holder in calm}) == 1
    assert all(since <= until for (_, until, _), (since, _, _) in itertools.pairwise(calm)), (
        "a leader that renews stays"
    )


def test_the_simulation_finds_two_leaders_where_there_can_be_some() -> None:
    unsafe = ElectionSettings()
    msgspec.structs.force_setattr(unsafe, "lease", 2)
    assert any(overlap(simulate(seed, 3, unsafe)) for seed in range(20))

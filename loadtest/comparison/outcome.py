"""What was measured, and what follows from it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec

from loadtest.support.machine import Machine

FULL = 0.95
"""From this share on, a core has nothing left to give; the kernel counts in hundredths of a second."""
DISTURBED = 0.05
"""From this share of the proxy's core on, somebody else's work is in the figure."""
OPERATIONS_PER_COST = 100_000


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement. ``rate`` is in the scenario's unit, ``cost`` in the proxy's processor seconds for 100,000
    operations. The shares are of one core's time: the proxy's own, everybody's on the proxy's core, and everybody's
    on the core of client and backend.
    """

    rate: float
    cost: float
    wrong: int
    proxy_share: float
    proxy_core: float
    load_core: float

    @property
    def load_bound(self) -> bool:
        """Whether client and backend were at their end and the proxy was not: the rate is theirs, the cost is not."""
        return self.load_core >= FULL and self.proxy_share < FULL

    @property
    def disturbed(self) -> bool:
        return self.proxy_core - self.proxy_share >= DISTURBED


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario: each proxy's runs, in the order of the rounds."""

    name: str
    title: str
    unit: str
    runs: dict[str, tuple[Run, ...]]
    at_least: dict[str, float] = {}
    """What a proxy is to reach as a part of nginx, by the proxy's name."""

    def rate(self, proxy: str) -> Range:
        return middle([run.rate for run in self.runs[proxy]])

    def cost(self, proxy: str) -> Range:
        return _known([run.cost for run in self.runs[proxy] if run.cost])

    def rate_ratio(self, proxy: str, beside: str) -> Range:
        """How many times as much as ``beside``, round by round, so that a machine that drifts drifts in both."""
        pairs = zip(self.runs[proxy], self.runs[beside], strict=True)
        return middle([mine.rate / other.rate if other.rate else 0.0 for mine, other in pairs])

    def cost_ratio(self, proxy: str, beside: str) -> Range:
        """How many times as much for the same processor time: above 1, the proxy is cheaper.

        A run without a single operation, in which the proxy hardly ran at all, has no cost.
        """
        pairs = zip(self.runs[proxy], self.runs[beside], strict=True)
        return _known([other.cost / mine.cost for mine, other in pairs if mine.cost and other.cost])

    def load_bound(self, *proxies: str) -> bool:
        """Whether in most runs of any of them the load was at its end before the proxy."""
        return any(_most([run.load_bound for run in self.runs[proxy]]) for proxy in proxies)

    def disturbed(self, *proxies: str) -> bool:
        return any(_most([run.disturbed for run in self.runs[proxy]]) for proxy in proxies)

    def wrong(self, proxy: str) -> int:
        return sum(run.wrong for run in self.runs[proxy])

    def by_cost(self, *proxies: str) -> bool:
        """Whether a rate says more of the load, or of the machine's other work, than of the proxy."""
        return self.load_bound(*proxies) or self.disturbed(*proxies)

    def judged_ratio(self, proxy: str, beside: str) -> Range:
        """By rate, and where that is not the proxy's own doing, by processor time.

        With its core to itself and always something to do, a proxy's rate is the inverse of its cost.
        """
        return self.cost_ratio(proxy, beside) if self.by_cost(proxy, beside) else self.rate_ratio(proxy, beside)


class Range(msgspec.Struct, frozen=True):
    """Several measurements of one thing: their median, and how far they went."""

    smallest: float
    median: float
    largest: float

    @property
    def spread(self) -> float:
        """From the smallest to the largest, as a part of the median."""
        return (self.largest - self.smallest) / self.median if self.median else 0.0


class Answered(msgspec.Struct, frozen=True):
    """How long answers took in one run, in milliseconds. ``others``: the part of the proxy's core that others took."""

    p50: float
    p99: float
    wrong: int
    others: float


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """``rate``: requests a second, the same for all."""

    rate: float
    runs: dict[str, tuple[Answered, ...]]
    most_p99: float
    """What ingressd's 99th percentile may be, as a multiple of nginx's."""

    def p50(self, proxy: str) -> Range:
        return middle([run.p50 for run in self.runs[proxy]])

    def p99(self, proxy: str) -> Range:
        return middle([run.p99 for run in self.runs[proxy]])

    def disturbed(self, *proxies: str) -> bool:
        """Whether in any run somebody else's work had a part of the core: one is enough for a 99th percentile."""
        return any(run.others >= DISTURBED for proxy in proxies for run in self.runs[proxy])

    def p99_ratio(self, proxy: str, beside: str) -> Range:
        pairs = zip(self.runs[proxy], self.runs[beside], strict=True)
        return middle([mine.p99 / other.p99 for mine, other in pairs])


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Resident bytes of all a proxy's processes, by the number of idle connections."""

    title: str
    resident: dict[str, dict[int, int]]
    refused: dict[str, int]
    most_bytes: int
    """What a connection may cost ingressd."""

    def each(self, proxy: str) -> float:
        """Bytes for one connection, from the smallest number to the largest."""
        counts = self.resident[proxy]
        fewest, most = min(counts), max(counts)
        return (counts[most] - counts[fewest]) / (most - fewest)


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All of a run. ``versions`` are in the words of each program; ``missing`` are programs that could not be had."""

    command: str
    machine: Machine
    rounds: int
    seconds: int
    took_seconds: float
    versions: dict[str, str]
    missing: tuple[str, ...]
    measured: tuple[Measured, ...] = ()
    latency: Latency | None = None
    memory: tuple[Memory, ...] = ()
    failures: tuple[str, ...] = ()


def middle(values: Sequence[float]) -> Range:
    """Raises ValueError without values."""
    if not values:
        raise ValueError("nothing was measured")
    return Range(min(values), statistics.median(values), max(values))


def _known(values: Sequence[float]) -> Range:
    """As ``middle``; nothing known is all zeros."""
    return middle(values) if values else Range(0.0, 0.0, 0.0)


def _most(flags: Sequence[bool]) -> bool:
    return 2 * sum(flags) > len(flags)

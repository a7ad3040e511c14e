"""The figures of a comparison that are held to a limit."""

from __future__ import annotations

from collections.abc import Iterator

from loadtest.comparison.outcome import Comparison
from loadtest.support.figure import Figure

BESIDE = "nginx"
CADDY = "Caddy"
LEAST_BESIDE_CADDY = 4.0
CADDY_SCENARIO = "get-3"


def judged(comparison: Comparison, ingressd: str) -> tuple[Figure, ...]:
    """Return what was measured of the targets; ``ingressd`` is the name of the lane that they are for."""
    return (*_rates(comparison, ingressd), *_latency(comparison, ingressd), *_memory(comparison, ingressd))


def _rates(comparison: Comparison, ingressd: str) -> Iterator[Figure]:
    for measured in comparison.measured:
        for proxy, least in measured.at_least.items():
            if BESIDE in measured.runs:
                name = f"{measured.title}: {proxy} ÷ {BESIDE}"
                yield Figure(name=name, value=measured.judged_ratio(proxy, BESIDE).median, unit="times", at_least=least)
        if measured.name == CADDY_SCENARIO and CADDY in measured.runs:
            ratio = measured.judged_ratio(ingressd, CADDY).median
            name = f"{measured.title}: {ingressd} ÷ {CADDY}"
            yield Figure(name=name, value=ratio, unit="times", at_least=LEAST_BESIDE_CADDY)
    wrong = sum(measured.wrong(ingressd) for measured in comparison.measured)
    yield Figure(name=f"wrong answers of {ingressd}", value=wrong, unit="answers", at_most=0)


def _latency(comparison: Comparison, ingressd: str) -> Iterator[Figure]:
    latency = comparison.latency
    if latency is not None and BESIDE in latency.runs:
        ratio = latency.p99_ratio(ingressd, BESIDE).median
        name = f"99th percentile: {ingressd} ÷ {BESIDE}"
        if latency.disturbed(ingressd, BESIDE):
            yield Figure(name=f"{name} (not judged: disturbed by other programs)", value=ratio, unit="times")
        else:
            yield Figure(name=name, value=ratio, unit="times", at_most=latency.most_p99)


def _memory(comparison: Comparison, ingressd: str) -> Iterator[Figure]:
    for memory in comparison.memory:
        yield Figure(
            name=f"{memory.title}: memory of each in {ingressd}",
            value=memory.each(ingressd) / 1024,
            unit="KiB",
            at_most=memory.most_bytes / 1024,
        )

"""A comparison as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loadtest.comparison.judging import BESIDE, judged
from loadtest.comparison.outcome import Comparison, Latency, Measured, Memory, Range
from loadtest.support.figure import format_number
from loadtest.support.resident_memory import MIB

LOAD_BOUND, DISTURBED, BY_COST = "L", "D", "T"
_RATIOS = (
    "Medians of the ratios of each round, with the smallest and the largest. By rate; "
    f"{BY_COST} where by processor time for the same work, because the rate was not the proxy's own doing. With its "
    "core to itself and always something to do, a proxy's rate is the inverse of its processor time."
)
_RATES = (
    "Medians of all rounds; the range is from the smallest to the largest, halved. "
    f"{LOAD_BOUND}: client and backend were at the end of their core and the proxy was not. "
    f"{DISTURBED}: other programs took a twentieth or more of the proxy's core."
)
_COSTS = (
    "Of all processes of a proxy, in their own code and in the kernel's, which counts in hundredths of a second. An "
    "operation is a request, a connection or a message."
)


def as_markdown(comparison: Comparison, ingressd: str) -> str:
    proxies = tuple(comparison.versions)
    compared = tuple(proxy for proxy in proxies if proxy != BESIDE and BESIDE in proxies)
    lines = ["# ingressd beside other proxies, one core each", "", f"`{comparison.command}`", ""]
    if comparison.measured and compared:
        lines += ["![What one core forwards, beside nginx](bench.svg)", "", f"## As a part of {BESIDE}", ""]
        lines += [*_ratios(comparison.measured, compared), "", _RATIOS, ""]
    if comparison.measured:
        lines += ["## One core, as much as it can", "", *_rates(comparison.measured, proxies), "", _RATES, ""]
        lines += [
            "## Processor seconds for 100,000 operations",
            "",
            *_costs(comparison.measured, proxies),
            "",
            _COSTS,
            "",
        ]
    if comparison.latency is not None:
        lines += ["## Time to answer", "", *_latency(comparison.latency), ""]
    if comparison.memory:
        lines += ["## Resident memory", "", *_memory(comparison.memory), ""]
    lines += ["## Targets", "", *_targets(comparison, ingressd), "", "## What this is", "", *_about(comparison)]
    return "\n".join(lines) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The first column is text, the others are numbers."""
    marks = ["---", *("--:" for _ in header[1:])]
    return [_row(header), "|" + "|".join(marks) + "|", *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ratios(measured: Sequence[Measured], compared: Sequence[str]) -> list[str]:
    def cell(each: Measured, proxy: str) -> str:
        ratio = _range(each.judged_ratio(proxy, BESIDE))
        return f"{ratio} {BY_COST}" if each.by_cost(proxy, BESIDE) else ratio

    return table(("what", *compared), ((each.title, *(cell(each, proxy) for proxy in compared)) for each in measured))


def _rates(measured: Sequence[Measured], proxies: Sequence[str]) -> list[str]:
    return table(
        ("what", *proxies),
        ((f"{each.title}, {each.unit}", *(_rate(each, proxy) for proxy in proxies)) for each in measured),
    )


def _rate(measured: Measured, proxy: str) -> str:
    rate, wrong = measured.rate(proxy), measured.wrong(proxy)
    flags = [LOAD_BOUND] * measured.load_bound(proxy) + [DISTURBED] * measured.disturbed(proxy)
    words = [format_number(round(rate.median)), f"±{rate.spread / 2:.0%}", *flags]
    return " ".join((*words, f"**{wrong} wrong**") if wrong else words)


def _range(found: Range) -> str:
    return f"{found.median:.2f} ({found.smallest:.2f}–{found.largest:.2f})"  # noqa: RUF001 (the dash of a range)


def _costs(measured: Sequence[Measured], proxies: Sequence[str]) -> list[str]:
    def cell(each: Measured, proxy: str) -> str:
        cost = each.cost(proxy)
        return f"{format_number(cost.median)} ±{cost.spread / 2:.0%}"

    return table(("what", *proxies), ((each.title, *(cell(each, proxy) for proxy in proxies)) for each in measured))


def _latency(latency: Latency) -> list[str]:
    wrong = {proxy: sum(run.wrong for run in runs) for proxy, runs in latency.runs.items()}
    return [
        f"Small GETs with 3 header fields at {latency.rate:,.0f} requests/s, half of what the slowest could do; "
        "milliseconds, from when a request was due.",
        "",
        *table(
            ("proxy", "50th percentile", "99th percentile", "wrong"),
            (
                (
                    f"{proxy} {DISTURBED}" if latency.disturbed(proxy) else proxy,
                    _range(latency.p50(proxy)),
                    _range(latency.p99(proxy)),
                    str(wrong[proxy]),
                )
                for proxy in latency.runs
            ),
        ),
    ]


def _memory(memory: Sequence[Memory]) -> list[str]:
    rows = []
    counts: tuple[int, ...] = ()
    for each in memory:
        for proxy, resident in each.resident.items():
            counts = tuple(sorted(resident))
            sizes = (f"{resident[count] / MIB:.1f}" for count in counts)
            rows.append((each.title, proxy, *sizes, f"{each.each(proxy) / 1024:.1f}", str(each.refused[proxy])))
    header = ("what", "proxy", *(f"MiB with {count:,}" for count in counts), "KiB each", "refused")
    return [
        "All processes of a proxy together, each of its pages counted wherever it is mapped.",
        "",
        *table(header, rows),
    ]


def _targets(comparison: Comparison, ingressd: str) -> list[str]:
    header = ("what", "measured", "target", "")
    return table(
        header,
        (
            (figure.name, f"{format_number(figure.value)} {figure.unit}", figure.target, figure.verdict)
            for figure in judged(comparison, ingressd)
        ),
    )


def _about(comparison: Comparison) -> list[str]:
    machine = comparison.machine
    versions = "; ".join(f"{name}: {version}" for name, version in comparison.versions.items())
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    lines = [
        "- The proxy has one core, clients and backends have another one. Each proxy has one worker on it, keeps its "
        "connections to the upstream, and adds the same eight header fields; the access log, in its usual format, is "
        "off unless it is named. Rounds are interleaved: one measurement of each proxy, then the next of each.",
        "- wrk with 64 connections (16 for bodies of 1 MiB) asks an nginx that answers by itself; bodies of 100 MiB, "
        "handshakes, messages and times are the work of clients of this project, and uploads and WebSockets end in a "
        "server of this project. An upload is answered after its last byte. nginx streams bodies as the others do: no "
        "request buffering, no temporary files.",
        "- A handshake is one connection with one request; no session is resumed. ingressd and Caddy send one session "
        "ticket, nginx and HAProxy two, as each does by itself.",
        f"- {comparison.rounds} rounds of {comparison.seconds} s; the whole took {comparison.took_seconds / 60:.0f} "
        "minutes.",
        f"- {versions}.",
    ]
    lines += [f"- {failure}" for failure in comparison.failures]
    if comparison.missing:
        lines.append(f"- Not measured, because not installed: {', '.join(comparison.missing)}.")
    lines += [
        "",
        f"Measured {machine.measured} at commit {machine.commit}, on {machine.processor}, {machine.cores} cores, "
        f"{machine.system}, {machine.python}, {libraries}. Load average over the minute before: "
        f"{machine.load_average:g}.",
    ]
    return lines

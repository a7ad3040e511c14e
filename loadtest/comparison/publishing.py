"""Where a comparison goes: to the screen, and with ``--record`` into ``results/``."""

from __future__ import annotations

import msgspec

from loadtest.comparison.bar_chart import BarChart, Group, svg
from loadtest.comparison.comparison_tables import as_markdown
from loadtest.comparison.judging import BESIDE, judged
from loadtest.comparison.outcome import Comparison
from loadtest.support.report import RESULTS

NAME = "bench"


def publish(comparison: Comparison, ingressd: str, *, record: bool) -> int:
    """Return the program's exit code: 1 when a target is missed or a part failed."""
    text = as_markdown(comparison, ingressd)
    print(text)
    if record:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{NAME}.md").write_text(text, encoding="utf-8")
        encoded = msgspec.json.format(msgspec.json.encode(comparison), indent=2)
        (RESULTS / f"{NAME}.json").write_bytes(encoded + b"\n")
        if comparison.measured and BESIDE in comparison.versions:
            (RESULTS / f"{NAME}.svg").write_text(svg(chart(comparison)), encoding="utf-8")
    return 0 if not comparison.failures and all(figure.met for figure in judged(comparison, ingressd)) else 1


def chart(comparison: Comparison) -> BarChart:
    """How much each proxy does beside nginx; by processor time where the load was at its end first."""
    series = tuple(comparison.versions)
    machine = comparison.machine
    return BarChart(
        title=f"What one core forwards, {BESIDE} = 1",
        subtitle=f"{machine.processor}, {machine.measured[:10]}, commit {machine.commit[:12]}; longer is better",
        series=series,
        groups=tuple(
            Group(each.title, tuple(each.judged_ratio(proxy, BESIDE).median for proxy in series))
            for each in comparison.measured
        ),
    )

"""What follows from the measurements, and how it is told."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from loadtest.comparison.bar_chart import BarChart, Group, svg
from loadtest.comparison.comparison_tables import as_markdown
from loadtest.comparison.judging import judged
from loadtest.comparison.outcome import Answered, Comparison, Latency, Measured, Memory, Run, middle
from loadtest.comparison.publishing import chart
from loadtest.support.machine import Machine


def a_run(rate: float, cost: float = 1.0, **changes: Any) -> Run:
    quiet = {"wrong": 0, "proxy_share": 0.99, "proxy_core": 1.0, "load_core": 0.6}
    return Run(rate=rate, cost=cost, **{**quiet, **changes})


def measured(ours: tuple[Run, ...], theirs: tuple[Run, ...]) -> Measured:
    runs = {"ingressd": ours, "nginx": theirs}
    return Measured(name="get-3", title="small GET", unit="requests/s", runs=runs, at_least={"ingressd": 0.9})


def comparison(each: Measured) -> Comparison:
    machine = Machine(
        measured="2026-01-02T03:04:05+00:00",
        commit="0123456789ab",
        processor="A processor <fast>",
        cores=2,
        system="Linux",
        python="CPython",
        libraries={},
        load_average=0.0,
    )
    runs: dict[str, tuple[Answered, ...]] = {
        "ingressd": (Answered(1.0, 3.0, 0, 0.0),),
        "nginx": (Answered(1.0, 2.0, 0, 0.0),),
    }
    return Comparison(
        command="python -m loadtest.bench",
        machine=machine,
        rounds=2,
        seconds=1,
        took_seconds=120.0,
        versions={"ingressd": "1", "nginx": "2"},
        missing=("Caddy",),
        measured=(each,),
        latency=Latency(rate=1000.0, runs=runs, most_p99=1.5),
        memory=(
            Memory(
                title="idle connections, plain",
                resident={"ingressd": {0: 1 << 20, 1000: (1 << 20) + 4096 * 1000}},
                refused={"ingressd": 0},
                most_bytes=6144,
            ),
        ),
    )


def test_a_ratio_is_taken_round_by_round() -> None:
    drifting = measured((a_run(50), a_run(100)), (a_run(100), a_run(200)))
    assert drifting.rate_ratio("ingressd", "nginx") == middle([0.5, 0.5])


def test_the_rate_of_a_proxy_that_was_not_busy_is_that_of_the_load() -> None:
    waiting = a_run(90, cost=2.0, proxy_share=0.5, proxy_core=0.5, load_core=1.0)
    found = measured((a_run(30, cost=3.0), a_run(30, cost=3.0)), (waiting, waiting))
    assert found.load_bound("nginx")
    assert not found.load_bound("ingressd")
    assert found.judged_ratio("ingressd", "nginx").median == pytest.approx(2 / 3)


def test_the_rate_of_a_proxy_whose_core_was_shared_is_not_its_own() -> None:
    shared = a_run(60, cost=1.0, proxy_share=0.6)
    found = measured((shared, shared), (a_run(100), a_run(100)))
    assert found.disturbed("ingressd")
    assert found.judged_ratio("ingressd", "nginx").median == pytest.approx(1.0)


def test_a_run_without_operations_has_no_cost() -> None:
    starved = a_run(0, cost=0.0, proxy_share=0.0)
    found = measured((starved, a_run(50, cost=2.0)), (a_run(100), a_run(100)))
    assert found.cost_ratio("ingressd", "nginx") == middle([0.5])
    assert measured((starved,), (a_run(100),)).cost_ratio("ingressd", "nginx").median == 0


def test_one_disturbed_round_of_three_changes_nothing() -> None:
    runs = (a_run(60, proxy_share=0.6), a_run(100), a_run(100))
    assert not measured(runs, (a_run(100),) * 3).disturbed("ingressd")


def test_a_full_load_core_beside_a_full_proxy_is_no_excuse() -> None:
    both = a_run(100, load_core=1.0)
    assert not both.load_bound


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        middle([])


def test_targets_are_judged_by_what_was_measured() -> None:
    figures = judged(comparison(measured((a_run(80), a_run(80)), (a_run(100), a_run(100)))), "ingressd")
    assert [(figure.name, round(figure.value, 3), figure.met) for figure in figures] == [
        ("small GET: ingressd ÷ nginx", 0.8, False),
        ("wrong answers of ingressd", 0, True),
        ("99th percentile: ingressd ÷ nginx", 1.5, True),
        ("idle connections, plain: memory of each in ingressd", 4.0, True),
    ]


def test_a_disturbed_99th_percentile_is_told_and_not_judged() -> None:
    whole = comparison(measured((a_run(80),), (a_run(100),)))
    assert whole.latency is not None
    runs: dict[str, tuple[Answered, ...]] = {**whole.latency.runs, "nginx": (Answered(1.0, 9.0, 0, 0.2),)}
    disturbed = msgspec.structs.replace(whole, latency=msgspec.structs.replace(whole.latency, runs=runs))
    (figure,) = (each for each in judged(disturbed, "ingressd") if each.name.startswith("99th percentile"))
    assert not figure.judged
    assert "disturbed" in figure.name
    assert "| nginx D |" in as_markdown(disturbed, "ingressd")


def test_the_report_says_ratio_flags_wrong_answers_and_what_is_missing() -> None:
    shared = a_run(1234, wrong=7, proxy_share=0.6)
    text = as_markdown(comparison(measured((shared, shared), (a_run(2468), a_run(2468)))), "ingressd")
    assert "| small GET | 1.00 (1.00–1.00) T |" in text  # noqa: RUF001 (the dash of a range)
    assert "| small GET, requests/s | 1,234 ±0% D **14 wrong** | 2,468 ±0% |" in text
    assert "Not measured, because not installed: Caddy." in text
    assert "commit 0123456789ab" in text


def test_the_report_can_be_read_by_a_program() -> None:
    whole = comparison(measured((a_run(80),), (a_run(100),)))
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Comparison) == whole


def test_the_chart_of_a_comparison_has_the_judged_ratios() -> None:
    drawn = chart(comparison(measured((a_run(80),), (a_run(100),))))
    assert drawn.series == ("ingressd", "nginx")
    assert drawn.groups == (Group("small GET", (0.8, 1.0)),)


def test_bars_are_as_long_as_their_values_and_cut_at_the_end() -> None:
    widths = bar_widths(
        BarChart(
            title="A < B",
            subtitle="",
            series=("one", "two"),
            groups=(Group("first", (0.5, 1.0)), Group("second", (2.0, None))),
            largest=1.0,
        )
    )
    assert widths == {"first: one 0.50": 225.0, "first: two 1.00": 450.0, "second: one 2.00": 450.0}


def test_a_chart_never_runs_out_of_colours_silently() -> None:
    with pytest.raises(ValueError, match="colours"):
        svg(BarChart(title="", subtitle="", series=tuple("abcdef"), groups=()))


def bar_widths(drawn: BarChart) -> dict[str, float]:
    """Read the picture as XML; each bar by its tooltip."""
    name = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(svg(drawn))  # noqa: S314 (nobody else wrote it)
    titled = ((bar, bar.find(f"{name}title")) for bar in root.iter(f"{name}rect"))
    return {title.text or "": float(bar.attrib["width"]) for bar, title in titled if title is not None}

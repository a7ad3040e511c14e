"""The reference page says what the program does."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector

from docs.reference import PLACE, PROCESS_METRICS, metric_rows, reference


def test_the_page_is_what_the_tables_say() -> None:
    assert PLACE.read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_every_row_has_the_cells_of_its_table() -> None:
    lines = PLACE.read_text(encoding="utf-8").splitlines()
    tables = [list(found) for is_table, found in groupby(lines, lambda line: line.startswith("|")) if is_table]
    assert tables
    for rows in tables:
        assert len({row.replace(r"\|", "").count("|") for row in rows}) == 1, rows[0]


def test_labels_are_those_of_the_series() -> None:
    labels = {name: found for name, _, found, _ in metric_rows()}
    assert labels["`ingressd_api_writes_total`"] == "`what`, `outcome`"
    assert labels["`ingressd_worker_resident_bytes`"] == "`pid`"
    assert labels["`ingressd_ready`"] == ""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells of a process in files")
def test_what_a_process_tells_of_itself() -> None:
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    assert {sample.name for family in registry.collect() for sample in family.samples} == set(PROCESS_METRICS)

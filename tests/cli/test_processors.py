"""How many workers there are by default."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingressd.cli.processors import default_workers, usable_processors
from ingressd.settings import FEWEST_WORKERS, MAX_WORKERS


@pytest.mark.parametrize(
    ("processors", "workers"),
    [
        (0.1, FEWEST_WORKERS),
        (1.0, FEWEST_WORKERS),
        (2.0, 2),
        (2.5, 3),
        (64.0, 64),
        (1000.0, MAX_WORKERS),
    ],
)
def test_one_for_each_processor_and_never_one_alone(processors: float, workers: int) -> None:
    assert default_workers(processors) == workers


def test_a_container_has_the_processors_of_its_quota(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text("50000 100000\n")
    assert usable_processors(quota) == 0.5


@pytest.mark.parametrize("text", ["max 100000\n", "", "many\n", "100000 0\n", "1 2 3\n", "99999999999 100000\n"])
def test_without_a_usable_quota_all_count(tmp_path: Path, text: str) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(text)
    assert usable_processors(quota) == len(os.sched_getaffinity(0))
    assert usable_processors(tmp_path / "absent") == len(os.sched_getaffinity(0))

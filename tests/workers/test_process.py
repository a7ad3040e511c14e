"""What the supervisor knows of a process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ingressd.workers.process import describe_exit, resident_bytes, worker_command


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exit status 0"),
        (3, "exit status 3"),
        (-9, "signal SIGKILL"),
        (-200, "signal 200"),
        (None, "exit status unknown"),
    ],
)
def test_how_a_process_ended(status: int | None, words: str) -> None:
    assert describe_exit(status) == words


def test_memory_of_a_process_is_told_where_the_system_tells() -> None:
    resident = resident_bytes(os.getpid())
    assert resident is not None if Path("/proc/self/statm").exists() else resident is None
    assert resident is None or resident > 1024 * 1024


def test_memory_of_nobody_is_unknown() -> None:
    assert resident_bytes(2**30) is None


@pytest.mark.parametrize(("searched", "flags"), [(True, []), (False, ["-P"])])
def test_a_worker_imports_from_the_working_directory_only_if_the_supervisor_does(
    searched: bool, flags: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    here = [str(Path.cwd())] if searched else []
    monkeypatch.setattr(sys, "path", [*here, *(place for place in sys.path if place)])
    assert list(worker_command()) == [sys.executable, *flags, "-m", "ingressd.workers"]

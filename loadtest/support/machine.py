"""What a drill ran on: a figure means nothing without it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

CHECKOUT = Path(__file__).resolve().parents[2]
LIBRARIES = ("aiohttp", "uvloop", "msgspec")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """``load_average`` is over the minute before the drill: above zero, somebody else had a share of the cores."""

    measured: str
    commit: str
    processor: str
    cores: int
    system: str
    python: str
    libraries: dict[str, str]
    load_average: float


def this_machine() -> Machine:
    return Machine(
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=_commit(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        libraries={name: version(name) for name in LIBRARIES},
        load_average=round(os.getloadavg()[0], 2),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _commit() -> str:
    """The short hash, with a note when the files differ from it; "unknown" outside a git checkout."""
    git = shutil.which("git")
    if git is None or not (CHECKOUT / ".git").exists():
        return "unknown"
    commit = _output(git, "rev-parse", "--short=12", "HEAD")
    changed = _output(git, "status", "--porcelain", "--untracked-files=no", "--", "ingressd", "tls")
    return f"{commit} with uncommitted changes" if changed else commit


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout.strip()

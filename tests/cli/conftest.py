"""Running the real command line, in a process of its own, on real files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import SHOP, RunCli


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A process environment whose user data directory is the test's own."""
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def run_cli(environment: dict[str, str], tmp_path: Path) -> RunCli:
    """Run ``ingressd`` with these arguments in the test's directory."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ingressd", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        )

    return run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with one Ingress and its Service."""
    folder = tmp_path / "k8s"
    folder.mkdir()
    (folder / "shop.yaml").write_text(SHOP)
    return folder

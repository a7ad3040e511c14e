from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.leash import leashed
from tests.support.running_proxy import PATIENCE_SECONDS, eventually

SLEEPER = (sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(3600)")


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def written_to(output: Path) -> int:
    """The process id that the sleeper has said."""
    return int(eventually(output.read_text))


def test_a_command_ends_with_the_block_that_runs_it(tmp_path: Path) -> None:
    with (tmp_path / "output").open("wb") as output, leashed(SLEEPER, output=output) as process:
        command = written_to(tmp_path / "output")
        assert lives(command)
        assert process.poll() is None
    assert not lives(command)


def test_a_command_that_ends_by_itself_is_told_with_its_exit_code(tmp_path: Path) -> None:
    with (tmp_path / "output").open("wb") as output:
        with leashed((sys.executable, "-c", "print('done'); raise SystemExit(7)"), output=output) as process:
            assert process.wait(PATIENCE_SECONDS) == 7
    assert (tmp_path / "output").read_text() == "done\n"


def test_a_command_does_not_outlive_a_test_run_that_is_killed(tmp_path: Path) -> None:
    holder = (
        "import sys\nfrom pathlib import Path\nfrom tests.support.leash import leashed\n"
        f"with Path(sys.argv[1]).open('wb') as output, leashed({SLEEPER!r}, output=output) as process:\n"
        "    process.wait()\n"
    )
    root = Path(__file__).parents[2]
    (tmp_path / "output").touch()
    with subprocess.Popen([sys.executable, "-c", holder, str(tmp_path / "output")], cwd=root) as run:
        try:
            command = written_to(tmp_path / "output")
        finally:
            run.kill()
    eventually(lambda: not lives(command))

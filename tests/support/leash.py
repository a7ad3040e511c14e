"""Servers that end when the test run that started them ends, even when it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PATIENCE_SECONDS = 2.0
_HERE = Path(__file__)


@contextmanager
def leashed(command: Sequence[str], *, output: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block, or this process, ends; what it says goes to ``output``.

    The process that the block gets stands for the command: it ends with it, and with its exit code.
    """
    # In a session of its own, Ctrl-C reaches only the tests: servers end after those who still clean up with them.
    process = subprocess.Popen(
        [sys.executable, str(_HERE), *command],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Standard input is the leash: it closes when its other end does, by intent or with that process."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    process.terminate()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _main() -> int:
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_let_go, args=(process,), daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(_main())

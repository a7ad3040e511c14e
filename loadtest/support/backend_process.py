"""The programs behind the proxy, each in a process of its own, so that their work is not counted as the proxy's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.support.machine import CHECKOUT


@contextmanager
def backend(module: str, *arguments: str, folder: str = "support") -> Iterator[int]:
    """Run a program of a folder beside the drills, and give the port that it prints as its first line."""
    process = subprocess.Popen(
        (sys.executable, "-m", f"loadtest.{folder}.{module}", *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
        text=True,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the backend has no standard output")
        first = process.stdout.readline()
        if not first.strip().isdigit():
            raise RuntimeError(f"{module} did not start: instead of a port it printed {first!r}")
        yield int(first)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

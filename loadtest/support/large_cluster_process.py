"""The API server of a large cluster in a process of its own, so that its work and memory are not counted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from loadtest.support.large_cluster import READY
from loadtest.support.machine import CHECKOUT


class Written(msgspec.Struct, frozen=True):
    """Of a storm: ``events`` were written within ``seconds``."""

    events: int
    seconds: float


class LargeClusterProcess:
    """Ready once it is made; see ``large_cluster`` for what it does. It ends with this process."""

    def __init__(self, applications: int, served: int, port: int, kubeconfig: Path) -> None:
        options = (
            *("--applications", str(applications), "--served", str(served)),
            *("--port", str(port), "--kubeconfig", str(kubeconfig)),
        )
        self._process = subprocess.Popen(
            (sys.executable, "-m", "loadtest.support.large_cluster", *options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=CHECKOUT,
            text=True,
        )
        if self._read() != READY:
            self.kill()
            raise RuntimeError("the API server did not start")

    def move(self, number: int, port: int) -> float:
        return msgspec.json.decode(self._ask(f"move {number} {port}"), type=float)

    def endpoints(self, number: int) -> frozenset[str]:
        return msgspec.json.decode(self._ask(f"endpoints {number}"), type=frozenset[str])

    def expire(self) -> None:
        self._ask("expire")

    def storm(self, rate: float, seconds: float) -> None:
        self._ask(f"storm {rate:g} {seconds:g}")

    def calm(self) -> Written:
        return msgspec.json.decode(self._ask("calm"), type=Written)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, line: str) -> str:
        if self._process.stdin is None:
            raise RuntimeError("the API server has no standard input")
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> str:
        if self._process.stdout is None:
            raise RuntimeError("the API server has no standard output")
        return self._process.stdout.readline().rstrip("\n")


@contextmanager
def large_cluster(applications: int, served: int, port: int, kubeconfig: Path) -> Iterator[LargeClusterProcess]:
    process = LargeClusterProcess(applications, served, port, kubeconfig)
    try:
        yield process
    finally:
        process.kill()

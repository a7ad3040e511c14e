"""The open-loop client in a process of its own, so that a drill does not disturb it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import msgspec

from loadtest.support.machine import CHECKOUT
from loadtest.support.open_loop_client import BEGUN, PATIENCE_SECONDS, RATE
from loadtest.support.request_log import RequestLog

END_SECONDS = PATIENCE_SECONDS * 2 + 10.0


class OpenLoop:
    """Sends from the moment it is made until ``finish``, and at the latest until the end of its context."""

    def __init__(self, port: int, *, hosts: Sequence[str], rate: float = RATE, tls: bool = False) -> None:
        asked = (*(argument for host in hosts for argument in ("--host", host)), *(("--tls",) if tls else ()))
        self._process = subprocess.Popen(
            (sys.executable, "-m", "loadtest.support.open_loop_client", str(port), "--rate", f"{rate:g}", *asked),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=CHECKOUT,
        )
        if self._process.stdout is None or self._process.stdout.readline().strip() != BEGUN.encode():
            self.kill()
            raise RuntimeError("the open-loop client did not start")

    def finish(self) -> RequestLog:
        """Let it wait for the last answers, and return what it saw."""
        output, _ = self._process.communicate(timeout=END_SECONDS)
        if self._process.returncode:
            raise RuntimeError(f"the open-loop client ended with {self._process.returncode}")
        try:
            return msgspec.json.decode(output, type=RequestLog)
        except msgspec.DecodeError as error:
            raise RuntimeError(f"the open-loop client said {len(output)} bytes: {output[:80]!r}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.poll() is None:
            self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

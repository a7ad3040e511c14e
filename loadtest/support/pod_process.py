"""A pod in a process of its own, which ends as the pod of a rolling update does."""

from __future__ import annotations

import subprocess
import sys

from loadtest.support.machine import CHECKOUT
from loadtest.support.pod import ANSWER_MILLISECONDS

END_SECONDS = 30.0


class PodProcess:
    """Listens once it is made, on ``address`` and ``port``: the one that was asked for, or any for 0.

    Pods have addresses of their own, and the same port; so do these, since all of 127.0.0.0/8 is this machine.
    """

    def __init__(self, address: str = "127.0.0.1", port: int = 0, *, milliseconds: float = ANSWER_MILLISECONDS) -> None:
        self.address = address
        self._process = subprocess.Popen(
            (
                *(sys.executable, "-m", "loadtest.support.pod", "--bind", address, "--port", str(port)),
                *("--milliseconds", f"{milliseconds:g}"),
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=CHECKOUT,
            text=True,
        )
        if self._process.stdout is None:
            raise RuntimeError("the pod has no standard output")
        first = self._process.stdout.readline()
        if not first.strip().isdigit():
            self.kill()
            raise RuntimeError(f"a pod did not start: instead of a port it printed {first!r}")
        self.port = int(first)

    def end(self) -> None:
        """Let it finish what it has; it accepts nothing from about now on. Returns at once."""
        self._process.terminate()

    def kill(self) -> None:
        """End it with everything that it has in flight."""
        self._process.kill()
        self.wait()

    def wait(self) -> None:
        self._process.wait(END_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

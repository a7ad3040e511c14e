"""A proxy in processes of its own, watched from outside."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from loadtest.comparison.peer import Peer
from loadtest.comparison.site import Site
from loadtest.support.machine import CHECKOUT
from loadtest.support.processor_time import processor_seconds, starting_on
from loadtest.support.resident_memory import resident_bytes

START_SECONDS = 60.0
END_SECONDS = 15.0


class RunningProxy:
    """Use ``running``. A proxy counts with all its processes: nginx has a master, ingressd a supervisor."""

    def __init__(self, peer: Peer, site: Site, process: subprocess.Popen[bytes]) -> None:
        self.name = peer.name
        self.site = site
        self._process = process

    def processor_seconds(self) -> float:
        return sum(processor_seconds(pid) for pid in self._pids())

    def resident_bytes(self) -> int:
        return sum(resident_bytes(pid) for pid in self._pids())

    def wait_until_listening(self) -> None:
        """Raises RuntimeError with what the proxy wrote if it ends, or does not open both ports."""
        deadline = time.monotonic() + START_SECONDS
        for port in (self.site.http_port, self.site.https_port):
            while not _listens(port):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} did not start:\n{self.complaints()}")
                time.sleep(0.01)

    def complaints(self) -> str:
        return _errors(self.site).read_text(encoding="utf-8", errors="replace")[-4000:]

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _pids(self) -> list[int]:
        return [self._process.pid, *_descendants(self._process.pid)]


@contextmanager
def running(pairs: Iterable[tuple[Peer, Site]], core: int) -> Iterator[tuple[RunningProxy, ...]]:
    """Start the proxies on one core, and stop them at the end."""
    with ExitStack() as stack:
        started = []
        for peer, site in pairs:
            proxy = _start(peer, site, core)
            stack.callback(proxy.stop)
            started.append(proxy)
        for proxy in started:
            proxy.wait_until_listening()
        yield tuple(started)


def _start(peer: Peer, site: Site, core: int) -> RunningProxy:
    site.log_file.parent.mkdir(parents=True)
    start = peer.prepare(site)
    with starting_on(core), _errors(site).open("wb") as errors, site.log_file.open("wb") as output:
        process = subprocess.Popen(
            start.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=CHECKOUT,
            env={**os.environ, **start.environment},
        )
    return RunningProxy(peer, site, process)


def _errors(site: Site) -> Path:
    return site.folder / "standard-error.txt"


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _descendants(pid: int) -> Iterator[int]:
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in file.read_text(encoding="ascii").split()]
        except OSError:
            continue  # the thread has ended
        for child in children:
            yield child
            yield from _descendants(child)

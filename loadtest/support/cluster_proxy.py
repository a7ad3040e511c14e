"""``ingressd run`` in processes of its own, as a pod starts it."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from ingressd.admin.explanation_document import decode_explanation
from loadtest.support.child_processes import accepts, worker_pids
from loadtest.support.cluster_objects import STATUS_ADDRESS
from loadtest.support.free_port import free_port
from loadtest.support.proxy_process import COMMAND, ProxyError

DRAIN_GRACE_SECONDS = 15.0
_START_SECONDS = 120.0
_WORKER_SECONDS = 30.0
_POLL_SECONDS = 0.002
_ABOUT_OBJECTS = " ERROR ingressd.problems: "


class ClusterProxy:
    """A started ``ingressd run``. What it writes to standard error goes to a file in ``folder``."""

    def __init__(
        self, kubeconfig: Path, folder: Path, *, workers: int, drain_wait: float = 0.0, arguments: tuple[str, ...] = ()
    ) -> None:
        self.port = free_port()
        self.https_port = free_port()
        self.admin_port = free_port()
        self.drain_wait = drain_wait
        self._workers = workers
        self._errors = folder / "errors.txt"
        self.ready_after = 0.0
        """Seconds from the start until it was ready."""
        self._started = time.monotonic()
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                (
                    *(str(COMMAND), "run", "--kubeconfig", str(kubeconfig), "--workers", str(workers)),
                    *("--bind", "127.0.0.1", "--http-port", str(self.port), "--https-port", str(self.https_port)),
                    *("--admin-port", str(self.admin_port), "--allow-local-endpoints"),
                    *("--publish-status-address", STATUS_ADDRESS, "--election-namespace", "default"),
                    *("--drain-wait", f"{drain_wait:g}", "--drain-grace", f"{DRAIN_GRACE_SECONDS:g}"),
                    *arguments,
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, "POD_NAME": "ingressd-0", "POD_NAMESPACE": "default"},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def open_descriptors(self) -> int:
        """Of the supervisor: a leak of sockets shows here first."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def workers(self) -> frozenset[int]:
        return worker_pids(self.pid)

    def serving_workers(self) -> frozenset[int]:
        ports = (self.port, self.https_port)
        return frozenset(pid for pid in self.workers() if all(accepts(pid, port) for port in ports))

    def wait_until_ready(self) -> None:
        """Wait until ``/readyz`` says 200. Raises ProxyError."""
        deadline = time.monotonic() + _START_SECONDS
        while self._readiness() != 200:
            self._check()
            if time.monotonic() > deadline:
                raise ProxyError(f"ingressd is not ready after {_START_SECONDS:g} s:\n{self.errors()}")
            time.sleep(_POLL_SECONDS)
        self.ready_after = time.monotonic() - self._started

    def wait_until_all_serve(self, without: frozenset[int] = frozenset()) -> float:
        """Wait until as many workers accept connections as there are to be, none of them one of ``without``.

        Returns the seconds that it took. Raises ProxyError.
        """
        begin = time.monotonic()
        while len(self.serving_workers() - without) < self._workers:
            self._check()
            if time.monotonic() - begin > _WORKER_SECONDS:
                raise ProxyError(f"not all workers serve after {_WORKER_SECONDS:g} s:\n{self.errors()}")
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - begin

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end, and return its exit code. Raises ProxyError if it does not come."""
        try:
            return self._process.wait(self.drain_wait + DRAIN_GRACE_SECONDS + 10.0)
        except subprocess.TimeoutExpired:
            raise ProxyError(f"ingressd has not ended:\n{self.errors()}") from None

    def stop(self) -> None:
        """Let it drain. Raises ProxyError if it does not end with 0."""
        self._check()
        self.signal(signal.SIGTERM)
        code = self.wait()
        if code:
            raise ProxyError(f"ingressd ended with {code}:\n{self.errors()}")

    def kill(self) -> None:
        """Its workers end with it."""
        self._process.kill()
        self._process.wait()

    def complaints(self) -> int:
        """Count lines that it never writes when only the world around it fails; the whole log is printed then.

        What it says about objects is none of them: an Ingress may be read before its Service.
        """
        log = self.errors()
        found = sum(
            line.startswith("Traceback") or (" ERROR " in line and _ABOUT_OBJECTS not in line)
            for line in log.splitlines()
        )
        if found:
            print(log, file=sys.stderr)
        return found

    def errors(self) -> str:
        return self._errors.read_text(encoding="utf-8", errors="replace")

    def _check(self) -> None:
        if self._process.poll() is not None:
            raise ProxyError(f"ingressd ended by itself, with {self._process.returncode}:\n{self.errors()}")

    def endpoints_used(self, host: str) -> frozenset[str]:
        """Where requests for ``/`` of a host are sent: ``ADDRESS:PORT`` each."""
        status, body = self._ask(f"/api/explain?method=GET&url=http://{host}/")
        if status != HTTPStatus.OK:
            raise ProxyError(f"ingressd does not explain {host}: {status} {body!r}")
        backend = decode_explanation(body).backend
        return frozenset(backend.used) if backend is not None else frozenset()

    def _readiness(self) -> int | None:
        try:
            return self._ask("/readyz")[0]
        except (OSError, http.client.HTTPException):
            return None

    def _ask(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5.0)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def running(
    kubeconfig: Path, folder: Path, *, workers: int, drain_wait: float = 0.0, arguments: tuple[str, ...] = ()
) -> Iterator[ClusterProxy]:
    """Run a proxy that is ready, and let it drain at the end unless it has ended by then. Raises ProxyError."""
    proxy = ClusterProxy(kubeconfig, folder, workers=workers, drain_wait=drain_wait, arguments=arguments)
    try:
        proxy.wait_until_ready()
        proxy.wait_until_all_serve()
        yield proxy
    except BaseException as error:
        proxy.kill()
        print(f"{type(error).__name__}; standard error of ingressd:\n{proxy.errors()}", file=sys.stderr)
        raise
    if proxy.running:
        proxy.stop()

"""Several processes serve: what is lost when one dies, when all are replaced, and at the end."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.manifests import ingress, path, rule, save
from tests.support.pods import Gate, Pods
from tests.support.ports import refuses
from tests.support.running_controller import RunningController, running_ingressd
from tests.support.running_proxy import eventually

HOST = "shop.test"


@contextmanager
def serving(folder: Path, pods: Pods, *flags: str, count: int = 2) -> Iterator[RunningController]:
    save(folder / "site.yaml", ingress("shop", rule(HOST, path("/", "web"), path("/slow", "slow"))))
    with running_ingressd(folder, "--from", "site.yaml", "--workers", str(count), *pods.maps(), *flags) as running:
        running.wait_until_ready()
        eventually(lambda: len(workers(running)) == count)
        yield running


def metrics(running: RunningController) -> str:
    return running.admin("/metrics").text


def workers(running: RunningController) -> set[int]:
    """Return the processes that are there, of which the supervisor has heard."""
    return set(
        map(int, re.findall(r'^ingressd_worker_generations_behind\{pid="(\d+)"\} 0\.0$', metrics(running), re.M))
    )


def wait_for_other_workers(running: RunningController, before: set[int]) -> None:
    eventually(lambda: len(found := workers(running)) == 2 and not found & before)


def counted(running: RunningController) -> float:
    """Return how many requests all workers together have answered, also those that are gone."""
    counts = re.findall(r"^ingressd_requests_total\{[^}]*\} (\S+)$", metrics(running), re.M)
    return sum(map(float, counts))


class SteadyClient:
    """One connection for each request, one after the other, until it is stopped. ``lost`` is what was no 200."""

    def __init__(self, running: RunningController) -> None:
        self.sent = 0
        self.lost: list[str] = []
        self._running = running
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send, name="steady client")

    def __enter__(self) -> SteadyClient:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._stopping.wait(0.005):
            self.sent += 1
            try:
                status = self._running.get("/", host=HOST).status
            except OSError as error:
                self.lost.append(repr(error))
            else:
                if status != 200:
                    self.lost.append(str(status))


def test_every_worker_serves_and_counts_once(tmp_path: Path, pods: Pods) -> None:
    """Requests that were sent are requests that were counted: over workers, over their lives."""
    with serving(tmp_path, pods) as running:
        sent = 0
        for _ in range(2):
            for _ in range(20):
                sent += 1
                assert running.get("/", host=HOST).pod == "web"
            assert counted(running) == sent
            before = workers(running)
            running.roll()
            wait_for_other_workers(running, before)
        assert counted(running) == sent
        assert "ingressd_workers 2.0" in metrics(running)


def test_a_worker_that_is_killed_is_replaced_and_others_serve(tmp_path: Path, pods: Pods) -> None:
    with serving(tmp_path, pods) as running:
        victim, survivor = sorted(workers(running))
        os.kill(victim, signal.SIGKILL)
        for _ in range(50):
            assert running.get("/", host=HOST).pod == "web"
        eventually(lambda: len(workers(running)) == 2)
        assert survivor in workers(running)
        assert victim not in workers(running)
        assert "ingressd_worker_respawns_total 1.0" in metrics(running)
        running.errors.wait_for(rf"worker process {victim} ended after \S+ s: .*SIGKILL")


def test_replacing_the_workers_loses_nothing(tmp_path: Path, pods: Pods) -> None:
    with serving(tmp_path, pods) as running:
        before = workers(running)
        with SteadyClient(running) as client, running.connect() as kept:
            assert kept.request("GET", "/", host=HOST).pod == "web"
            running.roll()
            assert kept.request("GET", "/", host=HOST).pod == "web"
        assert client.lost == []
        assert client.sent
        wait_for_other_workers(running, before)


def test_a_request_in_flight_outlives_its_worker_s_replacement(tmp_path: Path, pods: Pods, gate: Gate) -> None:
    with serving(tmp_path, pods) as running, running.connect() as connection:
        connection.send("GET", "/slow", host=HOST)
        with connection.response() as response:
            assert response.read(5) == b"first"
            running.roll()
            gate.open()
            assert response.read() == b" last"


def test_at_the_end_it_is_not_ready_first_and_still_accepts(tmp_path: Path, pods: Pods, gate: Gate) -> None:
    """Whoever sends traffic has to learn of it before connections are refused."""
    with serving(tmp_path, pods, "--drain-wait", "1.5") as running, running.connect() as connection:
        connection.send("GET", "/slow", host=HOST)
        with connection.response() as response:
            assert response.read(5) == b"first"
            running.process.send_signal(signal.SIGTERM)
            running.errors.wait_for(r"ending: not ready, and accepting for 1\.5 s more")
            assert running.admin("/readyz").status == 503
            assert running.admin("/healthz").status == 200
            assert running.get("/", host=HOST).pod == "web"
            eventually(lambda: refuses(running.http_port))
            assert running.process.poll() is None
            gate.open()
            assert response.read() == b" last"
        assert running.wait() == 0


def test_what_does_not_finish_within_the_grace_is_cut(tmp_path: Path, pods: Pods, gate: Gate) -> None:
    with serving(tmp_path, pods, "--drain-grace", "0.5") as running, running.connect() as connection:
        connection.send("GET", "/slow", host=HOST)
        with connection.response() as response:
            assert response.read(5) == b"first"
            assert running.terminate() == 0
            assert connection.socket.recv(100) == b""


def test_a_supervisor_that_is_killed_leaves_nobody_behind(tmp_path: Path, pods: Pods) -> None:
    with serving(tmp_path, pods) as running:
        pids = workers(running)
        running.process.kill()
        running.process.wait()
        eventually(lambda: not any(map(is_alive, pids)))
        assert refuses(running.http_port)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def test_as_many_workers_as_were_asked_for(tmp_path: Path, pods: Pods) -> None:
    with serving(tmp_path, pods, count=3) as running:
        assert "ingressd_workers 3.0" in metrics(running)
        assert running.get("/", host=HOST).pod == "web"

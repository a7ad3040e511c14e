"""Ctrl-C and SIGTERM: no new connections, requests in flight finish, exit code 0."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from ingressd.settings import ProxySettings
from tests.support.manifests import ingress, path, rule
from tests.support.pods import Gate, Pods
from tests.support.ports import refuses
from tests.support.running import RunningDev, serving
from tests.support.running_proxy import eventually

HOST = "slow.test"


@pytest.fixture
def dev(tmp_path_factory: pytest.TempPathFactory, pods: Pods, gate: Gate) -> Iterator[RunningDev]:
    site = ingress("slow", rule(HOST, path("/", "slow"), path("/web", "web")))
    with serving(tmp_path_factory.mktemp("shutdown"), site, arguments=pods.maps()) as running:
        yield running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_in_flight_finishes(dev: RunningDev, gate: Gate, number: signal.Signals) -> None:
    with dev.connect() as connection:
        connection.send("GET", "/", host=HOST)
        with connection.response() as response:
            assert response.read(5) == b"first"
            dev.process.send_signal(number)
            dev.output.wait_for(r"^ending, 1 in flight; Ctrl-C again ends at once$")
            eventually(lambda: refuses(dev.http_port))
            assert dev.process.poll() is None
            gate.open()
            assert response.read() == b" last"
    assert dev.wait() == 0


def test_while_it_drains_it_is_not_ready(dev: RunningDev, gate: Gate) -> None:
    with dev.connect() as connection:
        connection.send("GET", "/", host=HOST)
        with connection.response() as response:
            assert response.read(5) == b"first"
            dev.interrupt()
            dev.output.wait_for(r"^ending, 1 in flight")
            assert dev.admin("/readyz").status == 503
            assert dev.admin("/healthz").status == 200
            gate.open()
            assert response.read() == b" last"
    assert dev.wait() == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_idle_connection_does_not_hold_it_up(dev: RunningDev, scheme: str) -> None:
    """Neither when its client does not notice: over TLS it would be asked to say that it has noticed."""
    with dev.connect_tls(HOST) if scheme == "https" else dev.connect() as connection:
        assert connection.request("GET", "/web", host=HOST).pod == "web"
        dev.interrupt()
        # Well before what is in flight would be cut off, and well after what ending takes.
        assert dev.process.wait(ProxySettings().drain_grace_seconds / 2) == 0
        assert connection.socket.recv(1) == b""


def test_an_idle_connection_is_closed_while_a_request_is_in_flight(dev: RunningDev, gate: Gate) -> None:
    with dev.connect() as busy, dev.connect() as idle:
        assert idle.request("GET", "/web", host=HOST).pod == "web"
        busy.send("GET", "/", host=HOST)
        with busy.response() as response:
            assert response.read(5) == b"first"
            dev.interrupt()
            assert idle.socket.recv(1) == b""
            gate.open()
            assert response.read() == b" last"
    assert dev.wait() == 0


def test_a_second_signal_ends_it_at_once(tmp_path_factory: pytest.TempPathFactory, pods: Pods, gate: Gate) -> None:
    site = ingress("slow", rule(HOST, path("/", "slow")))
    folder = tmp_path_factory.mktemp("twice")
    with (
        serving(folder, site, arguments=pods.maps(), ends_well=False) as running,
        running.connect() as connection,
    ):
        connection.send("GET", "/", host=HOST)
        with connection.response() as response:
            assert response.read(5) == b"first"
            running.interrupt()
            running.output.wait_for(r"^ending, 1 in flight")
            running.interrupt()
            code = running.wait()
    assert (code, running.errors.text) == (130, "")

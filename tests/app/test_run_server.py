from __future__ import annotations

import asyncio
import contextlib
import http.client
import logging
import os
import select
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from ingressd.app.run_server import ControlPlaneError, RunServer, Source, TrafficSockets
from ingressd.controller.burst import CLUSTER
from ingressd.controller.controller import Controller
from ingressd.resources.change import Applied, Change, Synced
from ingressd.resources.endpoint_slice import SlicePort
from ingressd.resources.object import KubernetesObject
from ingressd.settings import RunSettings, ServingSettings
from ingressd.translate.settings import TranslationSettings
from tests.support import objects
from tests.support.manifests import ingress, path, rule, save
from tests.support.ports import free_port
from tests.support.running import PROGRAM, environment_of
from tests.support.running_controller import ANY_PORTS, FOR_TESTS, running_ingressd
from tests.support.running_proxy import PATIENCE_SECONDS, eventually
from tests.support.upstream import read_message, recording_upstream

FILES = TranslationSettings.development()
METRICS = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
LONGEST_END_SECONDS = 25
"""The end takes about two seconds; without a bound of its own, aiohttp waits twice a minute."""


def send_until_the_server_is_stuck(connection: socket.socket) -> None:
    """Pipeline requests and read no answer, until the server cannot write and so reads no more."""
    connection.setblocking(False)
    while select.select([], [connection], [], 2)[1]:
        connection.send(METRICS * 100)


def test_a_scraper_that_does_not_read_its_answers_does_not_hold_up_the_end(tmp_path: Path) -> None:
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    save(manifests / "web.yaml", ingress("web", rule("a.example", path("/", "web"))))
    with running_ingressd(tmp_path, "--from", str(manifests), "--workers", "1") as controller:
        controller.wait_until_ready()
        with socket.socket() as scraper:
            scraper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            scraper.connect(("127.0.0.1", controller.admin_port))
            send_until_the_server_is_stuck(scraper)
            controller.process.send_signal(signal.SIGTERM)
            assert controller.process.wait(LONGEST_END_SECONDS) == 0


def test_a_log_that_nobody_reads_holds_up_neither_start_nor_end(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"." * 4096)
    os.set_blocking(writer, True)
    save(tmp_path / "web.yaml", ingress("web", rule("a.example", path("/", "web"))))
    port = free_port()
    process = subprocess.Popen(
        [*PROGRAM, "run", "--from", str(tmp_path), *FOR_TESTS, *ANY_PORTS[:-1], str(port)],
        cwd=tmp_path,
        env=environment_of(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=writer,
    )
    try:
        eventually(lambda: readiness(port) == 200)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONGEST_END_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reader)
        os.close(writer)


async def test_a_control_plane_that_fails_lets_requests_finish(caplog: pytest.LogCaptureFixture) -> None:
    failing, asked, answering = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        asked.set()
        await answering.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    async with recording_upstream(slow) as upstream:

        async def changes() -> AsyncGenerator[tuple[Change, ...], None]:
            yield (*map(Applied, site(upstream.endpoint.port)), Synced())
            await failing.wait()
            raise RuntimeError("a defect")

        listening = [bound() for _ in range(3)]
        server = RunServer(
            RunSettings(serving=ServingSettings(), workers=1, drain_wait_seconds=0),
            Controller(FILES, publish=lambda difference: None),
            Source(changes, CLUSTER),
            cluster=None,
            open_sockets=lambda: TrafficSockets(listening[0], listening[1]),
        )
        running = asyncio.get_running_loop().create_task(server.run(listening[2], asyncio.Event(), asyncio.Event()))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: server.ready)
            reader, writer = await asyncio.open_connection(*listening[0].getsockname())
            writer.write(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
            await asked.wait()
            failing.set()
            await until(lambda: not server.ready)
            answering.set()
            assert (await reader.read()).endswith(b"late")
            writer.close()
            with pytest.raises(ControlPlaneError):
                await running
    assert "RuntimeError: a defect" in caplog.text


async def test_an_end_before_everything_was_read_says_what_was_missing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def changes() -> AsyncGenerator[tuple[Change, ...], None]:
        await asyncio.Event().wait()
        yield ()

    server = RunServer(
        RunSettings(serving=ServingSettings(), workers=1, drain_wait_seconds=0),
        Controller(FILES, publish=lambda difference: None),
        Source(changes, CLUSTER, waiting_for=lambda: ("services: not listed yet.", "secrets: forbidden.")),
        cluster=None,
        open_sockets=lambda: TrafficSockets(bound(), bound()),
    )
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await server.run(bound(), stop, asyncio.Event())
    assert (
        "ending before everything was read; it was waiting for: services: not listed yet. secrets: forbidden."
        in caplog.text
    )


async def until(look: Callable[[], bool]) -> None:
    while not look():
        await asyncio.sleep(0.02)


def site(port: int) -> tuple[KubernetesObject, ...]:
    """Everything on a.example goes to a pod at ``port`` of this machine."""
    return (
        objects.ingress("web", objects.rule("a.example", objects.path("/", "web"))),
        objects.service("web"),
        objects.endpoint_slice("web-x", objects.endpoint("127.0.0.1"), ports=[SlicePort(name="", port=port)]),
    )


def bound() -> socket.socket:
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    return found


def readiness(port: int) -> int:
    """Return the status of /readyz, 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        with connection.getresponse() as response:
            return response.status
    except OSError:
        return 0
    finally:
        connection.close()

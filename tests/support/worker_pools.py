"""A pool of real worker processes on free ports, and what a client sees of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from ingressd.routing.difference import TableDifference
from ingressd.settings import ProgramSettings, ProxySettings
from ingressd.workers.messages import Start
from ingressd.workers.pool import WorkerPool
from ingressd.workers.pool_settings import PoolSettings
from tests.support.objects import pem_pair
from tests.support.running_proxy import PATIENCE_SECONDS
from tls.key_pair import KeyPair

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
DEFAULT_CERTIFICATE_NAME = "default.test"


def bound_socket() -> socket.socket:
    """A socket on a free port, on which nobody listens yet."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    return bound


def start_message(
    *,
    proxy: ProxySettings | None = None,
    access_log: bool = False,
    report_seconds: float = 1.0,
    programs: ProgramSettings | None = None,
) -> Start:
    return Start(
        proxy=proxy or ProxySettings(),
        default_certificate=KeyPair.from_pem(*pem_pair(DEFAULT_CERTIFICATE_NAME)),
        access_log=access_log,
        report_seconds=report_seconds,
        programs=programs or ProgramSettings(),
    )


class ServingPool:
    """A started pool, and the ports that it serves on."""

    def __init__(self, pool: WorkerPool, http_port: int, https_port: int) -> None:
        self.pool = pool
        self.http_port = http_port
        self.https_port = https_port

    @property
    def serving_pids(self) -> set[int]:
        """The processes that accept connections."""
        return {worker.pid for worker in self.pool.status().workers if worker.serving and not worker.retiring}

    @property
    def pids(self) -> set[int]:
        return {worker.pid for worker in self.pool.status().workers}

    async def until(self, look: Callable[[], bool]) -> None:
        """Wait for an outcome; only a test that fails waits for long."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not look():
                await asyncio.sleep(0.01)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.http_port)

    async def connect_tls(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect with TLS, and believe any certificate."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return await asyncio.open_connection("127.0.0.1", self.https_port, ssl=context, server_hostname="a")

    async def status_of_a_request(self) -> int:
        """Send one request on a connection of its own; raises OSError or IncompleteReadError when it is lost."""
        reader, writer = await self.connect()
        try:
            writer.write(GET)
            return (await read_answer(reader)).status
        finally:
            writer.close()


class ShortAnswer:
    def __init__(self, head: bytes, body: bytes) -> None:
        self.status = int(head.split(b" ", 2)[1])
        self.body = body
        self.closes = b"connection: close" in head.lower()


async def read_answer(reader: asyncio.StreamReader) -> ShortAnswer:
    """Read one answer that says how long it is."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    return ShortAnswer(head, await reader.readexactly(length))


@asynccontextmanager
async def running_pool(
    *differences: TableDifference,
    settings: PoolSettings | None = None,
    start: Start | None = None,
    command: Sequence[str] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[ServingPool]:
    """Start a pool, by default of two workers, and wait until all serve from these differences, if there are any."""
    http, https = bound_socket(), bound_socket()
    ports = http.getsockname()[1], https.getsockname()[1]
    pool = WorkerPool(
        start or start_message(),
        settings or PoolSettings(workers=2),
        http=http,
        https=https,
        command=command,
        clock=clock,
    )
    pool.start()
    try:
        for difference in differences:
            pool.publish(difference)
        if differences:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await pool.applied(len(differences))
        yield ServingPool(pool, *ports)
    finally:
        await pool.close()

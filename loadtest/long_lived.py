"""Many clients that stay: event streams that must not lose an event, and WebSocket messages that must not change.

    python -m loadtest.long_lived [--clients 1000] [--events 10] [--messages 200] [--record]

The backend sends each client an event a second. All clients connect at once, receive, and close at once; then the
drill waits until the backend has seen every close. The WebSocket messages are 1 MiB each, through one connection,
one after the other.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop

from loadtest.support.backend_process import backend
from loadtest.support.figure import Figure
from loadtest.support.manifests import host, service, write_applications
from loadtest.support.proxy_process import ProxyProcess, serving
from loadtest.support.report import Drill, drill_options
from loadtest.support.resident_memory import MIB, MemoryWatch, resident_bytes

CLOSED_LIMIT_SECONDS = 2.0
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.005
DIFFERENT_MESSAGES = 8
HEADERS = {"Host": host(0)}


def main(arguments: list[str]) -> int:
    options = drill_options("Event streams and WebSockets through ingressd.")
    options.add_argument("--clients", type=int, default=1000, help="event streams at one time (default 1000)")
    options.add_argument("--events", type=int, default=10, help="events that each one waits for (default 10)")
    options.add_argument("--messages", type=int, default=200, help="WebSocket messages of 1 MiB (default 200)")
    given = options.parse_args(arguments)
    allow_open_files()
    drill = Drill("long_lived", "Long-lived connections: event streams and WebSockets", given, arguments)
    with tempfile.TemporaryDirectory() as temporary, backend("streaming_backend") as port:
        folder = Path(temporary)
        write_applications(folder / "manifests", 1)
        with serving(folder / "manifests", folder, mappings={service(0): port}, host=host(0)) as proxy:
            figures = uvloop.run(measure_streams(proxy, port, clients=given.clients, events=given.events))
            figures += uvloop.run(measure_messages(proxy, port, given.messages))
        figures.append(proxy.error_figure())
    return drill.finish(
        figures,
        [
            "Connected: from the first client's start until the last one has its first event, with all clients in "
            "one process.",
            "Memory for each client is the growth of the proxy's resident memory over the number of clients: both "
            "of its connections, the client's and the backend's.",
        ],
    )


def allow_open_files() -> None:
    """Ask for what the system gives at most: the proxy, which inherits it, has two sockets for each client."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class EventClient:
    """One client. ``events`` is how many came, and ``in_order`` whether they were 0, 1, 2 and so on."""

    def __init__(self) -> None:
        self.events = 0
        self.in_order = True
        self.failure = ""

    async def receive(self, session: aiohttp.ClientSession, url: str) -> None:
        """Read until the stream ends, which it should not, or until cancelled, which closes the connection."""
        try:
            async with session.get(url, headers=HEADERS) as answer:
                if answer.status != 200:
                    self.failure = f"the answer is {answer.status}"
                    return
                async for line in answer.content:
                    if line.startswith(b"id: "):
                        self.in_order = self.in_order and int(line[4:]) == self.events
                        self.events += 1
            self.failure = "the stream ended"
        except (aiohttp.ClientError, OSError) as error:
            self.failure = f"{type(error).__name__}: {error}"


async def measure_streams(proxy: ProxyProcess, backend_port: int, *, clients: int, events: int) -> list[Figure]:
    readers = [EventClient() for _ in range(clients)]
    before = resident_bytes(proxy.pid)
    unlimited = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=unlimited, timeout=aiohttp.ClientTimeout(total=None)) as session,
        asyncio.TaskGroup() as group,
    ):
        url = f"http://127.0.0.1:{proxy.port}/events"
        begin = time.perf_counter()
        tasks = [group.create_task(reader.receive(session, url)) for reader in readers]
        await reach(readers, 1)
        connected = time.perf_counter() - begin
        await reach(readers, events)
        during = resident_bytes(proxy.pid)
        begin = time.perf_counter()
        for task in tasks:
            task.cancel()
        left = await wait_for_closes(backend_port)
        closed = time.perf_counter() - begin
    complete = sum(reader.events >= events and reader.in_order for reader in readers)
    for failure in sorted({reader.failure for reader in readers if reader.failure}):
        print(f"event streams that failed: {failure}", file=sys.stderr)
    return [
        Figure(
            name=f"event streams with all of {events} events in order",
            value=complete,
            unit="clients",
            at_least=clients,
        ),
        Figure(name="event streams: all connected after", value=connected, unit="s"),
        Figure(name="event streams: memory for each client", value=(during - before) / 1024 / clients, unit="KiB"),
        Figure(
            name="event streams: backend sees all closes after", value=closed, unit="s", at_most=CLOSED_LIMIT_SECONDS
        ),
        Figure(name="event streams: left open at the backend", value=left, unit="streams", at_most=0),
    ]


async def reach(readers: list[EventClient], events: int) -> None:
    """Wait until every client has that many events or has failed, or patience ends; the figures tell which."""
    deadline = time.monotonic() + PATIENCE_SECONDS + events
    while time.monotonic() < deadline:
        if all(reader.events >= events or reader.failure for reader in readers):
            return
        await asyncio.sleep(POLL_SECONDS)


async def wait_for_closes(backend_port: int) -> int:
    """Return how many streams the backend still has open when none is left, or when patience ends."""
    left = 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            async with session.get(f"http://127.0.0.1:{backend_port}/open") as answer:
                left = int(await answer.text())
            if not left:
                break
            await asyncio.sleep(POLL_SECONDS)
    return left


async def measure_messages(proxy: ProxyProcess, backend_port: int, messages: int) -> list[Figure]:
    with MemoryWatch(proxy.pid) as memory:
        seconds, exact = await echo(proxy.port, messages)
    direct_seconds, _ = await echo(backend_port, messages)
    return [
        Figure(name="WebSocket: messages that came back the same", value=exact, unit="messages", at_least=messages),
        Figure(name="WebSocket: through the proxy", value=messages / seconds, unit="MiB/s"),
        Figure(name="WebSocket: straight to the backend", value=messages / direct_seconds, unit="MiB/s"),
        Figure(name="WebSocket: ratio", value=direct_seconds / seconds, unit="of direct"),
        Figure(name="WebSocket: growth of memory", value=memory.growth / MIB, unit="MiB"),
    ]


async def echo(port: int, messages: int) -> tuple[float, int]:
    """Return the seconds for all messages there and back, and how many came back byte for byte."""
    source = random.Random(20261120)
    different = [source.randbytes(MIB) for _ in range(DIFFERENT_MESSAGES)]
    exact = 0
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}/echo", headers=HEADERS, max_msg_size=0) as socket,
    ):
        begin = time.perf_counter()
        for number in range(messages):
            sent = different[number % DIFFERENT_MESSAGES]
            await socket.send_bytes(sent)
            exact += await socket.receive_bytes(timeout=PATIENCE_SECONDS) == sent
        return time.perf_counter() - begin, exact


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

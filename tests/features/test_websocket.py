"""WebSockets (RFC 6455) through the proxy, between a client and a server that know nothing of it.

The client is the one for asyncio: the one for threads reads and writes a TLS connection in two of them at once, and
nothing keeps them apart inside (python/cpython#151508). One handshake in a thousand then hangs, with any server.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Origin, Subprotocol

from tests.support.manifests import ingress, path, rule
from tests.support.running import RunningDev, serving
from tests.support.running_proxy import PATIENCE_SECONDS
from tests.support.web_client import trusting

HOST = "chat.test"
MEBIBYTE = 1 << 20
CHAT = Subprotocol("chat.v2")


def echo(connection: ServerConnection) -> None:
    """Sends back what comes; a text ``about`` gets the path and the Origin, ``leave`` ends it with 4000."""
    request = connection.request
    assert request is not None
    for message in connection:
        if message == "about":
            connection.send(f"{request.path} {request.headers.get('Origin')} {request.headers['Host']}")
        elif message == "leave":
            connection.close(4000, "as you wish")
        else:
            connection.send(message)


@contextmanager
def echo_server() -> Iterator[Server]:
    with serve(echo, "127.0.0.1", 0, subprotocols=[CHAT], max_size=4 * MEBIBYTE) as server:
        thread = threading.Thread(target=server.serve_forever, name="websocket server")
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory, lane_flag: tuple[str, str]) -> Iterator[RunningDev]:
    with echo_server() as server:
        port = server.socket.getsockname()[1]
        with serving(
            tmp_path_factory.mktemp("websocket"),
            ingress("chat", rule(HOST, path("/chat", "chat"), path("/gone", "gone"))),
            arguments=[*lane_flag, "--map", f"chat={port}"],
        ) as running:
            yield running


@asynccontextmanager
async def client(
    dev: RunningDev, scheme: str, asked: str = "/chat", *, origin: Origin | None = None
) -> AsyncIterator[ClientConnection]:
    port = dev.https_port if scheme == "wss" else dev.http_port
    async with connect(
        f"{scheme}://{HOST}{asked}",
        sock=socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS),
        ssl=trusting(dev.authority_file.read_bytes()) if scheme == "wss" else None,
        max_size=4 * MEBIBYTE,
        open_timeout=PATIENCE_SECONDS,
        subprotocols=[CHAT],
        origin=origin,
    ) as connection:
        yield connection


async def received(connection: ClientConnection) -> str | bytes:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await connection.recv()


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_messages_go_both_ways(dev: RunningDev, scheme: str) -> None:
    async with client(dev, scheme) as connection:
        for number in range(50):
            await connection.send(f"message {number}")
        assert [await received(connection) for _ in range(50)] == [f"message {number}" for number in range(50)]


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_large_messages_arrive_whole(dev: RunningDev, scheme: str) -> None:
    binary = bytes(range(256)) * (MEBIBYTE // 256)
    text = "käse" * (MEBIBYTE // 5)
    async with client(dev, scheme) as connection:
        for message in (binary, text, binary):
            await connection.send(message)
            assert await received(connection) == message


async def test_a_message_in_fragments_arrives(dev: RunningDev) -> None:
    async with client(dev, "ws") as connection:
        await connection.send(["one ", "two ", "three"])
        assert await received(connection) == "one two three"


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_ping_is_answered_by_the_other_end(dev: RunningDev, scheme: str) -> None:
    async with client(dev, scheme) as connection:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await (await connection.ping())


async def test_the_handshake_reaches_the_server_as_it_was(dev: RunningDev) -> None:
    async with client(dev, "ws", "/chat/room?name=a%20b", origin=Origin("http://chat.test")) as connection:
        assert connection.subprotocol == CHAT
        await connection.send("about")
        assert await received(connection) == "/chat/room?name=a%20b http://chat.test chat.test"


async def test_the_server_may_end_it_with_a_code(dev: RunningDev) -> None:
    async with client(dev, "ws") as connection:
        await connection.send("leave")
        with pytest.raises(ConnectionClosedError) as closed:
            await received(connection)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "as you wish")


async def test_the_client_may_end_it(dev: RunningDev) -> None:
    async with client(dev, "ws") as connection:
        await connection.close()
        with pytest.raises(ConnectionClosedOK):
            await connection.send("too late")


async def test_many_at_one_time_are_kept_apart(dev: RunningDev) -> None:
    async with client(dev, "ws") as first, client(dev, "wss") as second, client(dev, "ws") as third:
        for name, connection in (("first", first), ("second", second), ("third", third)):
            await connection.send(name)
        messages = [await received(connection) for connection in (third, second, first)]
    assert messages == ["third", "second", "first"]


async def test_a_handshake_that_cannot_be_forwarded_gets_an_ordinary_answer(dev: RunningDev) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with client(dev, "ws", "/gone"):
            pass
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["X-Ingressd-Reason"] == "no_service"


async def test_it_is_one_line_once_it_has_ended(dev: RunningDev) -> None:
    async with client(dev, "ws", "/chat/logged") as connection:
        await connection.send("hello")
        assert await received(connection) == "hello"
    dev.output.wait_for(r"^GET +http://chat\.test/chat/logged 101 upgraded default/chat#0/0 → chat:80")

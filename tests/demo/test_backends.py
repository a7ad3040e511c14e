"""The servers of the example, over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from ingressd.demo.backends import running_backends
from ingressd.demo.pods import Pod

ONE = Pod("shop", "cart", "cart-1", "http")
TWO = Pod("shop", "cart", "cart-2", "http")


@pytest_asyncio.fixture
async def one() -> AsyncIterator[str]:
    async with running_backends([ONE]) as ports:
        yield f"http://127.0.0.1:{ports[ONE]}"


@pytest_asyncio.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_json_says_who_answered_and_what_came(one: str, client: aiohttp.ClientSession) -> None:
    async with client.post(f"{one}/a%2Fb?c=1", data=b"12345", headers={"X-Forwarded-For": "10.0.0.1"}) as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        seen = await response.json()
    headers = dict(seen.pop("headers"))
    assert seen == {
        "namespace": "shop",
        "service": "cart",
        "pod": "cart-1",
        "method": "POST",
        "path": "/a%2Fb?c=1",
        "protocol": "HTTP/1.1",
        "body_bytes": 5,
    }
    assert headers["X-Forwarded-For"] == "10.0.0.1"


async def test_a_browser_gets_a_page(one: str, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{one}/", headers={"Accept": "text/html,*/*;q=0.8"}) as response:
        assert response.content_type == "text/html"
        assert "<h1>cart</h1>" in await response.text()


async def test_methods_without_a_body(one: str, client: aiohttp.ClientSession) -> None:
    async with client.head(f"{one}/x") as response:
        assert response.status == 200
        assert await response.read() == b""


@pytest.mark.parametrize("path", ["/events", "/deep/er/events"])
async def test_events_flow(one: str, client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(f"{one}{path}") as response:
        assert response.content_type == "text/event-stream"
        assert await response.content.readline() == b"id: 0\n"
        data = (await response.content.readline()).removeprefix(b"data: ")
        assert json.loads(data) == {"pod": "cart-1", "number": 0}


async def test_a_web_socket_echoes(one: str, client: aiohttp.ClientSession) -> None:
    async with client.ws_connect(f"{one}/ws") as socket:
        assert await socket.receive_str() == "hello from cart-1; what you send comes back"
        await socket.send_str("text")
        assert await socket.receive_str() == "text"
        await socket.send_bytes(b"\x00\xff")
        assert await socket.receive_bytes() == b"\x00\xff"


async def test_the_web_socket_path_answers_plain_requests(one: str, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{one}/ws") as response:
        assert (await response.json())["pod"] == "cart-1"


async def test_each_pod_has_a_port_of_its_own_and_frees_it(client: aiohttp.ClientSession) -> None:
    async with running_backends([ONE, TWO]) as ports:
        assert set(ports) == {ONE, TWO}
        assert len(set(ports.values())) == 2
        async with client.get(f"http://127.0.0.1:{ports[TWO]}/") as response:
            assert (await response.json())["pod"] == "cart-2"
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get(f"http://127.0.0.1:{ports[ONE]}/")


async def test_an_open_event_stream_does_not_keep_the_backends(client: aiohttp.ClientSession) -> None:
    async with running_backends([ONE]) as ports:
        response = await client.get(f"http://127.0.0.1:{ports[ONE]}/events")
        await response.content.readline()
    with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError)):
        await response.read()

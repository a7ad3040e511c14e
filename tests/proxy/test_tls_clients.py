"""What is different for a client that speaks TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from ingressd.policies.program import Program
from ingressd.proxy.programs import Programs
from ingressd.routing.upstream import Unavailable
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import OK, read_message, recording_upstream
from tests.tls.loops import until
from tests.tls.sites import Client, Site
from tls.authority import LocalAuthority

pytestmark = pytest.mark.usefixtures("each_lane")

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
LARGE = bytes(range(256)) * (1 << 14)


@pytest.fixture(scope="module")
def authority() -> LocalAuthority:
    return LocalAuthority.ephemeral()


@pytest.fixture
def site(authority: LocalAuthority) -> Site:
    return Site(authority)


class TlsUpstream:
    """Answers the first request of each connection when it is told to."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        self.asked.set()
        await self.may_answer.wait()
        writer.write(self._answer)
        await writer.drain()


@asynccontextmanager
async def connected(site: Site, script: TlsUpstream | None = None) -> AsyncIterator[Client]:
    """A client of a proxy in front of ``script``, or of an upstream that answers everything."""
    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as running:
        running.proxy.listen_https(site.listener, site.choose, site.failures.append)
        async with Client(site, "a.test") as client:
            yield client


async def test_requests_share_a_connection(site: Site) -> None:
    async with connected(site) as client:
        await client.send(GET)
        await client.receive(len(OK))
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200 OK\r\n" in await client.read_to_end()


@pytest.mark.parametrize(
    ("first", "ticket_comes"),
    [
        (GET, False),
        (b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nwhol", False),
        (b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\npar", True),
        (GET[:-2], True),
        (b"", True),
    ],
)
async def test_a_session_ticket_waits_for_the_answer_to_a_whole_request(
    site: Site, first: bytes, ticket_comes: bool
) -> None:
    upstream = TlsUpstream(OK)
    async with recording_upstream(upstream) as recording, serving(table_for([recording.endpoint])) as running:
        running.proxy.listen_https(site.listener, site.choose, site.failures.append)
        async with Client(site, "a.test", first=first) as client:
            assert bool(await client.unread()) is ticket_comes
            upstream.may_answer.set()


@pytest.mark.parametrize("fin", [False, True])
async def test_a_client_that_has_ended_its_half_gets_its_answer(site: Site, fin: bool) -> None:
    upstream = TlsUpstream(OK)
    async with connected(site, upstream) as client:
        await client.send(GET)
        await client.send_close_notify()
        if fin:
            client.send_fin()
        await upstream.asked.wait()
        # The proxy has seen the end before there is an answer.
        await asyncio.sleep(0.05)
        upstream.may_answer.set()
        answer = parse_answer(await client.read_to_end())
        assert (answer.status, answer.body) == (200, b"ok")


async def test_a_client_that_ends_without_close_notify_is_gone(site: Site) -> None:
    upstream = TlsUpstream(OK)
    async with connected(site, upstream) as client:
        await client.send(GET)
        await upstream.asked.wait()
        client.send_fin()
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            await client.read_to_end()


async def test_a_large_answer_arrives_whole_and_ends_with_close_notify(site: Site) -> None:
    upstream = TlsUpstream(b"HTTP/1.1 200 OK\r\n\r\n" + LARGE)
    upstream.may_answer.set()
    async with connected(site, upstream) as client:
        await client.send(b"GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
        answer = parse_answer(await client.read_to_end())
        assert answer.body == LARGE


async def test_a_handler_sends_a_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(LARGE)

    async def large(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(tmp_path / "large")

    table = table_for([], unavailable=Unavailable.NO_SERVICE, program=Program((), "large"))
    async with serving(table, programs=Programs((), {}, {"large": large})) as running:
        running.proxy.listen_https(site.listener, site.choose, site.failures.append)
        async with Client(site, "a.test") as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
            answer = parse_answer(await client.read_to_end())
            assert answer.body == LARGE


async def test_a_large_request_arrives_whole(site: Site) -> None:
    async with connected(site) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
        assert parse_answer(await client.receive(len(OK))).status == 200


@pytest.mark.parametrize("fin", [False, True])
async def test_a_large_request_to_a_slow_endpoint_arrives_whole_though_the_client_ends_its_half(
    site: Site, fin: bool
) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        _, body = await read_message(reader)
        assert body == LARGE
        writer.write(OK)

    async with recording_upstream(slow) as upstream, serving(table_for([upstream.endpoint])) as running:
        running.proxy.listen_https(site.listener, site.choose, site.failures.append)
        async with Client(site, "a.test") as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
            await client.send_close_notify()
            if fin:
                client.send_fin()
            assert parse_answer(await client.read_to_end()).status == 200


async def test_a_refused_client_reads_why_although_it_goes_on_sending(site: Site) -> None:
    async with connected(site) as client:
        await client.send(b"GET / HTTP/1.1\r\nHost : a.test\r\n\r\n" + b"x" * 100_000)
        assert parse_answer(await client.read_to_end()).status == 400


async def test_closing_the_proxy_closes_connections_in_order(site: Site) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as running:
        running.proxy.listen_https(site.listener, site.choose, site.failures.append)
        async with Client(site, "a.test") as client:
            await until(lambda: running.proxy.open_connections == 1)
            await running.proxy.close(5)
            assert await client.read_to_end() == b""

"""A proxy on a real socket, and a client that sends raw bytes to it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from ingressd.policies.program import Program
from ingressd.policies.timeouts import Timeouts
from ingressd.proxy.answers import Hints
from ingressd.proxy.forwarding import Network
from ingressd.proxy.programs import Programs
from ingressd.proxy.proxy import Proxy
from ingressd.routing.difference import TableDifference
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.table import RoutingTable
from ingressd.routing.upstream import Unavailable, Upstream, upstream_key
from ingressd.routing.virtual_host import VirtualHost
from ingressd.settings import LaneName, ProxySettings
from ingressd.telemetry.record import ExchangeRecord

SERVED_LANE = LaneName.RELAY
"""The fixture ``each_lane`` replaces it: a test under it runs once through each lane."""

KEY = upstream_key("shop", "web", 80)


class ServingProxy:
    """``records`` are the exchanges that have ended."""

    def __init__(self, proxy: Proxy, port: int, records: list[ExchangeRecord]) -> None:
        self.proxy = proxy
        self.port = port
        self.records = records

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=2**26)

    async def send(self, *pieces: bytes, half_close: bool = True) -> bytes:
        """Send the pieces, each in a segment of its own, and return everything until the proxy closes."""
        reader, writer = await self.connect()
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                if len(pieces) > 1:
                    await asyncio.sleep(0)
            if half_close:
                writer.write_eof()
            async with asyncio.timeout(20):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


def table_for(
    endpoints: Sequence[Endpoint],
    *,
    unavailable: Unavailable | None = None,
    timeouts: Timeouts | None = None,
    denied: str = "",
    program: Program | None = None,
) -> TableDifference:
    """Everything under ``/`` of any host goes to these endpoints."""
    route = Route(
        origin=RouteOrigin("shop", "web", 0, 0),
        host="",
        kind=PathKind.PREFIX,
        path="/",
        upstream=None if program is not None and program.handler else KEY,
        service="web",
        service_port="80",
        timeouts=timeouts,
        denied=denied,
        program=program,
    )
    upstream = Upstream(
        key=KEY, namespace="shop", service="web", port="80", endpoints=tuple(endpoints), unavailable=unavailable
    )
    return TableDifference(
        hosts={"": VirtualHost(host="", paths=PathTrie([route]))},
        upstreams={KEY: upstream},
    )


@asynccontextmanager
async def serving(
    table: TableDifference,
    settings: ProxySettings | None = None,
    *,
    lane: LaneName | None = None,
    trusted_proxies: Sequence[Network] = (),
    hints: Hints | None = None,
    programs: Programs | None = None,
) -> AsyncIterator[ServingProxy]:
    records: list[ExchangeRecord] = []
    proxy = Proxy(
        RoutingTable(),
        settings or ProxySettings(),
        lane=lane or SERVED_LANE,
        trusted_proxies=trusted_proxies,
        hints=hints,
        observers=(records.append,),
        programs=programs,
    )
    proxy.apply(table)
    listening = socket.create_server(("127.0.0.1", 0))
    await proxy.listen_http(listening)
    try:
        yield ServingProxy(proxy, listening.getsockname()[1], records)
    finally:
        await proxy.close(0.2)


class Answer(msgspec.Struct, frozen=True):
    status: int
    fields: dict[str, str]
    body: bytes


def parse_answer(data: bytes) -> Answer:
    """Parse the one answer in ``data``, whose body lasts until the end; chunked bodies are joined."""
    head, _, body = data.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if fields.get("transfer-encoding") == "chunked":
        joined = b""
        while True:
            size, _, body = body.partition(b"\r\n")
            if int(size, 16) == 0:
                break
            joined += body[: int(size, 16)]
            body = body[int(size, 16) + 2 :]
        body = joined
    return Answer(int(status_line.split()[1]), fields, body)

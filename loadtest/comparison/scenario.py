"""What is measured, as a table."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial

import msgspec

from loadtest.comparison import loads
from loadtest.comparison.request_fields import HEADERS
from loadtest.comparison.site import BODIES_PATH, HOST, RSA_HOST, Site

REQUESTS = "requests/s"
TRANSFER = "MiB/s"
ROUTES = 1000
_CLOSE = (("Connection", "close"),)
_UPLOAD = BODIES_PATH + "/upload"


class Setup(StrEnum):
    """How the proxies are started for it."""

    PLAIN = "plain"
    ROUTES = "routes"
    LOGGED = "logged"


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """``load`` gives the command for a site and whole seconds. ``mebibytes``: each operation moves so many, which makes
    it a transfer. ``at_least``: what ingressd is to reach, as a part of nginx; ``aiohttp_at_least`` for that lane.
    """

    name: str
    title: str
    load: Callable[[Site, int], tuple[str, ...]]
    setup: Setup = Setup.PLAIN
    mebibytes: int = 0
    at_least: float | None = None
    aiohttp_at_least: float | None = None

    @property
    def unit(self) -> str:
        return TRANSFER if self.mebibytes else REQUESTS


SCENARIOS = (
    Scenario(
        name="get-3",
        title="small GET, 3 header fields",
        load=partial(loads.wrk, fields=HEADERS[3]),
        at_least=0.9,
        aiohttp_at_least=0.25,
    ),
    Scenario(
        name="get-12",
        title="small GET, 12 header fields",
        load=partial(loads.wrk, fields=HEADERS[12]),
        at_least=0.9,
        aiohttp_at_least=0.25,
    ),
    Scenario(
        name="new-connections",
        title="a new connection for each GET",
        load=partial(loads.wrk, fields=HEADERS[3] + _CLOSE),
        at_least=0.7,
    ),
    Scenario(
        name="tls",
        title="small GET over TLS",
        load=partial(loads.wrk, fields=HEADERS[3], tls=True),
        at_least=0.8,
    ),
    Scenario(
        name="handshakes-ecdsa",
        title="full handshakes, ECDSA P-256",
        load=partial(loads.handshakes, host=HOST),
        at_least=0.8,
    ),
    Scenario(
        name="handshakes-rsa",
        title="full handshakes, RSA-2048",
        load=partial(loads.handshakes, host=RSA_HOST),
        at_least=0.8,
    ),
    Scenario(
        name="post",
        title="POST of 1 KiB",
        load=partial(loads.wrk, fields=HEADERS[3], method="POST", path=_UPLOAD, body_bytes=1024),
        at_least=0.9,
    ),
    Scenario(
        name="download-1",
        title="download of 1 MiB",
        load=partial(loads.wrk, path="/files/1MiB", connections=16),
        mebibytes=1,
        at_least=0.9,
    ),
    Scenario(
        name="download-100",
        title="download of 100 MiB",
        load=partial(loads.transfers, upload=False, mebibytes=100),
        mebibytes=100,
    ),
    Scenario(
        name="upload-1",
        title="upload of 1 MiB",
        load=partial(loads.wrk, method="POST", path=_UPLOAD, body_bytes=1 << 20, connections=16),
        mebibytes=1,
        at_least=0.9,
    ),
    Scenario(
        name="upload-100",
        title="upload of 100 MiB",
        load=partial(loads.transfers, upload=True, mebibytes=100),
        mebibytes=100,
    ),
    Scenario(name="websocket", title="WebSocket echo, 64 bytes", load=loads.echoes),
    Scenario(
        name="routes",
        title=f"small GET, {ROUTES:,} hosts in turn",
        load=partial(loads.wrk, hosts=ROUTES, fields=HEADERS[3]),
        setup=Setup.ROUTES,
    ),
    Scenario(
        name="get-3-logged",
        title="small GET, 3 header fields, access log on",
        load=partial(loads.wrk, fields=HEADERS[3]),
        setup=Setup.LOGGED,
    ),
    Scenario(
        name="get-12-logged",
        title="small GET, 12 header fields, access log on",
        load=partial(loads.wrk, fields=HEADERS[12]),
        setup=Setup.LOGGED,
    ),
)

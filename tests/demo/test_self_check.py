"""The check that the example makes of itself."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import trustme
from aiohttp import web

from ingressd.demo.backends import backend_application, running_backends
from ingressd.demo.pods import Pod
from ingressd.demo.self_check import Probe, judge, run_probe

POD = Pod("shop", "storefront", "storefront-1", "http")


def probe(port: int, **changes: str) -> Probe:
    fields = {"scheme": "http", "host": "shop.localhost", "path": "/", "address": "127.0.0.1", "service": "storefront"}
    return Probe(**{**fields, **changes}, port=port)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest_asyncio.fixture
async def https_port(authority: trustme.CA) -> AsyncIterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("shop.localhost").configure_cert(context)
    runner = web.AppRunner(backend_application(POD))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def test_http() -> None:
    async with running_backends([POD]) as ports:
        result = await run_probe(probe(ports[POD]), b"")
    assert (result.status, result.pod, result.fault) == (200, "storefront-1", "")


async def test_verified_https(https_port: int, authority: trustme.CA) -> None:
    result = await run_probe(probe(https_port, scheme="https"), authority.cert_pem.bytes())
    assert (result.status, result.pod, result.fault) == (200, "storefront-1", "")


async def test_a_certificate_of_another_authority_is_a_fault(https_port: int) -> None:
    result = await run_probe(probe(https_port, scheme="https"), trustme.CA().cert_pem.bytes())
    assert "certificate verify failed" in result.fault


async def test_a_certificate_of_another_name_is_a_fault(https_port: int, authority: trustme.CA) -> None:
    result = await run_probe(probe(https_port, scheme="https", host="blog.localhost"), authority.cert_pem.bytes())
    assert "blog.localhost" in result.fault


async def test_nobody_listening_is_a_fault() -> None:
    async with running_backends([POD]) as ports:
        port = ports[POD]
    result = await run_probe(probe(port), b"")
    assert result.fault
    assert result.status == 0


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (200, {"service": "storefront", "pod": "p"}, ""),
        (200, {"service": "cart", "pod": "p"}, "Service cart answered instead of storefront"),
        (500, {"service": "storefront", "pod": "p"}, "status 500 instead of 200"),
        (503, {"reason": "no_endpoints"}, "status 503, and not an answer of a demo pod"),
        (200, ["list"], "status 200, and not an answer of a demo pod"),
    ],
)
def test_judge(status: int, body: object, fault: str) -> None:
    assert judge(probe(80), status, json.dumps(body).encode(), 0.1).fault == fault


def test_judge_of_no_json() -> None:
    assert judge(probe(80), 200, b"<html>", 0.1).fault == "status 200, and not an answer of a demo pod"


def test_the_url_of_a_probe() -> None:
    assert probe(8443, scheme="https", path="/cart").url == "https://shop.localhost:8443/cart"

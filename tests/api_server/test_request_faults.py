"""What a request can meet instead of a good answer. These tests are of the fake server only."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress

import aiohttp
import pytest

from tests.support.api_client import ApiClient
from tests.support.api_server import ApiServer
from tests.support.manifests import ingress, path, rule, service

PLACE = "/apis/networking.k8s.io/v1/ingresses"


def fill(server: ApiServer, count: int = 3) -> None:
    for number in range(count):
        server.apply(ingress(f"i{number}", rule(f"h{number}.test", path("/", "web"))))


@pytest.mark.parametrize("code", [401, 403, 404, 409, 410, 429, 500, 503, 504])
async def test_request_fails_as_often_as_asked(server: ApiServer, client: ApiClient, code: int) -> None:
    server.faults.fail(code, verb="list", times=2)
    for _ in range(2):
        reply = await client.get(PLACE)
        assert (reply.status, reply.body["kind"], reply.body["code"]) == (code, "Status", code)
    assert (await client.get(PLACE)).status == 200


async def test_server_says_when_to_come_back(server: ApiServer, client: ApiClient) -> None:
    server.faults.fail(429, retry_after_seconds=7)
    reply = await client.get(PLACE)
    assert (reply.fields["Retry-After"], reply.body["reason"]) == ("7", "TooManyRequests")
    assert reply.body["details"]["retryAfterSeconds"] == 7


async def test_load_balancer_answers_with_a_page(server: ApiServer, client: ApiClient) -> None:
    server.faults.fail(502, html=True)
    reply = await client.get(PLACE)
    assert (reply.status, reply.fields["Content-Type"]) == (502, "text/html")
    assert "502 Bad Gateway" in reply.body


async def test_fault_is_for_requests_that_match(server: ApiServer, client: ApiClient) -> None:
    fill(server)
    server.faults.fail(503, verb="list", resource="ingresses", after=1, times=None)
    assert (await client.get("/api/v1/services")).status == 200
    assert (await client.get(f"{client.everywhere('Ingress')}", limit="1")).status == 200
    assert (await client.get(PLACE)).status == 503
    assert (await client.get(PLACE)).status == 503
    assert (await client.get("/apis/networking.k8s.io/v1/namespaces/default/ingresses/i1")).status == 200
    server.faults.clear()
    assert (await client.get(PLACE)).status == 200


async def test_gone_as_an_http_status_of_a_watch(server: ApiServer, client: ApiClient) -> None:
    server.faults.fail(410, verb="watch")
    reply = await client.get(PLACE, watch="true")
    assert (reply.status, reply.body["reason"]) == (410, "Expired")


async def test_request_without_an_answer(server: ApiServer, client: ApiClient) -> None:
    server.faults.hang(resource="ingresses")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.get(PLACE)
    assert (await client.get(PLACE)).status == 200


@pytest.mark.parametrize("reset", [False, True])
async def test_connection_closes_before_an_answer(server: ApiServer, client: ApiClient, reset: bool) -> None:
    # The client of these tests repeats a GET by itself when a connection that it kept is closed.
    server.faults.refuse(reset=reset, verb="create", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.create(service("a"))
    assert (await client.create(service("a"))).status == 201


async def test_answer_is_cut_in_its_middle(server: ApiServer, client: ApiClient) -> None:
    fill(server)
    server.faults.truncate(100, resource="ingresses")
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.get(PLACE)


async def test_answer_comes_slowly_and_whole(server: ApiServer, client: ApiClient) -> None:
    fill(server)
    server.faults.drip(piece_bytes=200, seconds=0.001, resource="ingresses")
    assert len((await client.get(PLACE)).names) == 3


async def test_something_happens_between_two_pages(server: ApiServer, client: ApiClient) -> None:
    fill(server)
    server.faults.before(server.compact, verb="list", after=1)
    first = await client.get(PLACE, limit="1")
    server.apply(ingress("i0-new", rule("new.test", path("/", "web"))))
    token = first.body["metadata"]["continue"]
    second = await client.get(PLACE, limit="1", **{"continue": token})
    assert (second.status, second.body["reason"]) == (410, "Expired")
    fresh = second.body["metadata"]["continue"]
    rest = await client.get(PLACE, **{"continue": fresh})
    assert rest.names == ["i0-new", "i1", "i2"], "an inconsistent list goes on with what there is now"


async def test_outage_refuses_connections_and_keeps_everything(server: ApiServer, client: ApiClient) -> None:
    fill(server)
    before = await client.get(PLACE)
    async with server.outage():
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(PLACE)
        server.delete("Ingress", "default", "i1")
    after = await client.get(PLACE)
    assert after.names == ["i0", "i2"]
    async with client.watch(PLACE, resourceVersion=before.version) as watch:
        assert (await watch.event()).type == "DELETED", "nothing is lost"


async def test_outage_cuts_what_is_open(server: ApiServer, client: ApiClient) -> None:
    async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
        async with server.outage():
            with pytest.raises(aiohttp.ClientError):
                await watch.line()


async def test_outage_cuts_connections_that_are_being_accepted() -> None:
    """In each turn of the loop between the kernel's connection and the server's protocol."""
    for turns in range(5):
        async with ApiServer() as server:
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.settimeout(10)
                for _ in range(turns):
                    await asyncio.sleep(0)
                await server.stop()
                await asyncio.sleep(0)
                with suppress(ConnectionError):
                    assert client.recv(1) == b""


async def test_outage_cuts_connections_that_shake_hands() -> None:
    trusting_all = ssl.create_default_context()
    trusting_all.check_hostname = False
    trusting_all.verify_mode = ssl.CERT_NONE

    async def connection_ends(port: int) -> None:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting_all)
            await reader.read()
            writer.close()

    async with ApiServer(tls=True) as server:
        for turns in range(10):
            async with asyncio.timeout(10), asyncio.TaskGroup() as group:
                group.create_task(connection_ends(server.port))
                for _ in range(turns):
                    await asyncio.sleep(0)
                await server.stop()
            await server.start()


async def test_restart_in_the_middle_of_a_list(server: ApiServer, client: ApiClient) -> None:
    fill(server)
    server.faults.restart(0.05, verb="list", after=1)
    first = await client.get(PLACE, limit="1")
    token = {"continue": first.body["metadata"]["continue"]}
    with pytest.raises(aiohttp.ClientConnectionError):
        while True:
            await client.get(PLACE, limit="1", **token)
    names: list[str] = []
    async with asyncio.timeout(30):
        while not names:
            with suppress(aiohttp.ClientConnectionError):
                names = (await client.get(PLACE, limit="1", **token)).names
            await asyncio.sleep(0.01)
    assert names == ["i1"], "the token is still good"


async def test_requests_are_remembered(server: ApiServer, client: ApiClient) -> None:
    await client.get(PLACE, limit="1")
    await client.get("/api/v1/namespaces/default/services/web")
    await client.patch("/apis/networking.k8s.io/v1/namespaces/n/ingresses/a/status", {})
    await client.get(PLACE, watch="true", fieldSelector="metadata.name=only", timeoutSeconds="1")
    seen = [(each.verb, each.group, each.whole_resource, each.namespace, each.name) for each in server.requests]
    assert seen == [
        ("list", "networking.k8s.io", "ingresses", "", ""),
        ("get", "", "services", "default", "web"),
        ("patch", "networking.k8s.io", "ingresses/status", "n", "a"),
        ("watch", "networking.k8s.io", "ingresses", "", "only"),
    ]

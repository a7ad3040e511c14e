"""What can happen to an open watch. These tests are of the fake server only."""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec
import pytest

from tests.support.api_client import ApiClient
from tests.support.api_server import ApiServer, Json
from tests.support.manifests import endpoint_slice, ingress, path, rule

PLACE = "/apis/networking.k8s.io/v1/ingresses"
SLICES = "/apis/discovery.k8s.io/v1/endpointslices"


def web(name: str, annotation: str = "") -> Json:
    return ingress(name, rule(f"{name}.test", path("/", "web")), annotations={"note": annotation})


async def test_compaction_expires_versions_of_before(server: ApiServer, client: ApiClient) -> None:
    before = server.resource_version
    server.apply(web("a"))
    server.compact()
    now = server.resource_version
    async with client.watch(PLACE, resourceVersion=before) as watch:
        event = await watch.event()
        assert (event.type, event.object["code"], event.object["reason"]) == ("ERROR", 410, "Expired")
        assert event.object["message"] == f"too old resource version: {before} ({now})"
        await watch.end()
    async with client.watch(PLACE, resourceVersion=now) as watch:
        server.apply(web("b"))
        assert (await watch.event()).name == "b"
    exact = await client.get(PLACE, resourceVersion=before, resourceVersionMatch="Exact")
    assert exact.status == 410


async def test_window_of_events_is_bounded() -> None:
    async with ApiServer(window=10) as server:
        first = server.resource_version
        for number in range(50):
            server.apply(web("a", str(number)))
        async with aiohttp.ClientSession(server.url) as session:
            query = {"watch": "1", "resourceVersion": first}
            async with session.get(PLACE, params=query) as response:
                assert msgspec.json.decode(await response.read())["object"]["code"] == 410


async def test_watches_are_dropped_cleanly(server: ApiServer, client: ApiClient) -> None:
    async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
        async with client.watch(SLICES, resourceVersion=server.resource_version) as other:
            assert (server.open_watches(), server.open_watches("ingresses")) == (2, 1)
            assert server.faults.drop_watches("ingresses") == 1
            await watch.end()
            server.apply(endpoint_slice("s", "web", 80))
            assert (await other.event()).name == "s"


@pytest.mark.parametrize("reset", [False, True])
async def test_watch_is_cut_in_the_middle_of_a_line(server: ApiServer, client: ApiClient, reset: bool) -> None:
    async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
        server.apply(web("a"))
        await watch.event()
        server.faults.cut_watches(reset=reset)
        with pytest.raises(aiohttp.ClientError):
            assert b"\n" not in await watch.line()
            await watch.line()


async def test_watch_expires_in_its_middle(server: ApiServer, client: ApiClient) -> None:
    async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
        server.apply(web("a"))
        server.faults.expire_watches()
        assert (await watch.event()).type == "ADDED"
        event = await watch.event()
        assert (event.type, event.object["code"]) == ("ERROR", 410)
        await watch.end()


async def test_watch_fails_with_another_status(server: ApiServer, client: ApiClient) -> None:
    async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
        server.faults.fail_watches(500)
        assert (await watch.event()).object["code"] == 500
        await watch.end()


async def test_line_that_is_no_event(server: ApiServer, client: ApiClient) -> None:
    async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
        server.faults.garble_watches()
        with pytest.raises(msgspec.DecodeError):
            await watch.event()
        server.apply(web("a"))
        assert (await watch.event()).name == "a"


async def test_event_comes_twice(server: ApiServer, client: ApiClient) -> None:
    async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
        server.apply(web("a"))
        first = await watch.event()
        server.faults.repeat_last_events()
        assert await watch.event() == first


async def test_event_of_more_than_4_mib(server: ApiServer, client: ApiClient) -> None:
    async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
        server.apply(web("a", "x" * (5 << 20)))
        assert len((await watch.event()).object["metadata"]["annotations"]["note"]) == 5 << 20


async def test_watches_end_at_once(server: ApiServer, client: ApiClient) -> None:
    server.faults.end_watches_at_once(times=2)
    for _ in range(2):
        async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
            await watch.end()
    async with client.watch(PLACE) as watch:
        server.apply(web("a"))
        assert (await watch.event()).name == "a"


async def test_silent_watch_says_nothing_until_it_speaks_again(server: ApiServer, client: ApiClient) -> None:
    version = server.resource_version
    async with client.watch(PLACE, resourceVersion=version, timeoutSeconds="60") as old:
        server.faults.silence_watches("ingresses")
        async with client.watch(PLACE, resourceVersion=version) as new:
            server.apply(web("a"))
            for watch in (old, new):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await watch.line()
            server.faults.unsilence_watches()
            assert (await old.event()).name == (await new.event()).name == "a"


async def test_watch_comes_slowly(server: ApiServer, client: ApiClient) -> None:
    server.faults.drip(piece_bytes=100, seconds=0.001, verb="watch")
    async with client.watch(PLACE, resourceVersion=server.resource_version) as watch:
        server.apply(web("a"))
        assert (await watch.event()).name == "a"


async def test_bookmarks_are_for_those_who_ask(server: ApiServer, client: ApiClient) -> None:
    version = server.resource_version
    async with client.watch(PLACE, resourceVersion=version, allowWatchBookmarks="true") as asking:
        async with client.watch(PLACE, resourceVersion=version) as other:
            server.apply(endpoint_slice("s", "web", 80))
            server.faults.send_bookmarks()
            bookmark = await asking.event()
            assert (bookmark.type, bookmark.version) == ("BOOKMARK", server.resource_version)
            assert bookmark.object["kind"] == "Ingress"
            server.apply(web("a"))
            assert (await other.event()).type == "ADDED"


async def test_bookmarks_come_by_themselves() -> None:
    async with ApiServer(bookmark_seconds=0.02) as server, aiohttp.ClientSession(server.url) as session:
        query = {"watch": "1", "allowWatchBookmarks": "1", "resourceVersion": server.resource_version}
        async with session.get(PLACE, params=query) as response:
            for _ in range(2):
                assert msgspec.json.decode(await response.content.readline())["type"] == "BOOKMARK"


async def test_events_of_a_kind_lag(server: ApiServer, client: ApiClient) -> None:
    server.faults.delay_events("endpointslices", 0.05)
    async with client.watch(SLICES, resourceVersion=server.resource_version) as watch:
        for name in ("a", "b"):
            server.apply(endpoint_slice(name, "web", 80))
        assert [(await watch.event()).name for _ in range(2)] == ["a", "b"]


async def test_what_lags_is_in_no_bookmark_but_in_lists(server: ApiServer, client: ApiClient) -> None:
    version = server.resource_version
    server.faults.delay_events("endpointslices", 3600)
    async with (
        client.watch(SLICES, resourceVersion=version, allowWatchBookmarks="true") as slices,
        client.watch(PLACE, resourceVersion=version) as ingresses,
    ):
        server.apply(endpoint_slice("s", "web", 80))
        server.apply(web("a"))
        server.faults.send_bookmarks("endpointslices")
        assert (await ingresses.event()).name == "a"
        bookmark = await slices.event()
        assert (bookmark.type, bookmark.version) == ("BOOKMARK", version)
    assert (await client.get(SLICES)).names == ["s"]


async def test_watch_of_a_client_that_leaves_is_closed(server: ApiServer, client: ApiClient) -> None:
    async with client.watch(PLACE, resourceVersion=server.resource_version):
        assert server.open_watches() == 1
    async with asyncio.timeout(30):
        while server.open_watches():
            await asyncio.sleep(0.01)


async def test_silent_watch_does_not_end_when_its_time_is_up(server: ApiServer, client: ApiClient) -> None:
    query = {"resourceVersion": server.resource_version, "timeoutSeconds": "1"}
    server.faults.silence_watches()
    async with client.watch(PLACE, **query) as watch:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.2):
                await watch.line()
        server.faults.unsilence_watches()
        await watch.end()

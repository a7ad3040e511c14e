"""Watches: where they start, what they say, and how they end."""

from __future__ import annotations

from tests.support.api_client import ApiClient
from tests.support.api_server import Json
from tests.support.manifests import ingress, path, rule

END_OF_INITIAL_EVENTS = "k8s.io/initial-events-end"


def web(name: str) -> Json:
    return ingress(name, rule(f"{name}.test", path("/", "web")))


async def test_watch_tells_every_change_after_its_version_in_order(api: ApiClient) -> None:
    created = await api.created(web("a"))
    changed = await api.patch(api.path("Ingress", "a"), {"metadata": {"annotations": {"n": "1"}}})
    async with api.watch(api.path("Ingress"), resourceVersion=created["metadata"]["resourceVersion"]) as watch:
        assert watch.status == 200
        await api.created(web("b"))
        await api.delete(api.path("Ingress", "a"))
        events = [await watch.event() for _ in range(3)]
    assert [(event.type, event.name) for event in events] == [("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "a")]
    assert events[0].version == changed.version
    versions = [int(event.version) for event in events]
    assert versions == sorted(set(versions))


async def test_events_carry_whole_objects(api: ApiClient) -> None:
    created = await api.created(web("a"))
    await api.delete(api.path("Ingress", "a"))
    async with api.watch(
        api.path("Ingress"), resourceVersion=str(int(created["metadata"]["resourceVersion"]) - 1)
    ) as watch:
        added, deleted = await watch.event(), await watch.event()
    assert added.object == created
    assert (deleted.object["kind"], deleted.object["apiVersion"]) == ("Ingress", "networking.k8s.io/v1")
    assert deleted.object["spec"] == created["spec"]
    assert int(deleted.version) > int(added.version), "of the deletion"


async def test_watch_without_a_version_begins_with_what_there_is(api: ApiClient) -> None:
    await api.created(web("a"))
    await api.created(web("b"))
    for query in ({}, {"resourceVersion": "0"}):
        async with api.watch(api.path("Ingress"), **query) as watch:
            events = [await watch.event(), await watch.event()]
            assert [(event.type, event.name) for event in events] == [("ADDED", "a"), ("ADDED", "b")]
            await api.patch(api.path("Ingress", "a"), {"metadata": {"annotations": {"n": str(query)}}})
            assert (await watch.event()).type == "MODIFIED"


async def test_initial_events_end_with_a_bookmark(api: ApiClient) -> None:
    await api.created(web("a"))
    async with api.watch(
        api.path("Ingress"),
        sendInitialEvents="true",
        resourceVersionMatch="NotOlderThan",
        allowWatchBookmarks="true",
        resourceVersion="",
    ) as watch:
        assert ((event := await watch.event()).type, event.name) == ("ADDED", "a")
        bookmark = await watch.event()
        assert bookmark.type == "BOOKMARK"
        assert bookmark.object["kind"] == "Ingress"
        assert bookmark.object["metadata"]["annotations"] == {END_OF_INITIAL_EVENTS: "true"}
        assert int(bookmark.version) >= int(event.version)
        await api.created(web("b"))
        assert ((event := await watch.event()).type, event.name) == ("ADDED", "b")


async def test_bookmark_ends_initial_events_that_were_not_asked_for(api: ApiClient) -> None:
    await api.created(web("a"))
    for version in ("", "0"):
        async with api.watch(api.path("Ingress"), allowWatchBookmarks="true", resourceVersion=version) as watch:
            assert (await watch.event()).type == "ADDED"
            bookmark = await watch.event()
            assert bookmark.type == "BOOKMARK"
            assert bookmark.object["metadata"]["annotations"] == {END_OF_INITIAL_EVENTS: "true"}


async def test_initial_events_need_a_match(api: ApiClient) -> None:
    reply = await api.get(api.path("Ingress"), watch="true", sendInitialEvents="true")
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    reply = await api.get(api.path("Ingress"), watch="true", resourceVersionMatch="NotOlderThan", resourceVersion="1")
    assert reply.status == 422


async def test_watch_ends_cleanly_when_its_time_is_up(api: ApiClient) -> None:
    listed = await api.get(api.path("Ingress"))
    async with api.watch(api.path("Ingress"), resourceVersion=listed.version, timeoutSeconds="1") as watch:
        await watch.end()


async def test_watch_of_all_namespaces_sees_this_one(api: ApiClient) -> None:
    listed = await api.get(api.everywhere("Ingress"))
    async with api.watch(api.everywhere("Ingress"), resourceVersion=listed.version) as watch:
        await api.created(web("a"))
        assert (await watch.event()).object["metadata"]["namespace"] == api.namespace


async def test_version_that_is_forgotten_is_said_inside_the_stream(api: ApiClient) -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    forgotten = (await api.created(config_map))["metadata"]["resourceVersion"]
    # After one write alone, etcd would still have the event, but not the object as it was before.
    for value in ("1", "2"):
        await api.patch(api.path("ConfigMap", "m"), {"data": {"a": value}})
    api.forget()
    async with api.watch(api.path("ConfigMap"), resourceVersion=forgotten) as watch:
        assert watch.status == 200
        event = await watch.event()
        assert event.type == "ERROR"
        assert (event.object["kind"], event.object["code"]) == ("Status", 410)
        assert event.object["reason"] == "Expired"
        # The watch cache says the one, what is below it the other.
        assert event.object["message"].startswith(
            (f"too old resource version: {forgotten} (", "The resourceVersion for the provided watch is too old.")
        )
        await watch.end()


async def test_version_that_is_no_number_is_refused(api: ApiClient) -> None:
    assert (await api.get(api.path("Ingress"), resourceVersion="x1")).status == 400
    # Nothing has given the error of a watch a reason, so it is an internal one.
    assert (await api.get(api.path("Ingress"), watch="true", resourceVersion="x1")).status == 500


async def test_one_object_can_be_watched_by_its_name(api: ApiClient) -> None:
    listed = await api.get(api.path("Ingress"))
    async with api.watch(api.path("Ingress"), resourceVersion=listed.version, fieldSelector="metadata.name=b") as watch:
        await api.created(web("a"))
        await api.created(web("b"))
        assert (await watch.event()).name == "b"

"""Label and field selectors, in lists and in watches."""

from __future__ import annotations

import pytest

from tests.support.api_client import ApiClient
from tests.support.api_server import Json
from tests.support.manifests import tls_secret

LABELS = {"a": {"tier": "front", "canary": ""}, "b": {"tier": "back"}, "c": {}}


def config_map(name: str, labels: dict[str, str]) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}


async def make_all(api: ApiClient) -> None:
    for name, labels in LABELS.items():
        await api.created(config_map(name, labels))


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("tier=front", "a"),
        ("tier==front", "a"),
        ("tier!=front", "bc"),
        ("tier in (front, back)", "ab"),
        ("tier notin (front)", "bc"),
        ("tier", "ab"),
        ("!tier", "c"),
        ("tier in (front,back),!canary", "b"),
        ("canary=", "a"),
        ("tier,tier!=back", "a"),
    ],
)
async def test_label_selector(api: ApiClient, selector: str, names: str) -> None:
    await make_all(api)
    listed = await api.get(
        api.path("ConfigMap"), labelSelector=selector, fieldSelector="metadata.name!=kube-root-ca.crt"
    )
    assert listed.names == list(names)


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("metadata.name=a", "a"),
        ("metadata.name!=a,metadata.name!=kube-root-ca.crt", "bc"),
        ("metadata.name=a,metadata.name=b", ""),
    ],
)
async def test_field_selector(api: ApiClient, selector: str, names: str) -> None:
    await make_all(api)
    assert (await api.get(api.path("ConfigMap"), fieldSelector=selector)).names == list(names)


async def test_field_selector_by_namespace(api: ApiClient) -> None:
    await make_all(api)
    selector = f"metadata.namespace={api.namespace},metadata.name!=kube-root-ca.crt"
    assert (await api.get(api.everywhere("ConfigMap"), fieldSelector=selector)).names == ["a", "b", "c"]


async def test_secrets_by_type(api: ApiClient) -> None:
    await api.created(tls_secret("pair", b"certificate", b"key"))
    await api.created({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other"}})
    assert (await api.get(api.path("Secret"), fieldSelector="type=kubernetes.io/tls")).names == ["pair"]
    assert (await api.get(api.path("Secret"), fieldSelector="type=Opaque")).names == ["other"]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("Ingress", {"fieldSelector": "spec.ingressClassName=web"}),
        ("Secret", {"fieldSelector": "data=x"}),
        ("Secret", {"fieldSelector": "type"}),
        ("Ingress", {"labelSelector": "a in (b"}),
        ("Ingress", {"labelSelector": "a=b c"}),
    ],
)
async def test_unknown_or_malformed_selector_is_a_bad_request(api: ApiClient, kind: str, query: dict[str, str]) -> None:
    reply = await api.get(api.path(kind), **query)
    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")


async def test_object_that_begins_or_stops_to_match_is_added_or_deleted(api: ApiClient) -> None:
    created = await api.created(config_map("m", {"tier": "back"}))
    version = created["metadata"]["resourceVersion"]
    async with api.watch(api.path("ConfigMap"), labelSelector="tier=front", resourceVersion=version) as watch:
        place = api.path("ConfigMap", "m")
        await api.patch(place, {"data": {"unseen": "yes"}})
        began = await api.patch(place, {"metadata": {"labels": {"tier": "front"}}})
        changed = await api.patch(place, {"data": {"seen": "yes"}})
        stopped = await api.patch(place, {"metadata": {"labels": {"tier": "none"}}})
        await api.delete(place)
        await api.created(config_map("other", {"tier": "front"}))
        events = [await watch.event() for _ in range(4)]
    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]
    assert [event.version for event in events[:3]] == [began.version, changed.version, stopped.version]
    assert events[2].object["metadata"]["labels"] == {"tier": "front"}, "as it was while it matched"
    assert events[3].name == "other"


async def test_watch_by_field(api: ApiClient) -> None:
    listed = await api.get(api.path("ConfigMap"))
    async with api.watch(
        api.path("ConfigMap"), fieldSelector="metadata.name=b", resourceVersion=listed.version
    ) as watch:
        await make_all(api)
        assert (await watch.event()).name == "b"
        await api.delete(api.path("ConfigMap", "a"))
        await api.delete(api.path("ConfigMap", "b"))
        event = await watch.event()
        assert (event.type, event.name) == ("DELETED", "b")

"""Merge patches (RFC 7396) and JSON patches (RFC 6902)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api_client import JSON_PATCH, ApiClient

DATA = {"a": "1", "b": "2", "c": "3"}


async def make(api: ApiClient) -> str:
    await api.created(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "labels": {"n": "1"}}, "data": DATA}
    )
    return api.path("ConfigMap", "m")


@pytest.mark.parametrize(
    ("patch", "data"),
    [
        ({"data": {"a": "9"}}, {**DATA, "a": "9"}),
        ({"data": {"a": None, "x": "y"}}, {"b": "2", "c": "3", "x": "y"}),
        ({"data": {"never-there": None}}, DATA),
        ({}, DATA),
    ],
)
async def test_merge_patch(api: ApiClient, patch: Any, data: dict[str, str]) -> None:
    place = await make(api)
    patched = await api.patch(place, patch)
    assert (patched.status, patched.body["data"]) == (200, data)
    assert patched.body["metadata"]["labels"] == {"n": "1"}


@pytest.mark.parametrize(
    ("operations", "data"),
    [
        ([{"op": "add", "path": "/data/x", "value": "y"}], {**DATA, "x": "y"}),
        ([{"op": "replace", "path": "/data/a", "value": "9"}], {**DATA, "a": "9"}),
        ([{"op": "remove", "path": "/data/b"}], {"a": "1", "c": "3"}),
        ([{"op": "move", "from": "/data/c", "path": "/data/f"}], {"a": "1", "b": "2", "f": "3"}),
        ([{"op": "copy", "from": "/data/a", "path": "/data/f"}], {**DATA, "f": "1"}),
        ([{"op": "test", "path": "/data/a", "value": "1"}, {"op": "remove", "path": "/data"}], None),
    ],
)
async def test_json_patch(api: ApiClient, operations: Any, data: dict[str, str] | None) -> None:
    place = await make(api)
    patched = await api.patch(place, operations, JSON_PATCH)
    assert (patched.status, patched.body.get("data")) == (200, data)


async def test_json_patch_of_a_name_with_a_slash(api: ApiClient) -> None:
    """RFC 6901 section 3: in a pointer it is written ``~1``."""
    place = await make(api)
    operations = [
        {"op": "add", "path": "/metadata/annotations", "value": {"a.test/b": "1"}},
        {"op": "replace", "path": "/metadata/annotations/a.test~1b", "value": "2"},
    ]
    patched = await api.patch(place, operations, JSON_PATCH)
    assert patched.body["metadata"]["annotations"] == {"a.test/b": "2"}


async def test_json_patch_of_lists(api: ApiClient) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "l", "finalizers": ["a.test/1"]}}
    await api.created(manifest)
    operations = [
        {"op": "add", "path": "/metadata/finalizers/-", "value": "a.test/3"},
        {"op": "add", "path": "/metadata/finalizers/1", "value": "a.test/2"},
        {"op": "remove", "path": "/metadata/finalizers/0"},
    ]
    patched = await api.patch(api.path("ConfigMap", "l"), operations, JSON_PATCH)
    assert patched.body["metadata"]["finalizers"] == ["a.test/2", "a.test/3"]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/data/a", "value": "2"},
        {"op": "remove", "path": "/data/nothing"},
        {"op": "add", "path": "/nothing/there", "value": "x"},
    ],
)
async def test_json_patch_that_does_not_fit_changes_nothing(api: ApiClient, operation: Any) -> None:
    place = await make(api)
    before = await api.get(place)
    reply = await api.patch(place, [{"op": "add", "path": "/data/x", "value": "y"}, operation], JSON_PATCH)
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert (await api.get(place)).body == before.body


async def test_patch_of_an_old_version_is_a_conflict(api: ApiClient) -> None:
    place = await make(api)
    old = (await api.get(place)).version
    await api.patch(place, {"data": {"a": "2"}})
    reply = await api.patch(place, {"metadata": {"resourceVersion": old}, "data": {"a": "3"}})
    assert (reply.status, reply.body["reason"]) == (409, "Conflict")


async def test_unknown_kind_of_patch_is_refused(api: ApiClient) -> None:
    place = await make(api)
    reply = await api.patch(place, {"data": {}}, "application/json")
    assert (reply.status, reply.body["reason"]) == (415, "UnsupportedMediaType")


async def test_malformed_patch_is_a_bad_request(api: ApiClient) -> None:
    place = await make(api)
    assert (await api.patch(place, b"{")).status == 400
    assert (await api.patch(place, b'{"op": "add"}', JSON_PATCH)).status == 400

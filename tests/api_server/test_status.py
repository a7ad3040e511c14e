"""The subresource ``status`` is apart from the rest of an object."""

from __future__ import annotations

import pytest

from tests.support.api_client import JSON_PATCH, MERGE_PATCH, ApiClient
from tests.support.api_server import Json
from tests.support.manifests import ingress, path, rule, service

ADDRESSES = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.example.com"}]}}


async def make(api: ApiClient) -> Json:
    return await api.created(ingress("a", rule("a.test", path("/", "web"))))


async def test_status_is_written_through_its_own_path_only(api: ApiClient) -> None:
    created = await make(api)
    ignored = await api.patch(api.path("Ingress", "a"), {"status": ADDRESSES})
    assert ignored.status == 200
    assert ignored.body["status"] == {"loadBalancer": {}}
    written = await api.patch(api.path("Ingress", "a", "status"), {"status": ADDRESSES})
    assert written.body["status"] == ADDRESSES
    created["metadata"]["resourceVersion"] = written.version
    created["metadata"]["labels"] = {"n": "1"}
    replaced = await api.replace({**created, "status": {}})
    assert replaced.body["status"] == ADDRESSES, "a PUT of the object leaves it alone"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_spec_is_not_written_through_status(api: ApiClient, method: str) -> None:
    created = await make(api)
    changed = {**created, "spec": {**created["spec"], "ingressClassName": "other"}, "status": ADDRESSES}
    content_type = MERGE_PATCH if method == "PATCH" else "application/json"
    written = await api.request(method, api.path("Ingress", "a", "status"), changed, content_type=content_type)
    assert written.status == 200
    assert (written.body["spec"], written.body["status"]) == (created["spec"], ADDRESSES)


async def test_status_is_read_by_its_path(api: ApiClient) -> None:
    await make(api)
    await api.patch(api.path("Ingress", "a", "status"), {"status": ADDRESSES})
    assert (await api.get(api.path("Ingress", "a", "status"))).body["status"] == ADDRESSES


async def test_status_is_taken_away(api: ApiClient) -> None:
    await make(api)
    place = api.path("Ingress", "a", "status")
    await api.patch(place, {"status": ADDRESSES})
    cleared = await api.patch(place, {"status": {"loadBalancer": {"ingress": None}}})
    assert cleared.body["status"] == {"loadBalancer": {}}


async def test_operations_on_status(api: ApiClient) -> None:
    await make(api)
    operations = [{"op": "add", "path": "/status/loadBalancer/ingress", "value": [{"ip": "192.0.2.9"}]}]
    written = await api.patch(api.path("Ingress", "a", "status"), operations, JSON_PATCH)
    assert written.body["status"] == {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}


async def test_status_of_an_old_version_is_a_conflict(api: ApiClient) -> None:
    created = await make(api)
    await api.patch(api.path("Ingress", "a"), {"metadata": {"labels": {"n": "1"}}})
    reply = await api.replace({**created, "status": ADDRESSES}, "status")
    assert (reply.status, reply.body["reason"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"ip": "lb.example.com"}, "ip"),
        ({"hostname": "192.0.2.1"}, "hostname"),
        ({"hostname": "not_a_name"}, "hostname"),
    ],
)
async def test_addresses_in_status_are_checked(api: ApiClient, entry: Json, field: str) -> None:
    await make(api)
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, entry]}}}
    reply = await api.patch(api.path("Ingress", "a", "status"), status)
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert reply.body["details"]["causes"][0]["field"] == f"status.loadBalancer.ingress[1].{field}"


async def test_only_a_load_balancer_has_addresses(api: ApiClient) -> None:
    await api.created(service("inside"))
    status = {"status": {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}}
    reply = await api.patch(api.path("Service", "inside", "status"), status)
    assert reply.status == 422
    assert reply.body["details"]["causes"][0]["field"] == "status.loadBalancer.ingress"
    await api.created(service("outside", type="LoadBalancer"))
    reply = await api.patch(api.path("Service", "outside", "status"), status)
    assert reply.body["status"] == status["status"]


async def test_kind_without_status_has_no_such_path(api: ApiClient) -> None:
    await api.created({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})
    assert (await api.get(api.path("ConfigMap", "c", "status"))).status == 404

"""Creating, replacing and deleting: metadata, versions, conflicts."""

from __future__ import annotations

import re
from typing import Any

from tests.support.api_client import ApiClient
from tests.support.api_server import Json
from tests.support.manifests import ingress, ingress_class, path, rule, service

CONFLICT = "the object has been modified; please apply your changes to the latest version and try again"
FINALIZER = "ingressd.test/hold"


def web(name: str, **settings: Any) -> Json:
    return ingress(name, rule(f"{name}.test", path("/", "web")), **settings)


async def test_server_sets_what_a_client_may_not(api: ApiClient) -> None:
    manifest = web("a", created="2001-02-03T04:05:06Z")
    manifest["metadata"] |= {"uid": "mine", "generation": 7}
    manifest["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    created = await api.created(manifest)
    metadata = created["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])
    assert metadata["creationTimestamp"] != "2001-02-03T04:05:06Z"
    assert metadata["generation"] == 1
    assert metadata["resourceVersion"].isdigit()
    assert created["status"] == {"loadBalancer": {}}
    assert (created["kind"], created["apiVersion"]) == ("Ingress", "networking.k8s.io/v1")


async def test_get_returns_what_was_created(api: ApiClient) -> None:
    created = await api.created(web("a"))
    found = await api.get(api.path("Ingress", "a"))
    assert (found.status, found.body) == (200, created)


async def test_versions_grow_over_all_kinds(api: ApiClient) -> None:
    first = await api.created(web("a"))
    second = await api.created(service("b"))
    third = await api.patch(api.path("Ingress", "a"), {"metadata": {"labels": {"n": "1"}}})
    versions = [
        int(first["metadata"]["resourceVersion"]),
        int(second["metadata"]["resourceVersion"]),
        int(third.version),
    ]
    assert versions == sorted(set(versions))


async def test_name_that_exists_is_a_conflict(api: ApiClient) -> None:
    await api.created(web("a"))
    reply = await api.create(web("a"))
    assert (reply.status, reply.body["reason"]) == (409, "AlreadyExists")
    assert reply.body["message"] == 'ingresses.networking.k8s.io "a" already exists'
    assert reply.body["details"] == {"name": "a", "group": "networking.k8s.io", "kind": "ingresses"}


async def test_missing_object_is_not_found(api: ApiClient) -> None:
    for reply in (
        await api.get(api.path("Ingress", "no")),
        await api.delete(api.path("Ingress", "no")),
        await api.patch(api.path("Ingress", "no"), {}),
        await api.replace(web("no")),
    ):
        assert (reply.status, reply.body["reason"]) == (404, "NotFound")
        assert reply.body["kind"] == "Status"
        assert reply.body["message"] == 'ingresses.networking.k8s.io "no" not found'


async def test_namespace_must_exist(api: ApiClient) -> None:
    place = f"/apis/networking.k8s.io/v1/namespaces/{api.unique('nowhere')}/ingresses"
    manifest = web("a")
    del manifest["metadata"]["namespace"]
    reply = await api.request("POST", place, manifest)
    assert reply.status == 404
    assert reply.body["message"] == f'namespaces "{api.unique("nowhere")}" not found'


async def test_namespace_must_be_that_of_the_path(api: ApiClient) -> None:
    reply = await api.request("POST", api.path("Ingress"), web("a", namespace="default"))
    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")
    assert "does not match the namespace" in reply.body["message"]


async def test_name_is_generated(api: ApiClient) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "some-"}}
    names = {(await api.created(manifest))["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch(r"some-[a-z0-9]{5}", name) for name in names)


async def test_version_is_no_matter_for_a_client_that_creates(api: ApiClient) -> None:
    manifest = web("a")
    manifest["metadata"]["resourceVersion"] = "12"
    reply = await api.create(manifest)
    assert reply.status == 500
    assert reply.body["message"] == "resourceVersion should not be set on objects to be created"


async def test_replacing_an_old_version_is_a_conflict(api: ApiClient) -> None:
    first = await api.created(web("a"))
    first["metadata"]["labels"] = {"n": "1"}
    second = await api.replace(first)
    assert second.status == 200
    first["metadata"]["labels"] = {"n": "2"}
    reply = await api.replace(first)
    assert (reply.status, reply.body["reason"]) == (409, "Conflict")
    assert reply.body["message"] == f'Operation cannot be fulfilled on ingresses.networking.k8s.io "a": {CONFLICT}'
    assert (await api.get(api.path("Ingress", "a"))).body == second.body


async def test_replacing_without_a_version_wins(api: ApiClient) -> None:
    created = await api.created(web("a"))
    del created["metadata"]["resourceVersion"]
    created["metadata"]["labels"] = {"n": "1"}
    assert (await api.replace(created)).body["metadata"]["labels"] == {"n": "1"}


async def test_writing_the_same_writes_nothing(api: ApiClient) -> None:
    created = await api.created(web("a"))
    same = await api.replace(created)
    assert same.version == created["metadata"]["resourceVersion"]
    patched = await api.patch(api.path("Ingress", "a"), {"spec": created["spec"]})
    assert patched.version == created["metadata"]["resourceVersion"]


async def test_generation_counts_changes_of_the_spec(api: ApiClient) -> None:
    await api.created(web("a"))
    place = api.path("Ingress", "a")
    labelled = await api.patch(place, {"metadata": {"labels": {"n": "1"}}})
    assert labelled.body["metadata"]["generation"] == 1
    changed = await api.patch(place, {"spec": {"ingressClassName": "web"}})
    assert changed.body["metadata"]["generation"] == 2
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
    reported = await api.patch(api.path("Ingress", "a", "status"), status)
    assert reported.body["metadata"]["generation"] == 2
    assert "generation" not in (await api.created(service("s")))["metadata"]


async def test_name_in_the_body_must_be_that_of_the_path(api: ApiClient) -> None:
    created = await api.created(web("a"))
    created["metadata"]["name"] = "b"
    reply = await api.request("PUT", api.path("Ingress", "a"), created)
    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")


async def test_other_uid_is_a_conflict(api: ApiClient) -> None:
    created = await api.created(web("a"))
    created["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000"
    assert (await api.replace(created)).status == 409


async def test_deleting(api: ApiClient) -> None:
    created = await api.created(web("a"))
    reply = await api.delete(api.path("Ingress", "a"))
    assert (reply.status, reply.body["status"]) == (200, "Success")
    assert reply.body["details"]["uid"] == created["metadata"]["uid"]
    assert (await api.get(api.path("Ingress", "a"))).status == 404


async def test_deleting_under_a_condition(api: ApiClient) -> None:
    created = await api.created(web("a"))
    wrong = {"preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}}
    assert (await api.delete(api.path("Ingress", "a"), wrong)).status == 409
    right = {"preconditions": {"uid": created["metadata"]["uid"]}}
    assert (await api.delete(api.path("Ingress", "a"), right)).status == 200


async def test_finalizer_holds_a_deleted_object(api: ApiClient) -> None:
    manifest = web("a")
    manifest["metadata"]["finalizers"] = [FINALIZER]
    created = await api.created(manifest)
    async with api.watch(api.path("Ingress"), resourceVersion=created["metadata"]["resourceVersion"]) as watch:
        deleted = await api.delete(api.path("Ingress", "a"))
        assert deleted.status == 200
        marked = await api.get(api.path("Ingress", "a"))
        assert marked.body["metadata"]["deletionTimestamp"]
        assert marked.body["metadata"]["generation"] == 2
        again = await api.delete(api.path("Ingress", "a"))
        assert again.status == 200
        released = await api.patch(api.path("Ingress", "a"), {"metadata": {"finalizers": None}})
        assert released.status == 200
        assert (await api.get(api.path("Ingress", "a"))).status == 404
        assert [(await watch.event()).type for _ in range(2)] == ["MODIFIED", "DELETED"]


async def test_collection_is_deleted_by_selector(api: ApiClient) -> None:
    for name in ("a", "b"):
        manifest = web(name)
        manifest["metadata"]["labels"] = {"name": name}
        await api.created(manifest)
    assert (await api.request("DELETE", api.path("Ingress"), labelSelector="name=a")).status == 200
    assert (await api.get(api.path("Ingress"))).names == ["b"]


async def test_lease_is_replaced_only_with_a_version_and_may_be_created_by_it(api: ApiClient) -> None:
    manifest = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "leader", "namespace": api.namespace},
        "spec": {"holderIdentity": "a"},
    }
    created = await api.replace(manifest)
    assert created.status == 201
    reply = await api.replace(manifest)
    assert reply.status == 422
    assert reply.body["details"]["causes"][0]["field"] == "metadata.resourceVersion"
    manifest["spec"] = {"holderIdentity": "b"}
    manifest["metadata"] = {**created.body["metadata"]}
    assert (await api.replace(manifest)).body["spec"]["holderIdentity"] == "b"


async def test_cluster_wide_object(api: ApiClient) -> None:
    created = await api.created(ingress_class(api.unique("web")))
    assert "namespace" not in created["metadata"]
    assert (await api.get(api.path("IngressClass", api.unique("web")))).body == created


async def test_secret_takes_texts_as_data(api: ApiClient) -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "text"}}
    created = await api.created(manifest)
    assert (created["data"], created["type"]) == ({"a": "dGV4dA=="}, "Opaque")
    assert "stringData" not in created


async def test_slice_without_endpoints_has_null(api: ApiClient) -> None:
    """Go writes an empty list of endpoints as null."""
    created = await api.created(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "s"},
            "addressType": "IPv4",
            "endpoints": [],
        }
    )
    found = await api.get(api.path("EndpointSlice", "s"))
    assert found.body["endpoints"] is None
    assert created["metadata"]["generation"] == 1


async def test_service_has_its_defaults(api: ApiClient) -> None:
    spec = (await api.created(service("s")))["spec"]
    assert spec["type"] == "ClusterIP"
    assert spec["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert spec["clusterIP"] == spec["clusterIPs"][0]


async def test_body_that_is_no_object_is_a_bad_request(api: ApiClient) -> None:
    for body in (b"{", b"[]"):
        assert (await api.request("POST", api.path("Ingress"), body)).status == 400


async def test_method_that_makes_no_sense_is_not_allowed(api: ApiClient) -> None:
    assert (await api.request("PUT", api.path("Ingress"), web("a"))).status == 405

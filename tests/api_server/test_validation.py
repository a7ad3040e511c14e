"""What is refused, and which field the answer names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api_client import ApiClient, Reply
from tests.support.api_server import Json
from tests.support.manifests import backend, endpoint, endpoint_slice, ingress, ingress_class, path, rule, service

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
EXACT = {"pathType": "Exact", "backend": backend("web")}
NOW = "2026-11-21T10:20:30.123456Z"


def with_path(**entry: Any) -> Json:
    return ingress("a", {"host": "a.test", "http": {"paths": [{**EXACT, **entry}]}})


def assert_invalid(reply: Reply, field: str) -> None:
    assert reply.status == 422, reply.body
    assert (reply.body["status"], reply.body["reason"]) == ("Failure", "Invalid")
    assert field in [cause["field"] for cause in reply.body["details"]["causes"]]
    assert f"{field}: " in reply.body["message"]


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (ingress("a"), "spec"),
        (ingress("Upper", default=backend("web")), "metadata.name"),
        (ingress("a", rule("192.0.2.1", path("/", "web"))), "spec.rules[0].host"),
        (ingress("a", rule("UPPER.test", path("/", "web"))), "spec.rules[0].host"),
        (ingress("a", rule("a.*.test", path("/", "web"))), "spec.rules[0].host"),
        (ingress("a", {"host": "a.test", "http": {"paths": []}}), "spec.rules[0].http.paths"),
        (ingress("a", rule("a.test", path("no-slash", "web"))), "spec.rules[0].http.paths[0].path"),
        (with_path(path="/a//b"), "spec.rules[0].http.paths[0].path"),
        (with_path(path="/a/../b"), "spec.rules[0].http.paths[0].path"),
        (with_path(path="/a%2fb"), "spec.rules[0].http.paths[0].path"),
        (with_path(path="/a/.."), "spec.rules[0].http.paths[0].path"),
        (with_path(path="/", pathType=None), "spec.rules[0].http.paths[0].pathType"),
        (with_path(path="/", pathType="Regex"), "spec.rules[0].http.paths[0].pathType"),
        (with_path(path="x", pathType="ImplementationSpecific"), "spec.rules[0].http.paths[0].path"),
        (with_path(path="/", backend={}), "spec.rules[0].http.paths[0].backend"),
        (ingress("a", default={"service": {"name": "web", "port": {}}}), "spec.defaultBackend"),
        (
            ingress("a", default={"service": {"name": "web", "port": {"name": "a", "number": 1}}}),
            "spec.defaultBackend",
        ),
        (ingress("a", default=backend("web"), tls=[{"secretName": "Not-A-Name"}]), "spec.tls[0].secretName"),
        (ingress("a", default=backend("web"), tls=[{"hosts": ["a_b"]}]), "spec.tls[0].hosts[0]"),
        (
            ingress("a", default=backend("web"), class_name="one", annotations={CLASS_ANNOTATION: "two"}),
            f"annotations.{CLASS_ANNOTATION}",
        ),
        (service("Upper"), "metadata.name"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a/b": ""}}, "data[a/b]"),
        (service("a", {"port": 0}), "spec.ports[0].port"),
        (service("a", {"port": 80}, {"port": 81}), "spec.ports[0].name"),
        (service("a", type="ExternalName"), "spec.externalName"),
        (endpoint_slice("a", "web", 80, {"addresses": []}), "endpoints[0].addresses"),
        (endpoint_slice("a", "web", 80, endpoint("2001:db8::1")), "endpoints[0].addresses"),
        (endpoint_slice("a", "web", 80, endpoint("not-an-address")), "endpoints[0].addresses[0]"),
        (ingress("a", default=backend("Upper")), "spec.defaultBackend.service.name"),
        ({**endpoint_slice("a", "web", 80, endpoint("192.0.2.1")), "addressType": ""}, "addressType"),
        (
            {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "a"}},
            "data[tls.crt]",
        ),
    ],
)
async def test_field_that_is_not_valid_is_named(api: ApiClient, manifest: Json, field: str) -> None:
    assert_invalid(await api.create(manifest), field)


@pytest.mark.parametrize(
    "manifest",
    [
        ingress("a", rule("*.wild.test", path("/", "web"))),
        ingress("a", {"host": "a.test"}),
        ingress("a", rule("", path("/", "web"))),
        with_path(path="", pathType="ImplementationSpecific"),
        with_path(path="/a/./b", pathType="ImplementationSpecific"),
        ingress("a", default={"resource": {"apiGroup": "a.test", "kind": "Bucket", "name": "b"}}),
        ingress("a", default=backend("web"), class_name="one", annotations={CLASS_ANNOTATION: "one"}),
        service("a", clusterIP="None"),
    ],
)
async def test_what_is_valid_is_taken(api: ApiClient, manifest: Json) -> None:
    assert (await api.create(manifest)).status == 201


async def test_class_and_annotation_may_disagree_later(api: ApiClient) -> None:
    await api.created(ingress("a", default=backend("web"), class_name="one"))
    reply = await api.patch(api.path("Ingress", "a"), {"metadata": {"annotations": {CLASS_ANNOTATION: "two"}}})
    assert reply.status == 200


async def test_patch_is_validated(api: ApiClient) -> None:
    await api.created(ingress("a", default=backend("web")))
    assert_invalid(await api.patch(api.path("Ingress", "a"), {"spec": {"defaultBackend": None}}), "spec")


async def test_several_errors_are_said_together(api: ApiClient) -> None:
    reply = await api.create(ingress("a", rule("UPPER.test", path("no-slash", "web"))))
    assert len(reply.body["details"]["causes"]) == 2
    assert reply.body["message"].startswith('Ingress.networking.k8s.io "a" is invalid: [spec.rules[0].host: ')


async def test_controller_of_a_class_never_changes(api: ApiClient) -> None:
    name = api.unique("web")
    await api.created(ingress_class(name))
    place = api.path("IngressClass", name)
    assert_invalid(await api.patch(place, {"spec": {"controller": "other.test/controller"}}), "spec.controller")
    assert (await api.patch(place, {"metadata": {"labels": {"n": "1"}}})).status == 200


async def test_parameters_of_a_class_have_a_scope(api: ApiClient) -> None:
    manifest = ingress_class(api.unique("web"))
    manifest["spec"]["parameters"] = {"kind": "Settings", "name": "s"}
    assert (await api.created(manifest))["spec"]["parameters"]["scope"] == "Cluster"
    other = ingress_class(api.unique("other"), controller="not-a-path")
    assert_invalid(await api.create(other), "spec.controller")


async def test_new_ingress_gets_the_default_class(api: ApiClient) -> None:
    name = api.unique("default")
    await api.created(ingress_class(name, default=True))
    created = {
        name: (await api.created(manifest))["spec"].get("ingressClassName")
        for name, manifest in {
            "none": ingress("none", default=backend("web")),
            "named": ingress("named", default=backend("web"), class_name="other"),
            "annotated": ingress("annotated", default=backend("web"), annotations={CLASS_ANNOTATION: "old"}),
        }.items()
    }
    assert created == {"none": name, "named": "other", "annotated": None}


def lease(**spec: Any) -> Json:
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": spec}


@pytest.mark.parametrize("time", ["2026-11-21T10:20:30.123Z", "2026-11-21T10:20:30Z", "yesterday", ""])
async def test_time_of_a_lease_has_six_digits(api: ApiClient, time: str) -> None:
    reply = await api.create(lease(renewTime=time))
    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")
    assert 'Lease in version "v1" cannot be handled as a Lease' in reply.body["message"]
    assert (await api.create(lease(renewTime=NOW))).status == 201


async def test_released_lease_has_no_holder_and_a_short_duration(api: ApiClient) -> None:
    await api.created(lease(holderIdentity="", leaseDurationSeconds=1, acquireTime=NOW, renewTime=NOW))
    assert_invalid(
        await api.patch(api.path("Lease", "l"), {"spec": {"leaseDurationSeconds": 0}}), "spec.leaseDurationSeconds"
    )


async def test_data_of_a_secret_is_base64(api: ApiClient) -> None:
    reply = await api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "%"}})
    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")
    assert reply.body["message"].endswith("illegal base64 data at input byte 0")


async def test_type_of_a_secret_never_changes(api: ApiClient) -> None:
    await api.created({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}})
    assert_invalid(await api.patch(api.path("Secret", "s"), {"type": "other.test/type"}), "type")


def event(namespace: str, **fields: Any) -> Json:
    about = {"kind": "Ingress", "apiVersion": "networking.k8s.io/v1", "name": "a", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a.1"}, "involvedObject": about, **fields}


async def test_event_is_in_the_namespace_of_its_object(api: ApiClient) -> None:
    reply = await api.create(event("elsewhere", type="Warning", reason="Bad", message="no"))
    assert_invalid(reply, "involvedObject.namespace")
    assert (await api.create(event(api.namespace, type="Warning", reason="Bad", message="no"))).status == 201


async def test_event_with_a_time_says_who_reports_what(api: ApiClient) -> None:
    complete = {
        "eventTime": NOW,
        "reportingComponent": "ingressd.dev/controller",
        "reportingInstance": "pod-1",
        "action": "Translate",
        "reason": "Bad",
        "type": "Warning",
    }
    for field in ("reportingComponent", "reportingInstance", "action", "reason"):
        lacking = {name: value for name, value in complete.items() if name != field}
        assert_invalid(await api.create(event(api.namespace, **lacking)), field)
    assert_invalid(await api.create(event(api.namespace, **complete, message="x" * 1025)), "message")
    assert (await api.create(event(api.namespace, **complete, message="x" * 1024))).status == 201

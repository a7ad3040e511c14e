from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.resources.api_versions import API_VERSIONS
from ingressd.resources.config_map import ConfigMap
from ingressd.resources.decode import MOST_PATHS, MOST_RULES, Decoded, decode
from ingressd.resources.endpoint_slice import EndpointSlice
from ingressd.resources.ingress import Ingress
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Severity
from ingressd.resources.secret import PrivateBytes, Secret
from ingressd.resources.service import Service
from ingressd.resources.validation import validate

WEB = ObjectKey(Kind.INGRESS, "shop", "web")


def ingress(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }


def rule(*paths: dict[str, Any], host: str = "a.example") -> dict[str, Any]:
    return {"host": host, "http": {"paths": list(paths)}}


def test_an_ingress() -> None:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    decoded = decode(ingress(rules=[rule(path)], tls=[{"hosts": ["a.example"], "secretName": "a"}]))
    assert decoded.problems == ()
    (resource,) = decoded.objects
    assert isinstance(resource, Ingress)
    assert resource.key == WEB
    http = resource.spec.rules[0].http
    assert http is not None
    assert http.paths[0].backend.service is not None
    assert http.paths[0].backend.service.port.number == 80
    assert resource.spec.tls[0].hosts == ("a.example",)


@pytest.mark.parametrize("kind", list(Kind))
def test_namespaces(kind: Kind) -> None:
    metadata: dict[str, str] = {"name": "a"}
    document = {"apiVersion": API_VERSIONS[kind], "kind": kind.value, "metadata": metadata, "addressType": "IPv4"}
    if kind is not Kind.ENDPOINT_SLICE:
        del document["addressType"]
    (resource,) = decode(document).objects
    assert resource.metadata.namespace == ("default" if kind.namespaced else "")
    metadata["namespace"] = "shop"
    (manifest,) = decode(document).manifests
    assert manifest.key == ObjectKey(kind, "shop" if kind.namespaced else "", "a")
    assert manifest.object is not None
    assert manifest.object.key == manifest.key


@pytest.mark.parametrize("kind", ["List", "IngressList"])
def test_a_list_is_unrolled(kind: str) -> None:
    broken = ingress()
    broken["metadata"]["annotations"] = {"a": True}
    api_version = "v1" if kind == "List" else "networking.k8s.io/v1"
    decoded = decode({"apiVersion": api_version, "kind": kind, "items": [ingress(), broken]})
    first, second = decoded.manifests
    assert (first.prefix, first.key, first.problems) == ("items[0]", WEB, ())
    assert (second.prefix, second.key, second.object) == ("items[1]", WEB, None)
    assert second.problems[0].path == "metadata.annotations.a"


def test_the_items_of_a_typed_list_need_no_kind() -> None:
    item = ingress()
    del item["apiVersion"], item["kind"]
    decoded = decode({"apiVersion": "networking.k8s.io/v1", "kind": "IngressList", "items": [item]})
    assert [resource.key for resource in decoded.objects] == [WEB]


def test_without_a_key_the_path_starts_at_the_document() -> None:
    nameless = ingress()
    del nameless["metadata"]["name"]
    (manifest,) = decode({"apiVersion": "v1", "kind": "List", "items": [nameless]}).manifests
    assert manifest.key is None
    assert [problem.path for problem in manifest.problems] == ["items[0].metadata.name"]


@pytest.mark.parametrize(
    ("items", "code"),
    [({"a": 1}, "wrong_type"), (["text"], "not_an_object"), ([None], "not_an_object")],
)
def test_bad_lists(items: object, code: str) -> None:
    (problem,) = decode({"apiVersion": "v1", "kind": "List", "items": items}).problems
    assert problem.code == code


def test_lists_in_lists_are_bounded() -> None:
    document: dict[str, Any] = ingress()
    for _ in range(10):
        document = {"apiVersion": "v1", "kind": "List", "items": [document]}
    (problem,) = decode(document).problems
    assert problem.code == "too_deep"


def test_an_empty_document_holds_nothing() -> None:
    assert decode(None) == Decoded()
    assert decode({"apiVersion": "v1", "kind": "List", "items": None}) == Decoded()


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("v1", "PodList"),
        ("config.openshift.io/v1", "Ingress"),
        ("serving.knative.dev/v1", "Service"),
    ],
)
def test_other_kinds_are_counted(api_version: str, kind: str) -> None:
    document = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "items": []}
    decoded = decode({"apiVersion": "v1", "kind": "List", "items": [document, document]})
    assert decoded.manifests == ()
    assert decoded.passed_over == {f"{api_version}/{kind}": 2}


@pytest.mark.parametrize(
    ("api_version", "kind", "code", "word"),
    [
        ("extensions/v1beta1", "Ingress", "removed_api_version", "1.22"),
        ("networking.k8s.io/v1beta1", "Ingress", "removed_api_version", "1.22"),
        ("networking.k8s.io/v1beta1", "IngressClass", "removed_api_version", "1.22"),
        ("discovery.k8s.io/v1beta1", "EndpointSlice", "removed_api_version", "1.25"),
        ("networking.k8s.io/v2", "Ingress", "unknown_api_version", "no Ingress in"),
        ("v1", "Ingress", "unknown_api_version", "no Ingress in"),
        ("apps/v1", "Service", "unknown_api_version", "no Service in"),
    ],
)
def test_wrong_api_versions(api_version: str, kind: str, code: str, word: str) -> None:
    (manifest,) = decode({"apiVersion": api_version, "kind": kind, "metadata": {"name": "web"}}).manifests
    (problem,) = manifest.problems
    assert manifest.object is None
    assert manifest.key is not None
    assert (problem.severity, problem.code, problem.path) == (Severity.ERROR, code, "apiVersion")
    assert word in problem.message
    assert API_VERSIONS[Kind(kind)] in problem.advice


@pytest.mark.parametrize(
    ("document", "severity", "path"),
    [
        ({"replicaCount": 1}, Severity.WARNING, ""),
        ("text", Severity.WARNING, ""),
        ([], Severity.WARNING, ""),
        ({"kind": "Ingress"}, Severity.ERROR, "apiVersion"),
        ({"apiVersion": "v1"}, Severity.ERROR, "kind"),
        ({"apiVersion": 1, "kind": "Secret"}, Severity.ERROR, "apiVersion"),
        ({"apiVersion": "v1", "kind": "Secret"}, Severity.ERROR, "metadata"),
        ({"apiVersion": "v1", "kind": "Secret", "metadata": {}}, Severity.ERROR, "metadata.name"),
        ({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": 5}}, Severity.ERROR, "metadata.name"),
        (
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": 5}},
            Severity.ERROR,
            "metadata.namespace",
        ),
        (
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "a-"}},
            Severity.ERROR,
            "metadata.name",
        ),
    ],
)
def test_what_cannot_be_identified(document: object, severity: Severity, path: str) -> None:
    (manifest,) = decode(document).manifests
    (problem,) = manifest.problems
    assert (manifest.key, manifest.object) == (None, None)
    assert (problem.severity, problem.path) == (severity, path)
    assert problem.advice


@pytest.mark.parametrize(
    ("document", "message", "advice"),
    [
        ({"kind": "Ingress"}, "The Ingress has no apiVersion.", 'Write "apiVersion: networking.k8s.io/v1".'),
        ({"kind": "Ingress", "apiVersion": ""}, "The Ingress has no apiVersion.", "networking.k8s.io/v1"),
        ({"kind": "Pod"}, "The object has no apiVersion.", "Write the API version of its kind"),
        ({"apiVersion": "networking.k8s.io/v1"}, "The object has no kind.", '"kind: Ingress" or "kind: IngressClass"'),
        ({"apiVersion": "v1", "kind": True}, "Must be a text, but it is a boolean.", '"kind: Service"'),
        (
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": True}},
            "Must be a text, but true without quotes is a boolean.",
            'Quote it: "true".',
        ),
        (
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": 42}},
            "Must be a text, but 42 without quotes is a whole number.",
            'Quote it: "42".',
        ),
        (
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": ["a"]}},
            "Must be a text, but it is a list.",
            "name: web",
        ),
    ],
)
def test_what_identifies_an_object_is_asked_for(document: object, message: str, advice: str) -> None:
    (problem,) = decode(document).problems
    assert problem.message == message
    assert advice in problem.advice


def test_a_misspelt_kind_is_counted_and_reported() -> None:
    document = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingres", "metadata": {"name": "web"}}
    decoded = decode({"apiVersion": "v1", "kind": "List", "items": [document]})
    (problem,) = decoded.problems
    assert (problem.severity, problem.code, problem.path) == (Severity.WARNING, "unknown_kind", "items[0].kind")
    assert problem.message == (
        'The kind "Ingres" of "networking.k8s.io/v1" is not known here, so this object is not used.'
    )
    assert problem.advice == 'Did you mean "Ingress"?'
    assert (decoded.objects, decoded.passed_over) == ((), {"networking.k8s.io/v1/Ingres": 1})


@pytest.mark.parametrize(
    ("spec", "path", "advice"),
    [
        ({"rules": [rule({"pathtype": "Prefix"})]}, "spec.rules[0].http.paths[0].pathtype", '"pathType"'),
        (
            {"rules": [rule({"backend": {"serviceName": "web"}})]},
            "spec.rules[0].http.paths[0].backend.serviceName",
            "service: {name: web",
        ),
        (
            {"rules": [rule({"backend": {"servicePort": 80}})]},
            "spec.rules[0].http.paths[0].backend.servicePort",
            "service.port.number",
        ),
        ({"backend": {}}, "spec.backend", "defaultBackend"),
        ({"rules": [{"paths": []}]}, "spec.rules[0].paths", '"http"'),
        ({"tls": [{"secret": "a"}]}, "spec.tls[0].secret", '"secretName"'),
        ({"ingressClass": "nginx"}, "spec.ingressClass", '"ingressClassName"'),
        ({"zzz": 1}, "spec.zzz", "ingressClassName, defaultBackend, tls, rules"),
    ],
)
def test_unknown_fields_are_warnings(spec: dict[str, Any], path: str, advice: str) -> None:
    (manifest,) = decode(ingress(**spec)).manifests
    (problem,) = manifest.problems
    assert manifest.object is not None
    assert (problem.severity, problem.code, problem.path) == (Severity.WARNING, "unknown_field", path)
    assert advice in problem.advice


def test_fields_of_the_api_that_are_not_used_are_fine() -> None:
    document = ingress() | {"status": {"loadBalancer": {}}}
    document["metadata"] |= {"managedFields": [], "finalizers": ["a"], "ownerReferences": []}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv4"], "ports": [{"port": 80, "nodePort": 30000}]},
        "status": {},
    }
    assert decode(document).problems == ()
    assert decode(service).problems == ()


def test_an_endpoint_slice_must_say_its_address_type() -> None:
    document = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "a"}}
    (problem,) = decode(document).problems
    assert (problem.code, problem.path) == ("missing_field", "addressType")


def test_an_endpoint_slice() -> None:
    (resource,) = decode(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "a", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": None, "serving": False}}],
            "ports": [{"port": 8080}],
        }
    ).objects
    assert isinstance(resource, EndpointSlice)
    assert resource.service_name == "web"
    assert resource.endpoints[0].conditions.ready is None
    assert resource.endpoints[0].conditions.serving is False
    assert resource.ports[0].protocol is None


def test_a_service_keeps_its_capital_letters() -> None:
    document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"clusterIP": "None"}}
    (resource,) = decode(document).objects
    assert isinstance(resource, Service)
    assert resource.spec.cluster_ip == "None"


def secret(**fields: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, **fields}


def test_string_data_wins_over_data() -> None:
    (resource,) = decode(secret(data={"a": "b2xk", "b": "b2xk"}, stringData={"a": "nëw", "c": None})).objects
    assert isinstance(resource, Secret)
    assert dict(resource.data) == {"a": "nëw".encode(), "b": b"old", "c": b""}
    assert all(type(value) is PrivateBytes for value in resource.data.values())


@pytest.mark.parametrize(
    "fields", [{"data": {"a": 31337}}, {"stringData": {"a": 31337}}, {"data": {"a": "31337!"}}, {"stringData": 31337}]
)
def test_no_message_shows_a_secret(fields: dict[str, object]) -> None:
    (manifest,) = decode(secret(**fields)).manifests
    assert manifest.object is None
    assert len(manifest.problems) == 1
    assert "31337" not in str(manifest)


def test_binary_data_of_a_config_map_is_passed_over() -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "binaryData": {"a": "AA=="}}
    decoded = decode(document)
    assert decoded.problems == ()
    assert isinstance(decoded.objects[0], ConfigMap)
    assert decoded.objects[0].data == {}


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([rule({}, host=f"h{i}.example") for i in range(MOST_RULES + 1)], "too_many_rules"),
        ([rule(*[{} for _ in range(MOST_PATHS + 1)])], "too_many_paths"),
    ],
)
def test_the_size_of_an_ingress_is_bounded(rules: list[object], code: str) -> None:
    (manifest,) = decode(ingress(rules=rules)).manifests
    assert manifest.object is None
    assert [problem.code for problem in manifest.problems] == [code]


def test_the_largest_ingress_is_served() -> None:
    rules = [rule(*[{} for _ in range(MOST_PATHS // MOST_RULES)]) for _ in range(MOST_RULES)]
    assert decode(ingress(rules=rules)).problems == ()


def test_a_number_that_python_would_not_print() -> None:
    document = ingress()
    document["metadata"]["annotations"] = {"a": 10**5000}
    document["metadata"]["generation"] = 10**5000
    assert [problem.path for problem in decode(document).problems] == [
        "metadata.annotations.a",
        "metadata.generation",
    ]


FIELDS = st.sampled_from(
    [
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "labels",
        "annotations",
        "spec",
        "rules",
        "host",
        "http",
        "paths",
        "path",
        "pathType",
        "backend",
        "service",
        "port",
        "number",
        "tls",
        "hosts",
        "secretName",
        "items",
        "data",
        "stringData",
        "type",
        "ports",
        "endpoints",
        "addresses",
        "addressType",
        "parameters",
        "scope",
        "controller",
        "creationTimestamp",
        "targetPort",
        "clusterIP",
        "externalName",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text()
    | st.sampled_from([*Kind, *API_VERSIONS.values(), "List", "IngressList", "\ud800", "*.a.example", "Namespace"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=6)
        | st.dictionaries(st.integers() | st.none(), inner, max_size=2)
    ),
    max_leaves=30,
)
OBJECTS = st.sampled_from(list(Kind)).flatmap(
    lambda kind: st.fixed_dictionaries(
        {
            "apiVersion": st.just(API_VERSIONS[kind]),
            "kind": st.just(kind.value),
            "metadata": st.fixed_dictionaries({"name": st.just("a") | VALUES}, optional={"labels": VALUES}),
        },
        optional={"spec": VALUES, "data": VALUES, "stringData": VALUES, "endpoints": VALUES, "ports": VALUES},
    )
)


@given(VALUES | OBJECTS)
def test_no_value_raises(value: object) -> None:
    decoded = decode(value)
    for manifest in decoded.manifests:
        failed = any(problem.severity is Severity.ERROR for problem in manifest.problems)
        assert (manifest.object is None) == (failed or manifest.key is None)
        assert all(problem.key == manifest.key for problem in manifest.problems)
        if manifest.object is not None:
            assert manifest.object.key == manifest.key
            assert all(problem.key == manifest.key for problem in validate(manifest.object))

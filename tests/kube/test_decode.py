from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.kube.decode import LAST_APPLIED, ObjectDecoder
from ingressd.resources.api_versions import API_VERSIONS
from ingressd.resources.endpoint_slice import EndpointSlice
from ingressd.resources.ingress import Ingress
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Severity
from ingressd.resources.secret import Secret
from tests.controller import worlds
from tests.kube.api_objects import as_json, in_words, without_nulls
from tests.support.objects import endpoint, endpoint_slice, ingress, path, rule, secret, service

METADATA = {
    "name": "web",
    "namespace": "shop",
    "uid": "u-1",
    "resourceVersion": "1234",
    "creationTimestamp": "2026-01-01T00:00:00Z",
}


@given(worlds.objects)
def test_what_is_valid_decodes_as_from_a_file(found: KubernetesObject) -> None:
    value = as_json(found)
    decoded = ObjectDecoder(found.kind).decode(json.dumps(value).encode())
    assert decoded.key == found.key
    assert decoded.resource_version == "1234"
    if decoded.object is not None:
        assert decoded.object == in_words(found.kind, value)
        assert not [problem for problem in decoded.problems if problem.severity is Severity.ERROR]
    else:
        assert [problem for problem in decoded.problems if problem.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.ENDPOINT_SLICE, '"addressType": "IPv4", "endpoints": null, "ports": null'),
        (Kind.INGRESS, '"spec": {"rules": null, "tls": null, "defaultBackend": {"service": {"name": "web"}}}'),
        (Kind.INGRESS, '"spec": {"ingressClassName": null, "rules": [{"host": "a.test", "http": null}]}'),
        (Kind.SERVICE, '"spec": {"selector": null, "ports": [{"port": 80}]}'),
    ],
)
def test_null_is_an_absent_field(kind: Kind, text: str) -> None:
    head = json.dumps({"metadata": {**METADATA, "labels": {"kubernetes.io/service-name": "web"}}})[:-1]
    decoded = ObjectDecoder(kind).decode(f"{head}, {text}}}".encode())
    without = {name: value for name, value in json.loads(f"{{{text}}}").items() if value is not None}
    if kind is Kind.INGRESS:
        without["spec"] = without_nulls(without["spec"])
    expected = ObjectDecoder(kind).decode(json.dumps({**json.loads(head + "}"), **without}).encode())
    assert decoded.object is None or decoded.object == expected.object
    assert decoded == expected


def test_an_empty_slice_as_go_writes_it_is_an_empty_slice() -> None:
    value = {
        "metadata": {**METADATA, "labels": {"kubernetes.io/service-name": "web"}, "annotations": None},
        "addressType": "IPv4",
        "endpoints": None,
        "ports": None,
    }
    decoded = ObjectDecoder(Kind.ENDPOINT_SLICE).decode(json.dumps(value).encode())
    assert isinstance(decoded.object, EndpointSlice)
    assert decoded.object.endpoints == ()
    assert decoded.problems == ()


def test_neither_resource_version_nor_the_last_applied_configuration_is_kept() -> None:
    found = ingress("web", rule("a.test", path("/")), annotations={LAST_APPLIED: "{}" * 1000, "kept": "yes"})
    decoded = ObjectDecoder(Kind.INGRESS).decode(json.dumps(as_json(found)).encode())
    assert decoded.object is not None
    assert decoded.object.metadata.annotations == {"kept": "yes"}
    assert decoded.object.metadata.resource_version == ""
    later = as_json(found)
    later["metadata"] |= {"resourceVersion": "1235", "annotations": {LAST_APPLIED: "other", "kept": "yes"}}
    again = ObjectDecoder(Kind.INGRESS).decode(json.dumps(later).encode())
    assert again.object == decoded.object
    assert again.resource_version == "1235"


def test_secrets_are_decoded_and_stay_private() -> None:
    found = secret("tls", "a.test")
    decoded = ObjectDecoder(Kind.SECRET).decode(json.dumps(as_json(found)).encode())
    assert isinstance(decoded.object, Secret)
    assert decoded.object.data == found.data
    assert "BEGIN" not in repr(decoded)


@pytest.mark.parametrize("value", ["?!secret!?", 17, ["c2VjcmV0"], "c2Vj*cmV0"])
def test_a_secret_that_is_no_base64_says_so_and_not_what_is_in_it(value: object) -> None:
    raw = json.dumps({"metadata": METADATA, "type": "kubernetes.io/tls", "data": {"tls.crt": value, "tls.key": ""}})
    decoded = ObjectDecoder(Kind.SECRET).decode(raw.encode())
    assert decoded.object is None
    assert decoded.key == ObjectKey(Kind.SECRET, "shop", "web")
    assert [problem.path for problem in decoded.problems] == ["data[tls.crt]"]
    assert "secret!" not in repr(decoded)
    assert "c2Vj" not in repr(decoded)


def test_an_error_names_the_field_and_keeps_the_resource_version() -> None:
    raw = json.dumps({"metadata": METADATA, "spec": {"rules": [{"host": 7}]}}).encode()
    decoded = ObjectDecoder(Kind.INGRESS).decode(raw)
    assert decoded.object is None
    assert decoded.resource_version == "1234"
    assert "spec.rules[0].host" in [problem.path for problem in decoded.problems]


def test_what_validation_finds_is_an_error_too() -> None:
    raw = json.dumps(as_json(endpoint_slice("web", endpoint("169.254.169.254")))).encode()
    decoded = ObjectDecoder(Kind.ENDPOINT_SLICE).decode(raw)
    assert decoded.object is None
    assert [problem.code for problem in decoded.problems] == ["invalid_address"]


def test_an_ingress_beyond_our_bounds_is_refused_as_from_a_file() -> None:
    paths = [path(f"/{number}") for number in range(1001)]
    decoded = ObjectDecoder(Kind.INGRESS).decode(json.dumps(as_json(ingress("web", rule("a.test", *paths)))).encode())
    assert decoded.object is None
    assert [problem.code for problem in decoded.problems] == ["too_many_paths"]
    rules = [rule(f"{number}.test", path("/")) for number in range(101)]
    decoded = ObjectDecoder(Kind.INGRESS).decode(json.dumps(as_json(ingress("web", *rules))).encode())
    assert [problem.code for problem in decoded.problems] == ["too_many_rules"]


def test_a_field_of_a_newer_api_server_is_no_problem_of_its_author() -> None:
    value = as_json(service("web"))
    value["spec"] |= {"newInKubernetes": {"a": 1}, "selector": None}
    decoded = ObjectDecoder(Kind.SERVICE).decode(json.dumps(value).encode())
    assert decoded.object is not None
    assert decoded.problems == ()


JUNK = [
    b"",
    b"null",
    b"[]",
    b"7",
    b'{"metadata": {}}',
    b'{"metadata": null}',
    b'{"metadata": {"name": 7}}',
    b'{"metadata": {"name": "a", "namespace": 7}}',
    b'{"metadata": {"name": "\xff"}}',
    b'{"metadata": ' + b"[" * 10000,
    b'{"metadata": {"name": "a"}, "a": ' + b"[" * 10000 + b"]" * 10000 + b"}",
    b'{"kind": "List", "items": [{}]}',
]


@pytest.mark.parametrize("raw", JUNK)
@pytest.mark.parametrize("kind", [Kind.INGRESS, Kind.SECRET, Kind.INGRESS_CLASS])
def test_junk_is_a_problem_and_never_an_exception(raw: bytes, kind: Kind) -> None:
    decoded = ObjectDecoder(kind).decode(raw)
    assert decoded.object is None
    assert decoded.problems


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("metadata", "name", "namespace", "spec", "rules", "http", "paths", "data", "endpoints")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(sorted(API_VERSIONS)), json_values)
def test_no_json_makes_it_raise(kind: Kind, value: object) -> None:
    decoded = ObjectDecoder(kind).decode(json.dumps(value).encode())
    assert decoded.object is not None or decoded.problems


def test_an_ingress_without_namespace_is_one_of_the_default_namespace() -> None:
    decoded = ObjectDecoder(Kind.INGRESS).decode(b'{"metadata": {"name": "web"}, "spec": {"rules": [{"host": "a.b"}]}}')
    assert isinstance(decoded.object, Ingress)
    assert decoded.key == ObjectKey(Kind.INGRESS, "default", "web")


def test_an_address_that_the_api_server_has_accepted_is_not_warned_about() -> None:
    decoded = ObjectDecoder(Kind.ENDPOINT_SLICE).decode(
        json.dumps(
            {
                "metadata": {"name": "web-x", "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}},
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["127.0.0.1"]}],
                "ports": [{"name": "", "port": 80, "protocol": "TCP"}],
            }
        ).encode()
    )
    assert decoded.object is not None
    assert decoded.problems == ()

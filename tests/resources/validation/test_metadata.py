from __future__ import annotations

import pytest

from ingressd.resources.config_map import ConfigMap
from ingressd.resources.endpoint_slice import SERVICE_NAME_LABEL, EndpointSlice
from ingressd.resources.key import Kind
from ingressd.resources.metadata import Metadata
from ingressd.resources.namespace import Namespace
from ingressd.resources.object import KubernetesObject
from ingressd.resources.service import Port, Service, ServiceSpec
from ingressd.resources.validation import validate
from ingressd.resources.validation.metadata import MOST_ANNOTATION_BYTES, NAME_SYNTAX


def test_every_kind_has_a_rule_for_its_name() -> None:
    assert set(NAME_SYNTAX) == set(Kind)


@pytest.mark.parametrize(
    "resource",
    [
        Namespace(metadata=Metadata(name="shop")),
        ConfigMap(metadata=Metadata(name="a.b", namespace="shop")),
        EndpointSlice(metadata=Metadata(name="web.a-1", namespace="shop", labels={SERVICE_NAME_LABEL: "web"})),
        Service(metadata=Metadata(name="2048", namespace="shop"), spec=ServiceSpec(ports=(Port(port=80),))),
        ConfigMap(
            metadata=Metadata(name="a", namespace="b", labels={"a.b/C": ""}, annotations={"A.b/c": "\n", "d": ""})
        ),
    ],
)
def test_valid(resource: KubernetesObject) -> None:
    assert validate(resource) == ()


@pytest.mark.parametrize(
    ("metadata", "code", "path"),
    [
        (Metadata(name="A", namespace="shop"), "invalid_name", "metadata.name"),
        (Metadata(name="a", namespace="a.b"), "invalid_name", "metadata.namespace"),
        (Metadata(name="a", namespace="a", labels={"/": ""}), "invalid_label", "metadata.labels[/]"),
        (Metadata(name="a", namespace="a", labels={"a.b/c": "d e"}), "invalid_label", "metadata.labels[a.b/c]"),
        (Metadata(name="a", namespace="a", annotations={"a b": ""}), "invalid_annotation", "metadata.annotations[a b]"),
        (
            Metadata(name="a", namespace="a", annotations={"a": "x" * MOST_ANNOTATION_BYTES}),
            "too_large",
            "metadata.annotations",
        ),
    ],
)
def test_errors(metadata: Metadata, code: str, path: str) -> None:
    (problem,) = validate(ConfigMap(metadata=metadata))
    assert (problem.severity, problem.code, problem.path) == ("error", code, path)
    assert problem.key == ConfigMap(metadata=metadata).key
    assert problem.advice


@pytest.mark.parametrize(
    "resource",
    [
        Namespace(metadata=Metadata(name="a.b")),
        Service(metadata=Metadata(name="a.b", namespace="shop"), spec=ServiceSpec(ports=(Port(port=80),))),
    ],
)
def test_names_without_dots(resource: KubernetesObject) -> None:
    (problem,) = validate(resource)
    assert problem.path == "metadata.name"

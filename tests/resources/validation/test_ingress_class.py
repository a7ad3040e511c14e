from __future__ import annotations

import pytest

from ingressd.resources.ingress_class import IngressClass, IngressClassParameters, IngressClassSpec
from ingressd.resources.metadata import Metadata
from ingressd.resources.validation import validate


def ingress_class(
    controller: str = "ingressd.dev/controller", parameters: IngressClassParameters | None = None
) -> IngressClass:
    spec = IngressClassSpec(controller=controller, parameters=parameters)
    return IngressClass(metadata=Metadata(name="ingressd"), spec=spec)


@pytest.mark.parametrize(
    "resource",
    [
        ingress_class(),
        ingress_class(parameters=IngressClassParameters(kind="ConfigMap", name="a", api_group="a.example")),
        ingress_class(
            parameters=IngressClassParameters(kind="ConfigMap", name="a", scope="Namespace", namespace="shop")
        ),
    ],
)
def test_valid(resource: IngressClass) -> None:
    assert validate(resource) == ()


@pytest.mark.parametrize(
    ("resource", "code", "path"),
    [
        (ingress_class(""), "missing_field", "spec.controller"),
        (ingress_class("nginx"), "invalid_controller", "spec.controller"),
        (ingress_class("a.example/" + "b" * 250), "invalid_controller", "spec.controller"),
        (ingress_class(parameters=IngressClassParameters(name="a")), "missing_field", "spec.parameters.kind"),
        (ingress_class(parameters=IngressClassParameters(kind="a")), "missing_field", "spec.parameters.name"),
        (
            ingress_class(parameters=IngressClassParameters(kind="a", name="..")),
            "invalid_name",
            "spec.parameters.name",
        ),
        (
            ingress_class(parameters=IngressClassParameters(kind="a", name="a", api_group="_")),
            "invalid_name",
            "spec.parameters.apiGroup",
        ),
        (
            ingress_class(parameters=IngressClassParameters(kind="a", name="a", namespace="a")),
            "invalid_parameters",
            "spec.parameters.namespace",
        ),
        (
            ingress_class(parameters=IngressClassParameters(kind="a", name="a", scope="Namespace")),
            "missing_field",
            "spec.parameters.namespace",
        ),
        (
            ingress_class(parameters=IngressClassParameters(kind="a", name="a", scope="Namespace", namespace="A")),
            "invalid_name",
            "spec.parameters.namespace",
        ),
        (
            ingress_class(parameters=IngressClassParameters(kind="a", name="a", scope="cluster")),
            "invalid_parameters",
            "spec.parameters.scope",
        ),
    ],
)
def test_errors(resource: IngressClass, code: str, path: str) -> None:
    (problem,) = validate(resource)
    assert (problem.severity, problem.code, problem.path) == ("error", code, path)

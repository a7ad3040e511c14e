from __future__ import annotations

import pytest

from ingressd.resources.metadata import Metadata
from ingressd.resources.service import Port, Service, ServiceSpec
from ingressd.resources.validation import validate

HTTP = Port(name="http", port=80)


def service(spec: ServiceSpec) -> Service:
    return Service(metadata=Metadata(name="web", namespace="shop"), spec=spec)


def with_port(port: Port) -> ServiceSpec:
    return ServiceSpec(ports=(port,))


@pytest.mark.parametrize(
    "spec",
    [
        ServiceSpec(ports=(Port(port=80),)),
        ServiceSpec(ports=(HTTP, Port(name="dns", port=80, protocol="UDP"))),
        ServiceSpec(cluster_ip="None"),
        ServiceSpec(cluster_ip="fd00::1", ports=(HTTP,)),
        ServiceSpec(type="ExternalName", external_name="api.example."),
        ServiceSpec(type="LoadBalancer", ports=(Port(port=80, target_port="http", app_protocol="kubernetes.io/h2c"),)),
        ServiceSpec(ports=(HTTP,), session_affinity="ClientIP", selector={"app.kubernetes.io/name": "web"}),
    ],
)
def test_valid(spec: ServiceSpec) -> None:
    assert validate(service(spec)) == ()


@pytest.mark.parametrize(
    ("spec", "code", "path"),
    [
        (ServiceSpec(), "missing_field", "spec.ports"),
        (ServiceSpec(type="Clusterip", ports=(HTTP,)), "unsupported_value", "spec.type"),
        (ServiceSpec(session_affinity="Cookie", ports=(HTTP,)), "unsupported_value", "spec.sessionAffinity"),
        (ServiceSpec(cluster_ip="none", ports=(HTTP,)), "invalid_address", "spec.clusterIP"),
        (ServiceSpec(type="NodePort", cluster_ip="None", ports=(HTTP,)), "invalid_address", "spec.clusterIP"),
        (
            ServiceSpec(type="ExternalName", external_name="a", cluster_ip="10.0.0.1"),
            "invalid_address",
            "spec.clusterIP",
        ),
        (ServiceSpec(type="ExternalName"), "missing_field", "spec.externalName"),
        (ServiceSpec(type="ExternalName", external_name="http://a"), "invalid_name", "spec.externalName"),
        (ServiceSpec(ports=(HTTP,), selector={"a": "b c"}), "invalid_label", "spec.selector.a"),
        (with_port(Port(port=0)), "invalid_port", "spec.ports[0].port"),
        (with_port(Port(port=80, name="HTTP")), "invalid_port", "spec.ports[0].name"),
        (with_port(Port(port=80, target_port=0)), "invalid_port", "spec.ports[0].targetPort"),
        (with_port(Port(port=80, target_port="80")), "invalid_port", "spec.ports[0].targetPort"),
        (with_port(Port(port=80, protocol="tcp")), "unsupported_value", "spec.ports[0].protocol"),
        (with_port(Port(port=80, app_protocol="a b")), "invalid_name", "spec.ports[0].appProtocol"),
        (ServiceSpec(ports=(HTTP, Port(port=81))), "missing_field", "spec.ports[1].name"),
        (ServiceSpec(ports=(HTTP, Port(name="http", port=81))), "duplicate_port", "spec.ports[1].name"),
        (ServiceSpec(ports=(HTTP, Port(name="http2", port=80))), "duplicate_port", "spec.ports[1].port"),
    ],
)
def test_errors(spec: ServiceSpec, code: str, path: str) -> None:
    (problem,) = validate(service(spec))
    assert (problem.severity, problem.code, problem.path) == ("error", code, path)
    assert problem.advice

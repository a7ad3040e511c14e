from __future__ import annotations

import pytest

from ingressd.resources.ingress import (
    Backend,
    HttpPath,
    HttpRule,
    Ingress,
    IngressSpec,
    ResourceBackend,
    Rule,
    ServiceBackend,
    ServicePort,
    Tls,
)
from ingressd.resources.metadata import Metadata
from ingressd.resources.validation import validate

WEB = Backend(ServiceBackend("web", ServicePort(number=80)))


def ingress(*rules: Rule, default: Backend | None = None, tls: tuple[Tls, ...] = ()) -> Ingress:
    spec = IngressSpec(rules=rules, default_backend=default, tls=tls)
    return Ingress(metadata=Metadata(name="web", namespace="shop"), spec=spec)


def with_path(path: str, path_type: str = "Prefix", backend: Backend = WEB) -> Ingress:
    return ingress(Rule("a.example", HttpRule((HttpPath(path=path, path_type=path_type, backend=backend),))))


def with_backend(backend: Backend) -> Ingress:
    return with_path("/", backend=backend)


def found(resource: Ingress) -> list[tuple[str, str, str]]:
    problems = validate(resource)
    assert all(problem.key == resource.key and problem.advice for problem in problems)
    return [(problem.severity.value, problem.code, problem.path) for problem in problems]


@pytest.mark.parametrize(
    "resource",
    [
        ingress(default=WEB),
        ingress(Rule("a.example")),
        ingress(Rule("*.a.example", HttpRule((HttpPath(path="/", path_type="Exact", backend=WEB),)))),
        ingress(
            Rule("", HttpRule((HttpPath(path="/", path_type="Exact", backend=WEB),))), tls=(Tls(), Tls(("a",), "b"))
        ),
        with_path("/foo/"),
        with_path("/a..b/.c/d./...e"),
        with_path("", "ImplementationSpecific"),
        with_path("/a//b/../c", "ImplementationSpecific"),
        with_backend(Backend(ServiceBackend("web", ServicePort(name="http")))),
        with_backend(Backend(resource=ResourceBackend("Bucket", "static", "storage.example"))),
        with_backend(Backend(resource=ResourceBackend("Bucket", "static"))),
    ],
)
def test_valid(resource: Ingress) -> None:
    assert found(resource) == []


PATH = "spec.rules[0].http.paths[0]"


@pytest.mark.parametrize(
    ("resource", "code", "path"),
    [
        (ingress(), "missing_field", "spec"),
        (ingress(Rule("10.0.0.1")), "invalid_host", "spec.rules[0].host"),
        (ingress(Rule("a"), Rule("B")), "invalid_host", "spec.rules[1].host"),
        (ingress(Rule("a", HttpRule())), "missing_field", "spec.rules[0].http.paths"),
        (ingress(default=Backend()), "invalid_backend", "spec.defaultBackend"),
        (with_path("/", ""), "invalid_path_type", f"{PATH}.pathType"),
        (with_path("/", "prefix"), "invalid_path_type", f"{PATH}.pathType"),
        (with_path("", "Exact"), "invalid_path", f"{PATH}.path"),
        (with_path("a", "Prefix"), "invalid_path", f"{PATH}.path"),
        (with_path("a", "ImplementationSpecific"), "invalid_path", f"{PATH}.path"),
        (with_path("/a//b"), "invalid_path", f"{PATH}.path"),
        (with_path("/a/./b"), "invalid_path", f"{PATH}.path"),
        (with_path("/a/../b", "Exact"), "invalid_path", f"{PATH}.path"),
        (with_path("/a%2fb"), "invalid_path", f"{PATH}.path"),
        (with_path("/a%2Fb"), "invalid_path", f"{PATH}.path"),
        (with_path("/a/.."), "invalid_path", f"{PATH}.path"),
        (with_path("/a/."), "invalid_path", f"{PATH}.path"),
        (with_backend(Backend()), "invalid_backend", f"{PATH}.backend"),
        (
            with_backend(Backend(WEB.service, ResourceBackend("Bucket", "static"))),
            "invalid_backend",
            f"{PATH}.backend",
        ),
        (
            with_backend(Backend(ServiceBackend("", ServicePort(number=80)))),
            "missing_field",
            f"{PATH}.backend.service.name",
        ),
        (
            with_backend(Backend(ServiceBackend("other/web", ServicePort(number=80)))),
            "invalid_name",
            f"{PATH}.backend.service.name",
        ),
        (with_backend(Backend(ServiceBackend("web"))), "invalid_port", f"{PATH}.backend.service.port"),
        (
            with_backend(Backend(ServiceBackend("web", ServicePort("http", 80)))),
            "invalid_port",
            f"{PATH}.backend.service.port",
        ),
        (
            with_backend(Backend(ServiceBackend("web", ServicePort("80")))),
            "invalid_port",
            f"{PATH}.backend.service.port.name",
        ),
        (
            with_backend(Backend(ServiceBackend("web", ServicePort(number=70000)))),
            "invalid_port",
            f"{PATH}.backend.service.port.number",
        ),
        (
            with_backend(Backend(resource=ResourceBackend("", "static"))),
            "missing_field",
            f"{PATH}.backend.resource.kind",
        ),
        (
            with_backend(Backend(resource=ResourceBackend("Bucket", "a/b"))),
            "invalid_name",
            f"{PATH}.backend.resource.name",
        ),
        (
            with_backend(Backend(resource=ResourceBackend("Bucket", "a", "B"))),
            "invalid_name",
            f"{PATH}.backend.resource.apiGroup",
        ),
        (ingress(default=WEB, tls=(Tls(("*",)),)), "invalid_host", "spec.tls[0].hosts[0]"),
        (ingress(default=WEB, tls=(Tls((), "other/tls"),)), "invalid_name", "spec.tls[0].secretName"),
    ],
)
def test_errors(resource: Ingress, code: str, path: str) -> None:
    assert found(resource) == [("error", code, path)]


def test_the_class_name_is_a_name() -> None:
    spec = IngressSpec(default_backend=WEB, ingress_class_name="")
    resource = Ingress(metadata=Metadata(name="web", namespace="shop"), spec=spec)
    assert found(resource) == [("error", "invalid_name", "spec.ingressClassName")]

from __future__ import annotations

import pytest

from ingressd.resources.findings import Findings
from ingressd.resources.ingress import Backend, ResourceBackend
from ingressd.routing.upstream import upstream_key
from ingressd.translate.backends import Target, read_backend
from tests.support.objects import backend


@pytest.mark.parametrize(("port", "text"), [(80, "80"), ("http", "http"), (65535, "65535")])
def test_a_service_port(port: int | str, text: str) -> None:
    problems = Findings()
    found = read_backend(backend("web", port), "shop", "there", problems)
    assert found == Target(upstream_key("shop", "web", text), "web", text)
    assert problems.problems(None) == ()


@pytest.mark.parametrize(
    ("written", "code", "field"),
    [
        (Backend(), "no_backend", "there"),
        (
            Backend(resource=ResourceBackend("StorageBucket", "static", "k8s.example.com")),
            "resource_backend",
            "there.resource",
        ),
        (backend("", 80), "invalid_backend", "there.service.name"),
        (backend("other/web", 80), "invalid_backend", "there.service.name"),
        (backend("web:80", 80), "invalid_backend", "there.service.name"),
        (backend("web", 0), "invalid_backend", "there.service.port"),
        (backend("web", 65536), "invalid_backend", "there.service.port"),
        (backend("web", "a:b"), "invalid_backend", "there.service.port"),
        (backend("web", "a/b"), "invalid_backend", "there.service.port"),
    ],
)
def test_a_backend_that_is_not_served(written: Backend, code: str, field: str) -> None:
    problems = Findings()
    assert read_backend(written, "shop", "there", problems).upstream is None
    (problem,) = problems.problems(None)
    assert (problem.code, problem.path) == (code, field)

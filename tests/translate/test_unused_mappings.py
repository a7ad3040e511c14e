"""Mappings that change nothing."""

from __future__ import annotations

import pytest

from ingressd.resources.change import Applied
from ingressd.resources.metadata import Metadata
from ingressd.resources.problem import Severity
from ingressd.resources.service import Port, Service, ServiceSpec
from ingressd.resources.store import Store
from ingressd.routing.upstream import UpstreamKey
from ingressd.translate.local_endpoints import LocalEndpoint, LocalEndpoints
from ingressd.translate.unused_mappings import MAX_NAMES_SHOWN, MAX_REPORTED, unused_mappings

UPSTREAMS = [UpstreamKey(key) for key in ("shop/web:http", "shop/web:9090", "blog/posts:80")]


def texts(*mappings: str, upstreams: list[UpstreamKey] = UPSTREAMS) -> list[tuple[str, str]]:
    entries = LocalEndpoints(tuple(LocalEndpoint.parse(text) for text in mappings))
    problems = unused_mappings(entries, upstreams, Store())
    assert {(problem.severity, problem.code, problem.key) for problem in problems} <= {
        (Severity.WARNING, "unused_mapping", None)
    }
    return [(problem.message, problem.advice) for problem in problems]


@pytest.mark.parametrize("mapping", ["web=1", "shop/web=1", "web:http=1", "shop/web:9090=1", "posts:80=1"])
def test_a_mapping_that_is_used_is_no_problem(mapping: str) -> None:
    assert texts(mapping) == []


@pytest.mark.parametrize(
    ("mapping", "message", "advice"),
    [
        (
            "wbe=3000",
            "--map wbe=3000 has no effect: no Ingress that is served uses a Service wbe.",
            "Did you mean web?",
        ),
        (
            "blog/post=10.0.0.9:1",
            "--map blog/post=10.0.0.9:1 has no effect: no Ingress that is served uses a Service post in namespace "
            "blog.",
            "Did you mean posts?",
        ),
        (
            "zzz=1",
            "--map zzz=1 has no effect: no Ingress that is served uses a Service zzz.",
            "Ingresses use Services posts, web: correct the name, or remove the mapping.",
        ),
        (
            "blog/web=1",
            "--map blog/web=1 has no effect: no Ingress that is served uses a Service web in namespace blog.",
            "Ingresses use one in namespace shop: write that one, or leave the namespace out.",
        ),
        (
            "web:bad=3000",
            "--map web:bad=3000 has no effect: no Ingress that is served uses port bad of Service web.",
            "Ingresses use its ports 9090, http: name that, or leave the port out.",
        ),
        (
            "other/zzz=1",
            "--map other/zzz=1 has no effect: no Ingress that is served uses a Service zzz in namespace other.",
            "No Ingress in namespace other uses any Service: check the paths of the manifests, or remove the mapping.",
        ),
    ],
)
def test_a_mapping_that_matches_nothing(mapping: str, message: str, advice: str) -> None:
    assert texts(mapping) == [(message, advice)]


def test_a_mapping_that_others_leave_nothing_to() -> None:
    [(message, advice)] = texts("posts=1", "blog/posts=2")
    assert message == "--map posts=1 has no effect: every Service port that it stands for is mapped more precisely."
    assert advice == "Remove it, or the --map that has a namespace or a port."


def test_a_port_has_the_spellings_of_its_service() -> None:
    store = Store()
    ports = (Port(name="http", port=80), Port(name="admin", port=9090))
    store.apply(Applied(Service(metadata=Metadata(name="web", namespace="shop"), spec=ServiceSpec(ports=ports))))
    mappings = LocalEndpoints((LocalEndpoint.parse("web:80=1"), LocalEndpoint.parse("web:admin=2")))
    assert unused_mappings(mappings, UPSTREAMS, store) == ()


def test_without_mappings_or_ingresses() -> None:
    assert texts() == []
    [(_, advice)] = texts("web=1", upstreams=[])
    assert advice.startswith("No Ingress uses any Service: ")


def test_a_flood_is_counted() -> None:
    found = texts(*(f"zzz{number}=1" for number in range(MAX_REPORTED + 5)))
    assert len(found) == MAX_REPORTED + 1
    assert found[-1][0] == "5 more mappings of --map have no effect."


def test_many_names_are_cut() -> None:
    upstreams = [UpstreamKey(f"shop/s{number:03}:80") for number in range(MAX_NAMES_SHOWN + 5)]
    [(_, advice)] = texts("queue=1", upstreams=upstreams)
    assert "s009, …: " in advice
    assert "s010" not in advice

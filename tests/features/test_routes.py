"""``ingressd routes``: which URL leads where, without serving."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.manifests import backend, endpoint_slice, ingress, path, rule, save, service, tls_secret
from tests.support.running import Finished, ingressd
from tests.tls.certificates import certify, key_text, new_key

ROWS = [
    ("a.test", "/", "prefix", "default/web#0/0", "web", 1, ""),
    ("a.test", "/cart", "exact", "default/web#0/1", "web", 1, ""),
    ("a.test", "/cart", "prefix", "default/web#0/2", "missing", 0, "no_service"),
    ("a.test", "/", "default", "default/web", "web", 1, ""),
    ("*.a.test", "/", "prefix", "default/web#1/0", "pair", 2, ""),
    ("*.a.test", "/", "default", "default/web", "web", 1, ""),
    ("", "/", "default", "default/any", "web", 1, ""),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found: Path = tmp_path_factory.mktemp("routes")
    key = new_key()
    save(
        found / "all.yaml",
        ingress(
            "web",
            rule("a.test", path("/", "web"), path("/cart", "web", kind="Exact"), path("/cart", "missing")),
            rule("*.a.test", path("/", "pair")),
            default=backend("web"),
            tls=[{"hosts": ["a.test"], "secretName": "a"}],
        ),
        ingress("any", default=backend("web")),
        service("pair"),
        endpoint_slice("pair-1", "pair", 8001),
        endpoint_slice("pair-2", "pair", 8002),
        tls_secret("a", certify(key), key_text(key)),
    )
    return found


def routes(folder: Path, *arguments: str) -> Finished:
    return ingressd(folder, "routes", "all.yaml", "--map", "web=3000", *arguments)


def test_every_route_is_a_row(folder: Path) -> None:
    finished = routes(folder, "--json")
    found = [
        tuple(route[name] for name in ("host", "path", "kind", "origin", "service", "endpoints", "unavailable"))
        for route in finished.document["routes"]
    ]
    assert found == ROWS


def test_addresses_and_certificates(folder: Path) -> None:
    rows = routes(folder, "--json").document["routes"]
    assert rows[0]["addresses"] == ["127.0.0.1:3000"]
    assert rows[4]["addresses"] == ["127.0.0.1:8001", "127.0.0.1:8002"]
    assert {row["host"]: row["tls_secret"] for row in rows} == {"a.test": "default/a", "*.a.test": "", "": ""}


def test_the_table(folder: Path) -> None:
    finished = routes(folder)
    heading, *lines = finished.output.splitlines()
    assert heading.split() == ["URL", "MATCH", "INGRESS", "SERVICE", "ENDPOINTS"]
    assert [line.split()[0] for line in lines] == [
        *("a.test/", "a.test/cart", "a.test/cart", "a.test/", "*.a.test/", "*.a.test/", "*/"),
    ]
    assert lines[2].split() == ["a.test/cart", "prefix", "default/web#0/2", "missing:80", "none", "(no_service)"]
    assert lines[4].endswith("127.0.0.1:8001, 127.0.0.1:8002")


def test_problems_go_to_standard_error(folder: Path) -> None:
    finished = routes(folder)
    assert finished.code == 1
    assert (
        "error: Ingress default/web spec.rules[0].http.paths[2].backend: There is no Service missing" in finished.errors
    )
    assert "error" not in finished.output


def test_without_errors_it_ends_with_0(folder: Path) -> None:
    finished = routes(folder, "--map", "missing=3001", "--map", "pair=3002")
    assert finished.code == 0


def test_only_one_class(folder: Path) -> None:
    save(
        folder / "classes" / "all.yaml",
        ingress("one", rule("one.test", path("/", "web")), class_name="one"),
        ingress("two", rule("two.test", path("/", "web")), class_name="two"),
    )
    finished = ingressd(folder, "routes", "classes", "--json", "--map", "web=1", "--ingress-class", "two")
    assert [route["host"] for route in finished.document["routes"]] == ["two.test"]


def test_nothing_to_show(tmp_path: Path) -> None:
    save(tmp_path / "all.yaml", service("web"))
    finished = ingressd(tmp_path, "routes", ".")
    assert (finished.code, finished.output) == (2, "")

"""``ingressd routes``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command_line import SHOP, RunCli

OLD = (
    SHOP.partition("---\n")[0].replace("name: web", "name: old").replace("spec:", "spec:\n  ingressClassName: nginx", 1)
)


def test_the_table(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("routes", "k8s", "--map", "cart=3000")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "URL                  MATCH   INGRESS       SERVICE  ENDPOINTS\n"
        "shop.localhost/cart  prefix  shop/web#0/0  cart:80  127.0.0.1:3000\n"
    )


def test_problems_go_to_standard_error(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("routes", "k8s")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].endswith("none (no_endpoints)")
    assert "warning: Ingress shop/web" in done.stderr
    assert done.stderr.endswith("1 warning\n")


def test_errors_end_with_1_and_the_rest_is_shown(run_cli: RunCli, shop: Path) -> None:
    (shop / "other.yaml").write_text(
        SHOP.partition("---\n")[0].replace("name: web", "name: other").replace("/cart", "x")
    )
    done = run_cli("routes", "k8s", "--map", "cart=3000")
    assert done.returncode == 1
    assert "shop.localhost/cart" in done.stdout
    assert "error: Ingress shop/other" in done.stderr


def test_json(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("routes", "k8s", "--map", "cart=3000", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (document["errors"], document["warnings"], document["problems"]) == (0, 0, [])
    [route] = document["routes"]
    assert {name: route[name] for name in ("host", "path", "kind", "origin", "service", "addresses")} == {
        "host": "shop.localhost",
        "path": "/cart",
        "kind": "prefix",
        "origin": "shop/web#0/0",
        "service": "cart",
        "addresses": ["127.0.0.1:3000"],
    }


def test_ingresses_of_others_go_to_standard_error(run_cli: RunCli, shop: Path) -> None:
    (shop / "old.yaml").write_text(OLD)
    done = run_cli("routes", "k8s", "--map", "cart=3000", "--ingress-class", "internal")
    assert (done.returncode, done.stdout.count("\n")) == (0, 2)
    assert done.stderr.startswith("not served: Ingress shop/old: It names class ")
    assert done.stderr.count("\n") == 1
    done = run_cli("routes", "k8s", "--map", "cart=3000", "--ingress-class", "internal", "--json")
    assert done.stderr == ""
    [found] = json.loads(done.stdout)["not_served"]
    assert (found["namespace"], found["name"]) == ("shop", "old")
    assert found["why"].startswith("It names class ")


def test_nothing_to_show(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run_cli("routes", "empty", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout) == {
        "routes": [],
        "errors": 0,
        "warnings": 0,
        "problems": [],
        "not_served": [],
    }
    assert "nothing to serve: there is no Ingress in empty" in done.stderr


def test_nothing_but_errors(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kind: [\n")
    done = run_cli("routes", "bad.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bad.yaml:1: error: ")
    assert "nothing to serve: no Ingress in bad.yaml could be read; see the errors above" in done.stderr


def test_nothing_but_errors_as_json(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kind: [\n")
    done = run_cli("routes", "bad.yaml", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert (document["routes"], document["errors"]) == ([], 1)

"""``ingressd explain``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command_line import RunCli


def test_a_request_that_is_forwarded(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("explain", "GET", "http://SHOP.localhost/x/../cart/1", "k8s", "--map", "cart=3000")
    assert (done.returncode, done.stderr) == (0, "")
    assert "SHOP.localhost is compared as shop.localhost" in done.stdout
    assert "/x/../cart/1 is compared as /cart/1" in done.stdout
    assert "✓ prefix /cart of shop/web#0/0: " in done.stdout
    assert "Ingress shop/web, rule 0, path 0 at k8s/shop.yaml:11" in done.stdout
    assert "Service shop/cart, port 80" in done.stdout
    assert done.stdout.splitlines()[-1] == "Forwarded: The request is forwarded to 127.0.0.1:3000."


def test_a_request_that_is_not_forwarded_ends_with_1(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("explain", "GET", "shop.localhost/other", "k8s")
    assert done.returncode == 1
    assert "✗ prefix /cart of shop/web#0/0: Prefix /cart does not match" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("404 no_path: ")


def test_json(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("explain", "GET", "http://shop.localhost/cart", "k8s", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["winner"]["location"] == {"file": "k8s/shop.yaml", "line": 11}
    assert document["answer"]["reason"] == "no_endpoints"
    assert [(found["code"], found["file"]) for found in document["problems"]] == [("no_endpoints", "k8s/shop.yaml")]


def test_what_is_no_url(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("explain", "GET", "http://a b/", "k8s")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith('ingressd: URL must be http(s)://host/path: "a b" is no host')


def test_a_forgotten_url(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("explain", "GET", "./k8s")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith('ingressd: URL must be http(s)://host/path, and "./k8s" is a place of manifests')


def test_a_mapping_without_effect(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("explain", "GET", "http://shop.localhost/cart", "k8s", "--map", "crt=1", "--json")
    assert json.loads(done.stdout)["answer"]["reason"] == "no_endpoints"
    assert done.stderr.startswith("warning: --map crt=1 has no effect: ")

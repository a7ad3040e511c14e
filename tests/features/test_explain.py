"""``ingressd explain``: every step by which a request finds its endpoint, and why each other candidate lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.manifests import (
    as_yaml,
    backend,
    endpoint,
    endpoint_slice,
    ingress,
    path,
    rule,
    save,
    service,
    tls_secret,
)
from tests.support.running import Finished, ingressd
from tests.tls.certificates import certify, key_text, new_key

SHOP = as_yaml(
    ingress(
        "web",
        rule(
            "shop.test",
            path("/", "site"),
            path("/cart", "cart", "http"),
            path("/cart", "site", kind="Exact"),
            path("/cart/items/old", "site"),
        ),
        namespace="default",
        class_name="nginx",
        tls=[{"hosts": ["shop.test"], "secretName": "shop"}],
    )
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found: Path = tmp_path_factory.mktemp("explain")
    key = new_key()
    save(
        found / "k8s" / "shop.yaml",
        SHOP,
        service("cart", {"name": "http", "port": 80, "targetPort": 8080}),
        endpoint_slice(
            "cart-x",
            "cart",
            8080,
            endpoint("10.1.0.1", uid="one", ready=True),
            endpoint("10.1.0.2", uid="two", ready=False, serving=True, terminating=True),
            endpoint("10.1.0.3", uid="three", ready=False),
            port_name="http",
        ),
        service("site"),
        tls_secret("shop", certify(key), key_text(key)),
    )
    save(
        found / "k8s" / "other.yaml",
        ingress("late", rule("shop.test", path("/cart", "late")), created="2025-01-01T00:00:00Z"),
        ingress("wild", rule("*.test", path("/", "site"))),
        ingress("any", default=backend("site")),
        ingress(
            "api",
            rule("api.test", path("/v1(/|$)(.*)", "api", kind="ImplementationSpecific")),
            annotations={"nginx.ingress.kubernetes.io/rewrite-target": "/$2"},
        ),
    )
    return found


def explain(folder: Path, url: str, *arguments: str, method: str = "GET") -> Finished:
    return ingressd(folder, "explain", method, url, "k8s", "--map", "api=3000", *arguments)


def explained(folder: Path, url: str) -> dict[str, Any]:
    document = explain(folder, url, "--json").document
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="module")
def items(folder: Path) -> dict[str, Any]:
    return explained(folder, "https://SHOP.test.:8443/site/..//cart/%69tems?x=1")


def test_the_canonical_host_and_path(items: dict[str, Any]) -> None:
    assert items["host"]["canonical"] == "shop.test"
    assert len(items["host"]["changes"]) == 2
    assert items["path"] == {
        "written": "/site/..//cart/%69tems",
        "canonical": "/cart/items",
        "changes": [
            "Escapes are in one spelling: letters, digits and -._~ plain, the others in upper case.",
            "Runs of slashes are one slash.",
            "The segments . and .. are resolved.",
        ],
    }


def test_the_hosts_that_could_take_it(items: dict[str, Any]) -> None:
    assert [(each["host"], each["kind"], each["matched"], each["chosen"]) for each in items["hosts"]] == [
        ("shop.test", "exact", True, True),
        ("*.test", "wildcard", True, False),
        ("", "any", True, False),
    ]
    assert all(each["why"].endswith(".") for each in items["hosts"])


def test_the_paths_that_could_take_it_and_why_each_lost(items: dict[str, Any]) -> None:
    found = {(each["kind"], each["path"], each["origin"]): each for each in items["routes"]}
    won = [key for key, each in found.items() if each["won"]]
    assert won == [("prefix", "/cart", "default/web#0/1")]
    whys = {key[2]: each["why"] for key, each in found.items()}
    assert whys["default/web#0/0"] == "It matches, but with 0 elements, and /cart has 1."
    assert whys["default/web#0/2"] == "Exact /cart is not equal to /cart/items."
    assert whys["default/web#0/3"].endswith("it has 3 elements, and the path has 2 elements.")
    assert whys["default/late#0/0"] == "It is not served: default/web#0/1 comes first and has the same path."


def test_the_rule_that_wins_and_its_place(items: dict[str, Any]) -> None:
    winner = items["winner"]
    assert (winner["namespace"], winner["ingress"], winner["rule"], winner["path"]) == ("default", "web", 0, 1)
    line = SHOP.splitlines().index("      - path: /cart") + 1
    assert winner["location"] == {"file": "k8s/shop.yaml", "line": line}
    assert winner["class_name"] == "nginx"


def test_the_certificate(items: dict[str, Any], folder: Path) -> None:
    assert items["certificate"]["secret"] == "default/shop"
    assert items["certificate"]["why"] == "default/web lists shop.test under tls[0]."
    assert explained(folder, "https://unknown.example/")["certificate"]["secret"] == ""


def test_where_no_secret_gives_one_the_local_ca_does(folder: Path) -> None:
    text = explain(folder, "https://unknown.example/").output
    assert "\nTLS certificate\n  a certificate of the local CA for unknown.example\n" in text


def test_a_request_without_tls_meets_no_certificate(folder: Path) -> None:
    assert "certificate" not in explain(folder, "http://unknown.example/").output
    assert explained(folder, "http://shop.test/cart")["certificate"]["secret"] == "default/shop"


def test_the_backend_and_its_endpoints_with_conditions(items: dict[str, Any]) -> None:
    found = items["backend"]
    assert (found["namespace"], found["service"], found["port"]) == ("default", "cart", "http")
    assert (found["service_port"], found["target_port"]) == ("http (80)", "8080")
    assert found["used"] == ["10.1.0.1:8080"]
    assert found["why"] == "1 of 3 endpoints take requests."
    names = ("address", "pod", "slice", "ready", "serving", "terminating", "used")
    assert [tuple(each[name] for name in names) for each in found["endpoints"]] == [
        ("10.1.0.1:8080", "pod-one", "cart-x", True, None, None, True),
        ("10.1.0.2:8080", "pod-two", "cart-x", False, True, True, False),
        ("10.1.0.3:8080", "pod-three", "cart-x", False, None, None, False),
    ]


def test_the_answer(items: dict[str, Any]) -> None:
    assert items["answer"] == {
        "forwarded": True,
        "status": None,
        "reason": "",
        "why": "The request is forwarded to 10.1.0.1:8080.",
    }


def test_the_problems_of_the_objects_involved(items: dict[str, Any]) -> None:
    conflict = next(problem for problem in items["problems"] if problem["code"] == "path_conflict")
    assert (conflict["name"], conflict["file"]) == ("late", "k8s/other.yaml")


def test_the_text_says_the_same_in_the_same_order(folder: Path) -> None:
    finished = explain(folder, "https://shop.test/cart/items")
    assert finished.code == 0
    assert finished.errors == ""
    text = finished.output
    places = [
        text.index(part)
        for part in (
            "GET https://shop.test/cart/items",
            "\nHost\n",
            "✓ shop.test: It is the host of the request.",
            "✗ *.test: It matches, but shop.test is more precise and decides.",
            "\nTLS certificate\n  Secret default/shop\n",
            "\nPath\n",
            "✓ prefix /cart of default/web#0/1: ",
            "✗ exact /cart of default/web#0/2: Exact /cart is not equal to /cart/items.",
            "\nRule\n  Ingress default/web, rule 0, path 1 at k8s/shop.yaml:",
            "\nBackend\n  Service default/cart, port http, which is Service port http (80) to container port 8080\n",
            "✓ 10.1.0.1:8080 pod pod-one in EndpointSlice cart-x (ready true, serving not set, terminating not set)",
            "✗ 10.1.0.3:8080 pod pod-three",
            "\nForwarded: The request is forwarded to 10.1.0.1:8080.",
        )
    ]
    assert places == sorted(places)


def test_a_rewrite_shows_what_it_captured(folder: Path) -> None:
    winner = explained(folder, "http://api.test/v1/users/7")["winner"]
    assert winner["annotations"] == {"nginx.ingress.kubernetes.io/rewrite-target": "/$2"}
    assert (winner["rewrite"], winner["captures"]) == ("/$2", ["/", "users/7"])
    text = explain(folder, "http://api.test/v1/users/7").output
    assert "the path becomes /users/7: /$2 with $1 = '/', $2 = 'users/7'" in text
    assert "127.0.0.1:3000" in text


@pytest.mark.parametrize(
    ("url", "status", "reason"),
    [
        ("http://a.b.test/", 503, "no_endpoints"),
        ("http://shop.test/../x", 400, "malformed_request"),
        ("http://shop.test/", 503, "no_endpoints"),
        ("http://api.test/v2", 503, "no_endpoints"),
    ],
)
def test_an_answer_of_ingressd_ends_with_1(folder: Path, url: str, status: int, reason: str) -> None:
    finished = explain(folder, url, "--json")
    assert finished.code == 1
    answer = finished.document["answer"]
    assert (answer["forwarded"], answer["status"], answer["reason"]) == (False, status, reason)
    assert f"{status} {reason}: " in explain(folder, url).output


@pytest.mark.parametrize(
    ("method", "answer"), [("TRACE", "405 method_not_allowed: "), ("get", "400 malformed_request: ")]
)
def test_a_method_that_is_not_forwarded_ends_with_1(folder: Path, method: str, answer: str) -> None:
    finished = explain(folder, "http://shop.test/cart", method=method)
    assert finished.code == 1
    assert finished.output.splitlines()[-1].startswith(answer)


def test_other_problems_of_the_ingress_are_counted(tmp_path: Path) -> None:
    both = ingress("web", rule("shop.test", path("/", "api"), path("/other", "gone")))
    save(tmp_path / "k8s" / "all.yaml", both)
    line = "\n  1 problem of Ingress default/web that this request does not touch: ingressd check\n"
    assert line in explain(tmp_path, "http://shop.test/").output
    document = explained(tmp_path, "http://shop.test/")
    assert (document["problems"], document["problems_left_out"]) == ([], 1)
    document = explained(tmp_path, "http://shop.test/other")
    assert [problem["code"] for problem in document["problems"]] == ["no_service"]
    assert document["problems_left_out"] == 0


def test_a_host_that_nobody_serves(tmp_path: Path) -> None:
    save(tmp_path / "k8s" / "all.yaml", ingress("web", rule("*.shop.test", path("/only", "api"))))
    unknown = explained(tmp_path, "http://a.b.shop.test/")
    assert unknown["answer"]["reason"] == "no_host"
    assert [(each["host"], each["why"]) for each in unknown["hosts"] if each["kind"] == "wildcard"] == [
        ("*.b.shop.test", "No Ingress names it."),
        ("*.shop.test", "*.shop.test covers exactly one label in place of the *."),
    ]
    no_path = explained(tmp_path, "http://a.shop.test/other")
    assert no_path["answer"]["reason"] == "no_path"


def test_a_url_without_a_scheme(folder: Path) -> None:
    assert explained(folder, "shop.test/cart")["winner"]["path"] == 2


@pytest.mark.parametrize("url", ["", "http://a b/", "http://käse.test/"])
def test_what_is_no_url_ends_with_2(folder: Path, url: str) -> None:
    finished = explain(folder, url)
    assert finished.code == 2
    assert finished.errors.startswith("ingressd: URL must be http(s)://host/path: ")


def test_it_agrees_with_what_is_served(folder: Path) -> None:
    """The default backend of any host takes what a host has no path for."""
    document = explained(folder, "http://unknown.example/any")
    assert (document["winner"]["ingress"], document["winner"]["rule"]) == ("any", None)

"""A decision as text."""

from __future__ import annotations

import msgspec
import pytest

from ingressd.cli.explain_view import format_explanation
from ingressd.cli.palette import Palette
from ingressd.controller.explanation import (
    BackendExplanation,
    CertificateExplanation,
    EndpointExplanation,
    Explanation,
    FinalAnswer,
    HostCandidate,
    RouteCandidate,
    Spelling,
    Winner,
)
from ingressd.resources.problem import Location, Problem, Severity

FORWARDED = Explanation(
    method="GET",
    url="https://SHOP.localhost/cart",
    host=Spelling("SHOP.localhost", "shop.localhost", ("Letters are in lower case.",)),
    path=Spelling("/cart", "/cart"),
    hosts=(
        HostCandidate("shop.localhost", "exact", True, True, "It is the host."),
        HostCandidate("", "any", True, False, "It matches, but shop.localhost decides."),
    ),
    routes=(
        RouteCandidate("exact", "/cart", "shop/web#0/1", True, True, "It is equal."),
        RouteCandidate("prefix", "/", "shop/web#0/0", True, False, "Exact wins."),
    ),
    routes_left_out=3,
    winner=Winner(
        namespace="shop",
        ingress="web",
        rule=0,
        path=1,
        location=Location("shop.yaml", 11),
        class_name="nginx",
        class_why="Every class is served.",
        annotations={"nginx.ingress.kubernetes.io/use-regex": "true"},
        rewrite="/$1",
        captures=("x",),
        forwarded_path="/x",
    ),
    certificate=CertificateExplanation("shop/shop-tls", "listed", "shop.localhost", "shop/web", "It is listed."),
    backend=BackendExplanation(
        namespace="shop",
        service="cart",
        port="http",
        service_port="http (80)",
        target_port="8080",
        endpoints=(
            EndpointExplanation("10.0.0.1:8080", "cart-1", "cart-a", True, None, False, True, "It is ready."),
            EndpointExplanation("10.0.0.2:8080", "cart-1", "", False, None, None, False, "It is not ready."),
        ),
        used=("10.0.0.1:8080",),
        why="1 of 2 endpoints take requests.",
    ),
    answer=FinalAnswer(True, None, "", "The request is forwarded to 10.0.0.1:8080."),
    problems=(Problem(severity=Severity.WARNING, code="odd", message="Odd.", location=Location("shop.yaml", 2)),),
    problems_left_out=2,
)
REFUSED = Explanation(
    method="GET",
    url="http://shop.localhost/..",
    host=Spelling("shop.localhost", "shop.localhost"),
    path=Spelling("/..", ""),
    certificate=CertificateExplanation("", "default", "", "", "No Ingress names one."),
    answer=FinalAnswer(False, 400, "malformed_request", "The request is refused."),
)


def test_a_request_that_is_forwarded() -> None:
    assert format_explanation(FORWARDED) == (
        "GET https://SHOP.localhost/cart",
        "Host",
        "  SHOP.localhost is compared as shop.localhost",
        "    Letters are in lower case.",
        "  ✓ shop.localhost: It is the host.",
        "  ✗ (any host): It matches, but shop.localhost decides.",
        "TLS certificate",
        "  Secret shop/shop-tls",
        "    It is listed.",
        "Path",
        "  /cart",
        "  ✓ exact /cart of shop/web#0/1: It is equal.",
        "  ✗ prefix / of shop/web#0/0: Exact wins.",
        "  … and 3 more paths that do not match",
        "Rule",
        "  Ingress shop/web, rule 0, path 1 at shop.yaml:11",
        "    Every class is served.",
        "    annotation nginx.ingress.kubernetes.io/use-regex: true",
        "    the path becomes /x: /$1 with $1 = 'x'",
        "Backend",
        "  Service shop/cart, port http, which is Service port http (80) to container port 8080",
        "    1 of 2 endpoints take requests.",
        "  ✓ 10.0.0.1:8080 pod cart-a in EndpointSlice cart-1 (ready true, serving not set, terminating false): "
        "It is ready.",
        "  ✗ 10.0.0.2:8080 in EndpointSlice cart-1 (ready false, serving not set, terminating not set): "
        "It is not ready.",
        "Problems",
        "  shop.yaml:2: warning: Odd.",
        "  2 more problems of Ingress shop/web that this request does not touch: ingressd check",
        "Forwarded: The request is forwarded to 10.0.0.1:8080.",
    )


def test_a_request_that_is_refused() -> None:
    assert format_explanation(REFUSED) == (
        "GET http://shop.localhost/..",
        "Host",
        "  shop.localhost",
        "Path",
        "  /.. is compared as nothing",
        "400 malformed_request: The request is refused.",
    )


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("default", "  the listener's default certificate"),
        ("local_authority", "  a certificate of the local CA for shop.localhost"),
    ],
)
@pytest.mark.parametrize("scheme", ["https://", "HTTPS://", ""])
def test_a_certificate_that_comes_from_no_secret(scheme: str, step: str, line: str) -> None:
    certificate = CertificateExplanation("", step, "", "", "No Ingress names one.")
    asked = msgspec.structs.replace(REFUSED, url=f"{scheme}shop.localhost/..", certificate=certificate)
    lines = format_explanation(asked)
    start = lines.index("TLS certificate")
    assert lines[start + 1 : start + 3] == (line, "    No Ingress names one.")


def test_problems_of_a_host_that_nothing_serves_are_counted() -> None:
    lines = format_explanation(msgspec.structs.replace(REFUSED, problems_left_out=1))
    assert lines[lines.index("Problems") + 1] == (
        "  1 problem of the Ingresses of this host that this request does not touch: ingressd check"
    )


def test_a_mapped_service_shows_its_address() -> None:
    assert FORWARDED.backend is not None
    mapped = msgspec.structs.replace(FORWARDED.backend, endpoints=(), used=("127.0.0.1:3000",), why="It is mapped.")
    lines = format_explanation(msgspec.structs.replace(FORWARDED, backend=mapped))
    assert lines[lines.index("    It is mapped.") + 1] == "  ✓ 127.0.0.1:3000"


def test_a_default_backend() -> None:
    assert FORWARDED.winner is not None
    winner = msgspec.structs.replace(FORWARDED.winner, rule=None, path=None, location=None, annotations={}, rewrite="")
    lines = format_explanation(msgspec.structs.replace(FORWARDED, winner=winner))
    assert "  Ingress shop/web, its default backend" in lines


def test_a_rule_without_paths() -> None:
    assert FORWARDED.winner is not None
    winner = msgspec.structs.replace(FORWARDED.winner, rule=2, path=None)
    lines = format_explanation(msgspec.structs.replace(FORWARDED, winner=winner))
    assert "  Ingress shop/web, rule 2 at shop.yaml:11" in lines


def test_the_url_cannot_act_on_the_terminal() -> None:
    explanation = msgspec.structs.replace(REFUSED, url="http://a/\x1b[2J", path=Spelling("/\x1b[2J", "/%1B[2J"))
    assert all(line.isprintable() for line in format_explanation(explanation))


def test_colours_of_the_answer() -> None:
    palette = Palette(enabled=True)
    assert format_explanation(FORWARDED, palette=palette)[-1].startswith("\x1b[32mForwarded:\x1b[0m ")
    assert format_explanation(REFUSED, palette=palette)[-1].startswith("\x1b[31;1m400 malformed_request:\x1b[0m ")

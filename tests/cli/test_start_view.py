"""What is printed at the start."""

from __future__ import annotations

import msgspec

from ingressd import __version__
from ingressd.cli.addresses import Addresses
from ingressd.cli.start_view import MAX_PROBLEMS_SHOWN, StartFacts, format_start
from ingressd.compilation import describe
from ingressd.resources.problem import Location, Problem, Severity
from tests.support.samples import CART_ROW

FACTS = StartFacts(
    addresses=Addresses("127.0.0.1", 8081, 8443, 9090),
    paths=("./k8s", "-"),
    files=2,
    objects=1,
    authority_file="/home/me/ca.crt",
    trust_command="python -m tls show",
    notes=("Port 8080 is taken: HTTP is on port 8081 (--http-port chooses another).",),
)
ROW = msgspec.structs.replace(
    CART_ROW, host="shop.example.com", path="/", kind="prefix", origin="shop/web#0/0", port="80"
)
PROBLEM = Problem(severity=Severity.WARNING, code="odd", message="It is odd.", location=Location("a.yaml", 1))


def test_everything() -> None:
    assert format_start(FACTS, [ROW], [PROBLEM]) == (
        f"ingressd {__version__} ({describe()}) serves ./k8s, - (2 files, 1 object)",
        "  HTTP   http://127.0.0.1:8081/",
        "  HTTPS  https://127.0.0.1:8443/  (local CA: /home/me/ca.crt)",
        "         trust it: python -m tls show",
        "  admin  http://127.0.0.1:9090/",
        "Port 8080 is taken: HTTP is on port 8081 (--http-port chooses another).",
        "",
        "URL                            MATCH   INGRESS       SERVICE  ENDPOINTS",
        "http://shop.example.com:8081/  prefix  shop/web#0/0  cart:80  127.0.0.1:3000",
        "",
        "These hosts do not lead to this machine by themselves:",
        "  curl --resolve shop.example.com:8081:127.0.0.1 http://shop.example.com:8081/",
        "",
        "a.yaml:1: warning: It is odd.",
        "1 warning",
        "",
    )


def test_nothing_to_say_takes_no_room() -> None:
    facts = msgspec.structs.replace(FACTS, notes=(), authority_file="")
    row = msgspec.structs.replace(ROW, host="shop.localhost")
    lines = format_start(facts, [row], [])
    assert lines[2] == "  HTTPS  https://127.0.0.1:8443/"
    assert lines[4:] == (
        "",
        "URL                          MATCH   INGRESS       SERVICE  ENDPOINTS",
        "http://shop.localhost:8081/  prefix  shop/web#0/0  cart:80  127.0.0.1:3000",
        "",
    )


def test_a_flood_of_problems_is_counted() -> None:
    lines = format_start(FACTS, [ROW], [PROBLEM] * (MAX_PROBLEMS_SHOWN + 3))
    assert lines[-3:] == (
        "… and 3 more: `ingressd check` shows all of them",
        f"{MAX_PROBLEMS_SHOWN + 3} warnings",
        "",
    )


def test_the_address_to_connect_to_is_shown() -> None:
    facts = msgspec.structs.replace(FACTS, addresses=Addresses("::", 80, 443, 9090, "::1"))
    assert format_start(facts, [ROW], [])[1:6] == (
        "  HTTP   http://[::1]/",
        "  HTTPS  https://[::1]/  (local CA: /home/me/ca.crt)",
        "         trust it: python -m tls show",
        "  admin  http://[::1]:9090/",
        "HTTP and HTTPS listen on ::, every address of this machine: other machines can connect.",
    )

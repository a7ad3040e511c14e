"""The lines to try."""

from __future__ import annotations

import base64
import re
import shlex

import pytest

from ingressd.cli.addresses import Addresses
from ingressd.cli.demo_view import Attempt, attempts, format_attempts, format_probe
from ingressd.cli.palette import Palette
from ingressd.demo.self_check import Probe, ProbeResult

PROBE = Probe(scheme="https", host="shop.localhost", path="/", address="127.0.0.1", port=8443, service="storefront")
LISTED = attempts(
    Addresses("127.0.0.1", 8080, 8443, 9090),
    authority_file="/home/me/ca.crt",
    explain_command="ingressd explain --map checkout=4000",
    manifests="/opt/in gress/manifests",
)


@pytest.mark.parametrize(
    "line",
    [
        "http://shop.localhost:8080/",
        "curl --cacert /home/me/ca.crt https://shop.localhost:8443/",
        "curl http://any.preview.localhost:8080/",
        "curl http://127.0.0.1:8080/",
        "curl -N http://shop.localhost:8080/events",
        "ingressd explain --map checkout=4000 GET http://shop.localhost/cart/items '/opt/in gress/manifests'",
        "curl http://127.0.0.1:9090/metrics",
    ],
)
def test_lines(line: str) -> None:
    assert line in [attempt.line for attempt in LISTED]


def test_the_web_socket_key_has_sixteen_bytes() -> None:
    [line] = [attempt.line for attempt in LISTED if "websocket" in attempt.line]
    [key] = re.findall(r"Sec-WebSocket-Key: (\S+)'", line)
    assert len(base64.b64decode(key, validate=True)) == 16


def test_every_line_is_one_a_shell_can_read() -> None:
    assert all(shlex.split(attempt.line) for attempt in LISTED)


def test_what_a_line_shows_stands_above_it() -> None:
    assert format_attempts([Attempt("plain HTTP", "curl http://a/")]) == (
        "Try:",
        "  # plain HTTP",
        "  curl http://a/",
    )


def test_a_probe_that_passed() -> None:
    result = ProbeResult(probe=PROBE, status=200, pod="storefront-1", seconds=0.0041)
    assert format_probe(result) == (
        "ok      GET https://shop.localhost:8443/ 200 from pod storefront-1 in 4.1 ms, certificate verified"
    )


def test_a_probe_that_failed() -> None:
    result = ProbeResult(probe=PROBE, fault="no answer within 10 seconds")
    assert format_probe(result) == "FAILED  GET https://shop.localhost:8443/: no answer within 10 seconds"
    assert format_probe(result, palette=Palette(enabled=True)).startswith("\x1b[31;1mFAILED\x1b[0m")

"""Whether all proxies do the same work: what one leaves out would be counted in its favour."""

from __future__ import annotations

import http.client

from loadtest.comparison.running_proxy import RunningProxy
from loadtest.comparison.site import BODIES_PATH, HOST

ADDED = (
    "x-request-id",
    "x-real-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-scheme",
)
"""The header fields that ingressd adds to every request."""


def check_equal_work(proxy: RunningProxy) -> None:
    """Look at a request as the upstream gets it. Raises RuntimeError with what differs."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.site.http_port, timeout=10)
    try:
        connection.request("GET", f"{BODIES_PATH}/head", headers={"Host": HOST})
        answer = connection.getresponse()
        head = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{proxy.name} answers {answer.status}:\n{head[:500]!r}\n{proxy.complaints()}")
    missing = missing_fields(head)
    if missing:
        raise RuntimeError(f"{proxy.name} does not add {', '.join(missing)}")


def missing_fields(head: bytes) -> tuple[str, ...]:
    """Return the names of ``ADDED`` that a request head lacks, or has without a value."""
    given = set()
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if value.strip():
            given.add(name.lower())
    return tuple(name for name in ADDED if name not in given)

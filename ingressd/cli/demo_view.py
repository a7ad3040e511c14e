"""The lines to try, and the outcome of the example's check of itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import NamedTuple

from ingressd.cli.addresses import Addresses
from ingressd.cli.palette import PLAIN, Palette
from ingressd.demo.self_check import ProbeResult
from ingressd.telemetry.request_line import format_milliseconds, printable

SHOP = "shop.localhost"
_WEB_SOCKET_FIELDS = (
    "-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' "
    # Any sixteen bytes in base64 (RFC 6455 section 4.1).
    "-H 'Sec-WebSocket-Key: aW5ncmVzc2QtZGVtby4uLg=='"
)


class Attempt(NamedTuple):
    """One line to try, and what it shows."""

    shows: str
    line: str


def attempts(addresses: Addresses, *, authority_file: str, explain_command: str, manifests: str) -> tuple[Attempt, ...]:
    """Return the lines to try; each can be pasted into a shell, but for the one that a browser opens."""
    web_socket = addresses.curl("http", SHOP, "/ws").replace("curl ", f"curl -N -i {_WEB_SOCKET_FIELDS} ", 1)
    return (
        Attempt("in a browser; reload it to see two pods take turns", addresses.url("http", SHOP, "/")),
        Attempt("plain HTTP", addresses.curl("http", SHOP, "/")),
        Attempt("verified HTTPS", addresses.curl("https", SHOP, "/", authority_file=authority_file)),
        Attempt("an exact path, to one Service", addresses.curl("http", SHOP, "/cart")),
        Attempt("below it, by prefix to another", addresses.curl("http", SHOP, "/cart/items")),
        Attempt("a wildcard host", addresses.curl("http", "*.preview.localhost", "/")),
        Attempt("a host that no Ingress names: the default backend", addresses.curl("http", "", "/")),
        Attempt("server-sent events", addresses.curl("http", SHOP, "/events").replace("curl ", "curl -N ", 1)),
        Attempt("a WebSocket, up to its greeting", web_socket),
        Attempt(
            "why a request goes where it goes",
            f"{explain_command} GET http://{SHOP}/cart/items {shlex.quote(manifests)}",
        ),
        Attempt("metrics", f"curl {addresses.admin_url}metrics"),
    )


def format_attempts(listed: Iterable[Attempt], *, palette: Palette = PLAIN) -> tuple[str, ...]:
    """Return two lines for each: what it shows, and the line itself, never cut."""
    lines = [palette.heading("Try:")]
    for attempt in listed:
        lines.extend((palette.faint(f"  # {attempt.shows}"), f"  {attempt.line}"))
    return tuple(lines)


def format_probe(result: ProbeResult, *, palette: Palette = PLAIN) -> str:
    """Return one line: what was asked, and who answered or what was wrong."""
    if result.fault:
        return f"{palette.error('FAILED')}  GET {result.probe.url}: {printable(result.fault)}"
    verified = ", certificate verified" if result.probe.scheme == "https" else ""
    took = format_milliseconds(result.seconds)
    return f"{palette.good('ok')}      GET {result.probe.url} {result.status} from pod {result.pod} in {took}{verified}"

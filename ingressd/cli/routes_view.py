"""Which URL leads where, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingressd.cli.addresses import Addresses
from ingressd.cli.palette import PLAIN, Palette
from ingressd.cli.table_view import format_table
from ingressd.controller.routes import RouteRow

HEADINGS = ("URL", "MATCH", "INGRESS", "SERVICE", "ENDPOINTS")
CUT = ("ENDPOINTS", "INGRESS")
"""What is cut on a narrow terminal. Never the URL: rows would look alike, and nobody could copy it."""
MAX_ENDPOINTS_SHOWN = 3
ANY_HOST_TEXT = "*"


def format_routes(
    rows: Sequence[RouteRow],
    *,
    addresses: Addresses | None = None,
    width: int | None = None,
    palette: Palette = PLAIN,
    most: int | None = None,
) -> tuple[str, ...]:
    """Return the lines of the table, in the order of ``rows``.

    With ``addresses`` the first column holds whole URLs, with ``https`` where the host has a certificate of its own;
    without, host and path. After ``most`` rows the rest is counted.
    """
    shown = rows[:most]
    cells = [(_url(row, addresses), row.kind, row.origin, _service(row), _endpoints(row)) for row in shown]
    lines = format_table(HEADINGS, cells, width=width, cut=CUT, palette=palette)
    if len(shown) < len(rows):
        lines += (f"… and {len(rows) - len(shown)} more routes: `ingressd routes` shows all of them",)
    return lines


def format_resolve_lines(
    rows: Iterable[RouteRow], addresses: Addresses, *, authority_file: str, most: int
) -> tuple[str, ...]:
    """Return a curl command line for each host that no resolver leads here, at most ``most`` of them."""
    hosts = {row.host: row for row in reversed(list(rows)) if not addresses.resolves(row.host)}
    lines = [
        addresses.curl(_scheme(row), host, "/", authority_file=authority_file) for host, row in sorted(hosts.items())
    ]
    if len(lines) > most:
        lines[most:] = [f"… and {len(lines) - most} more hosts"]
    return tuple(lines)


def _scheme(row: RouteRow) -> str:
    return "https" if row.tls_secret else "http"


def _url(row: RouteRow, addresses: Addresses | None) -> str:
    path = row.path or "/"
    if addresses is None:
        return f"{row.host or ANY_HOST_TEXT}{path}"
    return addresses.url(_scheme(row), row.host, path)


def _service(row: RouteRow) -> str:
    target = f"handler {row.handler}" if row.handler else f"{row.service}:{row.port}" if row.service else "-"
    return f"{target} behind {', '.join(row.middleware)}" if row.middleware else target


def _endpoints(row: RouteRow) -> str:
    if row.unavailable:
        return f"none ({row.unavailable})"
    if row.handler:
        return "answered by ingressd"
    shown = ", ".join(row.addresses[:MAX_ENDPOINTS_SHOWN])
    rest = row.endpoints - MAX_ENDPOINTS_SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown

"""Where ``--admin`` finds the admin port of a running ingressd."""

from __future__ import annotations

import re

import msgspec

from ingressd.cli.exit_code import CommandError
from ingressd.resources.field_path import shown
from ingressd.settings import DEFAULT_ADMIN_PORT, HIGHEST_PORT

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?/?", re.IGNORECASE
)
_USUAL_PORTS = {"http": 80, "https": 443}
_EXAMPLE = f"http://localhost:{DEFAULT_ADMIN_PORT}"


class AdminUrl(msgspec.Struct, frozen=True):
    """``host`` is a name or an IP address, the latter without brackets. As text it is the URL, with its port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_admin_url(text: str) -> AdminUrl:
    """Read the value of ``--admin``; raises CommandError."""
    if "@" in text:
        # Not shown: what stands before the @ may be a password.
        raise CommandError(f"--admin: the admin port takes no user name and no password: write {_EXAMPLE}")
    match = _URL.fullmatch(text)
    if match is None:
        raise CommandError(
            f"--admin: {shown(text)} is no address of an admin port: write http(s)://HOST:PORT without a path, "
            f"such as {_EXAMPLE}"
        )
    scheme = match["scheme"].lower()
    port = int(match["port"]) if match["port"] else _USUAL_PORTS[scheme]
    if not 1 <= port <= HIGHEST_PORT:
        raise CommandError(f"--admin: {shown(text)}: port {port} is not between 1 and {HIGHEST_PORT}")
    return AdminUrl(scheme, match["host"].strip("[]").lower(), port)

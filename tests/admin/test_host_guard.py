"""Which hosts the admin port answers."""

from __future__ import annotations

import pytest

from ingressd.admin.host_guard import HostGuard


@pytest.mark.parametrize(
    ("bind", "host", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1:9090", True),
        ("127.0.0.1", "localhost:9090", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("127.0.0.1", "[::1]:9090", True),
        ("127.0.0.1", "evil.example", False),
        ("127.0.0.1", "evil.example:9090", False),
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "127.0.0.1.evil.example:9090", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", ":9090", False),
        ("127.0.0.1", "[::1", True),
        ("127.0.0.7", "127.0.0.7:9090", True),
        ("127.0.0.7", "127.0.0.8:9090", False),
        ("::1", "[::1]:9090", True),
        ("::1", "::1", True),
        ("::1", "evil.example", False),
        ("0.0.0.0", "10.1.2.3:9090", True),
        ("0.0.0.0", "ingressd.ingress.svc", True),
        ("10.1.2.3", "anything", True),
    ],
)
def test_hosts(bind: str, host: str, allowed: bool) -> None:
    assert HostGuard(bind).allows(host) is allowed


def test_a_name_is_no_bind_address() -> None:
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        HostGuard("localhost")

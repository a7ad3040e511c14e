"""Addresses of the machine that ingressd runs on."""

from __future__ import annotations

import ipaddress

import pytest

from ingressd.routing.local_address import is_local


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("169.254.169.254", True),
        ("0.0.0.0", True),
        ("::1", True),
        ("::", True),
        ("fe80::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:169.254.169.254", True),
        ("10.0.0.1", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("::ffff:192.0.2.1", False),
    ],
)
def test_what_belongs_to_this_machine(address: str, here: bool) -> None:
    assert is_local(ipaddress.ip_address(address)) is here

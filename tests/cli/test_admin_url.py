"""The value of ``--admin``."""

from __future__ import annotations

import pytest

from ingressd.cli.admin_url import AdminUrl, parse_admin_url
from ingressd.cli.exit_code import CommandError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:9090", AdminUrl("http", "localhost", 9090)),
        ("HTTP://LocalHost:9090/", AdminUrl("http", "localhost", 9090)),
        ("http://127.0.0.1", AdminUrl("http", "127.0.0.1", 80)),
        ("https://admin.example", AdminUrl("https", "admin.example", 443)),
        ("http://[::1]:9090", AdminUrl("http", "::1", 9090)),
    ],
)
def test_what_it_may_be(text: str, url: AdminUrl) -> None:
    assert parse_admin_url(text) == url
    assert parse_admin_url(str(url)) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:9090",
        "ftp://localhost:9090",
        "http://",
        "http://:9090",
        "http://localhost:9090/api/routes",
        "http://localhost:9090?x=1",
        "http://localhost:port",
        "http://local host:9090",
        "http://localhost:9090\n",
        "http://[::1:9090",
    ],
)
def test_what_it_may_not_be(text: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_admin_url(text)
    assert caught.value.message.startswith("--admin: ")
    assert "such as http://localhost:9090" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("port", [0, 65536])
def test_ports_have_a_range(port: int) -> None:
    with pytest.raises(CommandError, match=f"port {port} is not between 1 and 65535"):
        parse_admin_url(f"http://localhost:{port}")


def test_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(CommandError) as caught:
        parse_admin_url("http://me:hunter2@localhost:9090")
    assert "no password" in caught.value.message
    assert "hunter2" not in caught.value.message

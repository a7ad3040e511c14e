"""URLs of what is served."""

from __future__ import annotations

import pytest

from ingressd.cli.addresses import Addresses

LOCAL = Addresses("127.0.0.1", 8080, 8443, 9090)


@pytest.mark.parametrize(
    ("addresses", "scheme", "host", "url"),
    [
        (LOCAL, "http", "shop.localhost", "http://shop.localhost:8080/cart"),
        (LOCAL, "https", "shop.localhost", "https://shop.localhost:8443/cart"),
        (LOCAL, "http", "*.shop.localhost", "http://*.shop.localhost:8080/cart"),
        (LOCAL, "http", "", "http://*:8080/cart"),
        (Addresses("0.0.0.0", 80, 443, 9090), "http", "shop.localhost", "http://shop.localhost/cart"),
        (Addresses("0.0.0.0", 80, 443, 9090), "https", "shop.localhost", "https://shop.localhost/cart"),
        (Addresses("0.0.0.0", 443, 80, 9090), "http", "shop.localhost", "http://shop.localhost:443/cart"),
    ],
)
def test_url(addresses: Addresses, scheme: str, host: str, url: str) -> None:
    assert addresses.url(scheme, host, "/cart") == url


@pytest.mark.parametrize(
    ("bind", "host", "resolves"),
    [
        ("127.0.0.1", "shop.localhost", True),
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "*.shop.localhost", True),
        ("127.0.0.1", "", True),
        ("127.0.0.1", "shop.example.com", False),
        ("127.0.0.1", "notlocalhost", False),
        ("0.0.0.0", "shop.localhost", True),
        ("::", "shop.localhost", True),
        ("192.168.1.5", "shop.localhost", False),
    ],
)
def test_resolves(bind: str, host: str, resolves: bool) -> None:
    assert Addresses(bind, 8080, 8443, 9090).resolves(host) is resolves


@pytest.mark.parametrize(
    ("bind", "scheme", "host", "line"),
    [
        ("127.0.0.1", "http", "shop.localhost", "curl http://shop.localhost:8080/"),
        ("127.0.0.1", "http", "", "curl http://127.0.0.1:8080/"),
        (
            "127.0.0.1",
            "http",
            "shop.example.com",
            "curl --resolve shop.example.com:8080:127.0.0.1 http://shop.example.com:8080/",
        ),
        (
            "127.0.0.1",
            "https",
            "*.example.com",
            "curl --cacert '/home/a b/ca.crt' --resolve any.example.com:8443:127.0.0.1 https://any.example.com:8443/",
        ),
        ("::1", "http", "a.test", "curl --resolve a.test:8080:[::1] http://a.test:8080/"),
    ],
)
def test_curl(bind: str, scheme: str, host: str, line: str) -> None:
    addresses = Addresses(bind, 8080, 8443, 9090)
    assert addresses.curl(scheme, host, "/", authority_file="/home/a b/ca.crt") == line


def test_a_path_is_quoted_for_the_shell() -> None:
    assert LOCAL.curl("http", "shop.localhost", "/a;rm") == "curl 'http://shop.localhost:8080/a;rm'"


def test_urls_at_the_address_itself() -> None:
    assert LOCAL.http_url == "http://127.0.0.1:8080/"
    assert Addresses("::1", 80, 8443, 9090).https_url == "https://[::1]:8443/"


@pytest.mark.parametrize(
    ("admin_bind", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9090/"),
        ("0.0.0.0", "http://127.0.0.1:9090/"),
        ("::1", "http://[::1]:9090/"),
        ("192.168.1.5", "http://192.168.1.5:9090/"),
    ],
)
def test_admin_url(admin_bind: str, url: str) -> None:
    assert Addresses("10.0.0.1", 8080, 8443, 9090, admin_bind).admin_url == url


@pytest.mark.parametrize(
    ("bind", "admin_bind", "sentences"),
    [
        ("127.0.0.1", "::1", ()),
        (
            "0.0.0.0",
            "127.0.0.1",
            ("HTTP and HTTPS listen on 0.0.0.0, every address of this machine: other machines can connect.",),
        ),
        ("127.0.0.1", "192.168.1.5", ("The admin port listens on 192.168.1.5: other machines can connect.",)),
        (
            "192.168.1.5",
            "::",
            (
                "HTTP and HTTPS listen on 192.168.1.5: other machines can connect.",
                "The admin port listens on ::, every address of this machine: other machines can connect.",
            ),
        ),
    ],
)
def test_what_other_machines_can_reach_is_said(bind: str, admin_bind: str, sentences: tuple[str, ...]) -> None:
    assert Addresses(bind, 8080, 8443, 9090, admin_bind).exposure == sentences

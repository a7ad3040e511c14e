"""What the upstream is told about the client, and what of the request stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.manifests import ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, serving
from tests.support.web_client import Seen

HOST = "shop.test:8080"
SITE = ingress("shop", rule("shop.test", path("/", "web")))
LIES = {
    "Forwarded": "for=6.6.6.6;proto=https",
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Server": "evil",
    "X-Original-Forwarded-For": "6.6.6.6",
    "X-Original-URI": "/evil",
    "X-Original-URL": "/evil",
    "X-Real-IP": "6.6.6.6",
    "X-Scheme": "https",
}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with (
        running_pods("web") as pods,
        serving(tmp_path_factory.mktemp("untrusted"), SITE, arguments=pods.maps()) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def trusting_dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    flags = ["--trusted-proxy", "127.0.0.0/8", "--trusted-proxy", "10.0.0.1"]
    with (
        running_pods("web") as pods,
        serving(tmp_path_factory.mktemp("trusted"), SITE, arguments=[*pods.maps(), *flags]) as running,
    ):
        yield running


def about_client(seen: Seen) -> dict[str, str]:
    return {name: value for name, value in seen.fields if name.lower().startswith(("x-", "forwarded"))}


def test_the_client_is_named(dev: RunningDev) -> None:
    told = about_client(dev.get("/", host=HOST).seen)
    assert re.fullmatch("[0-9a-f]{32}", told.pop("X-Request-ID"))
    assert told == {
        "X-Real-IP": "127.0.0.1",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": HOST,
        "X-Forwarded-Port": str(dev.http_port),
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Scheme": "http",
        "X-Scheme": "http",
    }


def test_over_https_too(dev: RunningDev) -> None:
    with dev.connect_tls("shop.test") as connection:
        told = about_client(connection.request("GET", "/", host="shop.test").seen)
    assert told["X-Forwarded-Proto"] == told["X-Forwarded-Scheme"] == told["X-Scheme"] == "https"
    assert told["X-Forwarded-Port"] == str(dev.https_port)


def test_what_a_client_says_of_itself_is_not_believed(dev: RunningDev) -> None:
    honest = about_client(dev.get("/", host=HOST, fields={"X-Request-ID": "same"}).seen)
    assert about_client(dev.get("/", host=HOST, fields={**LIES, "X-Request-ID": "same"}).seen) == honest


def test_another_spelling_of_a_lie_does_not_get_through(dev: RunningDev) -> None:
    """Servers that make variables of fields (CGI, WSGI) cannot tell ``_`` from ``-``."""
    told = about_client(dev.get("/", host=HOST, fields={"X_Forwarded_For": "6.6.6.6", "X_Real-IP": "6.6.6.6"}).seen)
    assert "6.6.6.6" not in told.values()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("3f2a-77.b_c", True),
        ("550e8400-e29b-41d4-a716-446655440000", True),
        ("Root=1-67891233-abcdef012345678912345678", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("two words", False),
        ("<script>", False),
        ("", False),
    ],
)
def test_a_request_id_is_kept_if_it_is_harmless(dev: RunningDev, written: str, kept: bool) -> None:
    [told] = dev.get("/", host=HOST, fields={"X-Request-ID": written}).seen.values("X-Request-ID")
    assert (told == written) is kept
    assert kept or re.fullmatch("[0-9a-f]{32}", told)


def test_each_request_gets_an_id_of_its_own(dev: RunningDev) -> None:
    identifiers = {dev.get("/", host=HOST).seen.values("X-Request-ID")[0] for _ in range(5)}
    assert len(identifiers) == 5


def test_other_fields_go_through_unchanged_and_in_order(dev: RunningDev) -> None:
    sent = [
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
        ("Accept", "text/html;q=0.9, */*"),
        ("Accept-Encoding", "br, gzip"),
        ("Cookie", "a=1; b=2"),
        ("X-Custom", "one"),
        ("x-CUSTOM", "two, three"),
        ("Authorization", "Bearer abc.def"),
        ("X-Empty", ""),
    ]
    seen = dev.get("/", host=HOST, fields=sent).seen
    assert [field for field in seen.fields if field in sent] == sent
    assert seen.values("Host") == [HOST]


def test_fields_for_this_hop_go_no_further(dev: RunningDev) -> None:
    """RFC 9110 section 7.6.1."""
    sent = {
        "Connection": "keep-alive, X-Mine",
        "X-Mine": "secret",
        "Keep-Alive": "timeout=5",
        "TE": "gzip",
        "Proxy-Connection": "keep-alive",
        "Proxy-Authorization": "Basic abc",
        "Proxy": "http://evil.test",
    }
    names = {name.lower() for name, _ in dev.get("/", host=HOST, fields=sent).seen.fields}
    assert names.isdisjoint({name.lower() for name in sent})


@pytest.mark.parametrize(
    ("forwarded_for", "client", "told"),
    [
        pytest.param("9.9.9.9", "9.9.9.9", "9.9.9.9, 127.0.0.1", id="the client of a trusted proxy"),
        pytest.param("6.6.6.6, 9.9.9.9", "9.9.9.9", "6.6.6.6, 9.9.9.9, 127.0.0.1", id="not what that client said"),
        pytest.param("9.9.9.9, 10.0.0.1", "9.9.9.9", "9.9.9.9, 10.0.0.1, 127.0.0.1", id="through two trusted proxies"),
        pytest.param("9.9.9.9, 10.0.0.2", "10.0.0.2", "9.9.9.9, 10.0.0.2, 127.0.0.1", id="the nearest not trusted"),
        pytest.param("2001:db8::1", "2001:db8::1", "2001:db8::1, 127.0.0.1", id="an IPv6 address"),
        pytest.param("unknown", "127.0.0.1", "unknown, 127.0.0.1", id="what is no address names nobody"),
        pytest.param(None, "127.0.0.1", "127.0.0.1", id="a trusted proxy that says nothing"),
    ],
)
def test_a_trusted_proxy_is_believed(
    trusting_dev: RunningDev, forwarded_for: str | None, client: str, told: str
) -> None:
    fields = {"X-Forwarded-For": forwarded_for} if forwarded_for is not None else {}
    seen = trusting_dev.get("/", host=HOST, fields=fields).seen
    assert seen.values("X-Real-IP") == [client]
    assert seen.values("X-Forwarded-For") == [told]


def test_a_trusted_proxy_says_how_it_was_reached(trusting_dev: RunningDev) -> None:
    said = {"X-Forwarded-Host": "public.test", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}
    told = about_client(trusting_dev.get("/", host=HOST, fields=said).seen)
    assert {name: told[name] for name in said} == said
    assert told["X-Scheme"] == "https"


@pytest.mark.parametrize("network", ["10.0.0.0/99", "example.com", "10.0.0.1/8", ""])
def test_a_network_that_is_none_ends_the_command(tmp_path: Path, network: str) -> None:
    finished = ingressd(tmp_path, "dev", ".", "--trusted-proxy", network)
    assert finished.code == 2
    assert finished.errors.startswith(f"ingressd: --trusted-proxy: {network!r} is not a network")

"""What ingressd answers itself: a status, a reason that machines read, and a sentence that says what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import msgspec
import pytest

from tests.support.manifests import ingress, path, rule, service
from tests.support.pods import running_pods
from tests.support.running import RunningDev, serving
from tests.support.upstream import answering


class Expected(NamedTuple):
    """A request that ingressd answers itself, and what it must say; ``hint`` is a part of its advice."""

    host: str
    path: str
    status: int
    reason: str
    hint: str

    def __str__(self) -> str:
        return self.reason


FAILURES = [
    Expected("unknown.test", "/", 404, "no_host", "check spec.rules[].host"),
    Expected("shop.test", "/other", 404, "no_path", "ingressd explain GET http://shop.test/other"),
    Expected("missing.test", "/", 503, "no_service", "--map default/missing=PORT"),
    Expected("empty.test", "/", 503, "no_endpoints", "--map default/empty=PORT"),
    Expected("portless.test", "/", 503, "no_service_port", "Correct the port of the backend"),
    Expected("closed.test", "/", 502, "upstream_connect", "Is the server of Service default/closed running at"),
    Expected("silent.test", "/", 502, "upstream_closed", ""),
    Expected("broken.test", "/", 502, "upstream_invalid", ""),
]


@contextmanager
def port_that_never_accepts() -> Iterator[int]:
    """A listening socket whose queue is full: the kernel leaves further connections without an answer."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    hosts = ("missing", "empty", "portless", "closed", "silent", "broken", "full")
    with running_pods("shop") as pods, socket.socket() as closed, port_that_never_accepts() as full:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: it refuses, and nobody else can get the port
        pods.add("silent", answering(b"", close=True))
        pods.add("broken", answering(b"HTTP/1.1 two hundred\r\n\r\n"))
        with serving(
            tmp_path_factory.mktemp("errors"),
            ingress("shop", rule("shop.test", path("/shop", "shop"))),
            ingress("all", *(rule(f"{name}.test", path("/", name)) for name in hosts)),
            service("empty"),
            service("portless", {"port": 8080}),
            arguments=[*pods.maps(), f"--map=closed={closed.getsockname()[1]}", f"--map=full={full}"],
        ) as running:
            yield running


@pytest.mark.parametrize("expected", FAILURES, ids=str)
def test_the_page(dev: RunningDev, expected: Expected) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = dev.get(expected.path, host=expected.host, fields=browser)
    assert (answer.status, answer.reason) == (expected.status, expected.reason)
    assert answer.values("Content-Type") == ["text/html; charset=utf-8"]
    assert answer.text.startswith("<!doctype html>")
    for part in (str(expected.status), expected.reason, expected.hint):
        assert part in answer.text


@pytest.mark.parametrize("expected", FAILURES, ids=str)
def test_as_json(dev: RunningDev, expected: Expected) -> None:
    program = {"Accept": "application/json", "X-Request-ID": "abc-1"}
    answer = dev.get(expected.path, host=expected.host, fields=program)
    assert (answer.status, answer.reason) == (expected.status, expected.reason)
    assert answer.values("Content-Type") == ["application/json"]
    document = msgspec.json.decode(answer.body)
    assert (document["status"], document["reason"]) == (expected.status, expected.reason)
    assert document["request_id"] == "abc-1"
    assert document["message"].endswith(".")
    assert expected.hint in document.get("hint", "")


def test_an_endpoint_that_does_not_accept_in_time(dev: RunningDev) -> None:
    """The only failure here that takes its time: the five seconds to open a connection."""
    answer = dev.get("/", host="full.test")
    assert (answer.status, answer.reason) == (504, "upstream_connect_timeout")
    assert "Is the server of Service default/full running at" in answer.text


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("text/html, application/json", "text/html; charset=utf-8"),
        ("application/json, text/html", "application/json"),
        ("application/problem+json", "application/json"),
        ("image/png", "text/html; charset=utf-8"),
    ],
)
def test_the_form_follows_accept(dev: RunningDev, accept: str, content_type: str) -> None:
    answer = dev.get("/", host="unknown.test", fields={"Accept": accept} if accept else {})
    assert answer.values("Content-Type") == [content_type]


def test_the_answer_is_framed_and_dated(dev: RunningDev) -> None:
    answer = dev.get("/", host="unknown.test")
    assert answer.values("Content-Length") == [str(len(answer.body))]
    assert answer.values("Server") == ["ingressd"]
    assert len(answer.values("Date")) == 1


def test_head_gets_the_head_of_the_page(dev: RunningDev) -> None:
    with dev.connect() as connection:
        answer = connection.request("HEAD", "/", host="unknown.test")
        assert (answer.status, answer.reason, answer.body) == (404, "no_host", b"")
        assert connection.request("GET", "/shop", host="shop.test").pod == "shop"


def test_nothing_of_the_request_becomes_markup(dev: RunningDev) -> None:
    answer = dev.get("/<script>alert(1)</script>", host="shop.test")
    assert answer.reason == "no_path"
    assert "<script>" not in answer.text


def test_an_answer_of_the_upstream_carries_no_reason(dev: RunningDev) -> None:
    assert dev.get("/shop", host="shop.test").values("X-Ingressd-Reason") == []

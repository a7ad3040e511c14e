"""Connections and versions of HTTP: what a client may rely on (RFC 9112 section 9)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.manifests import ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, serving
from tests.support.upstream import answering
from tests.support.web_client import Connection, exchange_bytes

HOST = "web.test"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory, lane_flag: tuple[str, str]) -> Iterator[RunningDev]:
    with running_pods("web") as pods:
        pods.add("empty", answering(b"HTTP/1.1 204 No Content\r\n\r\n"))
        pods.add("same", answering(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 1000\r\n\r\n'))
        pods.add("none", answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        pods.add(
            "hinted",
            answering(
                b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            ),
        )
        pods.add("unframed", answering(b"HTTP/1.0 200 OK\r\n\r\nuntil the end", close=True))
        site = ingress("web", rule(HOST, path("/", "web"), *(path(f"/{name}", name) for name in pods.ports)))
        with serving(tmp_path_factory.mktemp("versions"), site, arguments=(*lane_flag, *pods.maps())) as running:
            yield running


def read_until_closed(connection: Connection) -> bytes:
    received = b""
    while data := connection.socket.recv(65536):
        received += data
    return received


def test_a_connection_serves_many_requests(dev: RunningDev) -> None:
    with dev.connect() as connection:
        local = connection.socket.getsockname()
        for number in range(20):
            assert connection.request("GET", f"/{number}", host=HOST).seen.path == f"/{number}"
        assert connection.socket.getsockname() == local


def test_requests_sent_ahead_are_answered_in_order(dev: RunningDev) -> None:
    requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: web.test\r\n\r\n" % number for number in range(10))
    received = exchange_bytes(dev.http_port, requests)
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 10
    places = [received.index(b'"path": "/%d"' % number) for number in range(10)]
    assert places == sorted(places)


def test_a_client_may_ask_to_close(dev: RunningDev) -> None:
    with dev.connect() as connection:
        connection.socket.sendall(b"GET / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n")
        received = read_until_closed(connection)
    assert b"connection: close" in received.lower()
    assert b'"pod": "web"' in received


@pytest.mark.parametrize("asked", [b"/", b"/unframed", b"/empty", b"/none"])
def test_http_1_0_is_served_and_closed(dev: RunningDev, asked: bytes) -> None:
    with dev.connect() as connection:
        connection.socket.sendall(b"GET %b HTTP/1.0\r\nHost: web.test\r\n\r\n" % asked)
        received = read_until_closed(connection)
    head = received.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith((b"http/1.1 200", b"http/1.1 204"))
    assert b"transfer-encoding" not in head


def test_an_upstream_gets_http_1_1_from_every_client(dev: RunningDev) -> None:
    received = exchange_bytes(dev.http_port, b"GET / HTTP/1.0\r\nHost: web.test\r\n\r\n")
    assert b'"protocol": "HTTP/1.1"' in received


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/3.0", b"HTTP/9.9"])
def test_another_version_is_refused(dev: RunningDev, version: bytes) -> None:
    received = exchange_bytes(dev.http_port, b"GET / %b\r\nHost: web.test\r\n\r\n" % version)
    assert received.startswith(b"HTTP/1.1 505 ")


def test_an_http_1_0_client_may_keep_the_connection(dev: RunningDev) -> None:
    with dev.connect() as connection:
        for _ in range(2):
            connection.socket.sendall(b"GET / HTTP/1.0\r\nHost: web.test\r\nConnection: keep-alive\r\n\r\n")
            received = b""
            while not received.endswith(b"}"):
                data = connection.socket.recv(65536)
                assert data, received
                received += data
            assert b"connection: keep-alive" in received.lower()


def test_head_has_the_length_of_get_and_no_body(dev: RunningDev) -> None:
    with dev.connect() as connection:
        head = connection.request("HEAD", "/", host=HOST)
        get = connection.request("GET", "/", host=HOST)
    assert head.body == b""
    assert int(head.values("Content-Length")[0]) > 0
    assert get.pod == "web"


@pytest.mark.parametrize(
    ("asked", "status", "length"),
    [
        pytest.param("/empty", 204, [], id="204 has neither body nor length"),
        pytest.param("/same", 304, ["1000"], id="304 may tell the length of what it does not send"),
        pytest.param("/none", 200, ["0"], id="an empty body"),
    ],
)
def test_an_answer_without_a_body_leaves_the_connection_usable(
    dev: RunningDev, asked: str, status: int, length: list[str]
) -> None:
    with dev.connect() as connection:
        for _ in range(2):
            answer = connection.request("GET", asked, host=HOST)
            assert (answer.status, answer.values("Content-Length"), answer.body) == (status, length, b"")
            assert answer.values("Transfer-Encoding") == []
        assert connection.request("GET", "/", host=HOST).pod == "web"


def test_expect_is_answered_before_the_body_is_sent(dev: RunningDev) -> None:
    """RFC 9110 section 10.1.1."""
    with dev.connect() as connection:
        connection.send("POST", "/form", host=HOST, fields={"Expect": "100-continue", "Content-Length": "5"})
        interim = b""
        while not interim.endswith(b"\r\n\r\n"):
            interim += connection.socket.recv(1)
        assert interim.startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.socket.sendall(b"hello")
        with connection.response() as response:
            assert response.status == 200
            assert b'"body": "hello"' in response.read()


def test_expect_is_refused_where_nothing_is_served(dev: RunningDev) -> None:
    with dev.connect() as connection:
        connection.socket.sendall(
            b"POST / HTTP/1.1\r\nHost: other.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )
        assert connection.socket.recv(65536).startswith(b"HTTP/1.1 404 ")


def test_another_expectation_fails(dev: RunningDev) -> None:
    answer = dev.get("/", host=HOST, fields={"Expect": "200-ok"})
    assert (answer.status, answer.reason) == (417, "expectation_failed")


def test_an_interim_answer_reaches_the_client(dev: RunningDev) -> None:
    received = exchange_bytes(dev.http_port, b"GET /hinted HTTP/1.1\r\nHost: web.test\r\n\r\n")
    interim, _, final = received.partition(b"\r\n\r\n")
    assert interim == b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>"
    assert final.startswith(b"HTTP/1.1 200 OK\r\n")
    assert final.endswith(b"\r\n\r\nok")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT"])
def test_methods_are_forwarded_as_they_are(dev: RunningDev, method: str) -> None:
    assert dev.request(method, "/any", host=HOST).seen.method == method


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_that_a_proxy_must_not_forward(dev: RunningDev, method: str) -> None:
    answer = dev.request(method, "/any" if method == "TRACE" else "web.test:80", host="web.test:80")
    assert (answer.status, answer.reason) == (405, "method_not_allowed")


def test_options_for_the_server_itself_is_answered(dev: RunningDev) -> None:
    """RFC 9110 section 9.3.7."""
    assert dev.request("OPTIONS", "*", host=HOST).status == 204

"""Requests to an admin port."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingressd.cli.admin_client import AdminClient
from ingressd.cli.admin_url import AdminUrl
from ingressd.cli.exit_code import CommandError, ExitCode
from tests.support.admin_ports import ControllerView, admin_port, http_answer, scripted_port
from tests.support.pods import Pods, running_pods
from tests.support.upstream import read_message
from tests.tls.certificates import certify, key_text, new_key

FORWARD = "kubectl -n NAMESPACE port-forward deploy/ingressd 9090"


@pytest.fixture
def pods() -> Iterator[Pods]:
    with running_pods() as running:
        yield running


def failure(url: AdminUrl, *, timeout_seconds: float = 30, max_answer_bytes: int = 100) -> str:
    """Ask, and return what the command would end with."""
    client = AdminClient(url, timeout_seconds=timeout_seconds, max_answer_bytes=max_answer_bytes)
    with client, pytest.raises(CommandError) as caught:
        client.get("/readyz")
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.message.startswith(f"{url} ")
    return caught.value.message


def test_an_answer() -> None:
    fields = {"X-Ingressd-Reason": "no_host", "Location": "/elsewhere"}
    with scripted_port({"/a": http_answer(b"{}", status="404 Not Found", fields=fields)}) as url:
        with AdminClient(url) as client:
            assert client.get("/a?b=c") == (404, "Not Found", "/elsewhere", "no_host", b"{}")


def test_one_connection_for_all_questions(pods: Pods) -> None:
    connections = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        while True:
            await read_message(reader)
            writer.write(http_answer(b"{}"))

    with AdminClient(AdminUrl("http", "127.0.0.1", pods.add("counting", count))) as client:
        assert [client.get(path).status for path in ("/readyz", "/api/routes")] == [200, 200]
    assert len(connections) == 1


def test_an_answer_in_chunks() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    with scripted_port({"/a": chunked}) as url, AdminClient(url) as client:
        assert client.get("/a").body == b"{}"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_no_proxy_is_asked(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_port({"/a": http_answer(b"proxy")}) as proxy, scripted_port({"/a": http_answer(b"port")}) as url:
        monkeypatch.setenv(variable, str(proxy))
        with AdminClient(url) as client:
            assert client.get("/a").body == b"port"


def test_nothing_listens() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        said = failure(AdminUrl("http", "127.0.0.1", unused.getsockname()[1]))
    assert "cannot be reached: Connection refused" in said
    assert FORWARD in said


def test_a_name_that_is_none() -> None:
    assert "cannot be reached" in failure(AdminUrl("http", "a..b", 9090))


def test_a_port_that_is_forwarded_to_nothing() -> None:
    with scripted_port({}) as url:
        said = failure(url)
    assert "cannot be reached: Remote end closed connection without response" in said
    assert FORWARD in said


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"], ids=["nothing", "half"])
def test_an_answer_that_does_not_come(pods: Pods, sent: bytes) -> None:
    async def pause(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await asyncio.Event().wait()

    said = failure(AdminUrl("http", "127.0.0.1", pods.add("pausing", pause)), timeout_seconds=0.05)
    assert "did not answer within 0.05 seconds" in said
    assert FORWARD in said


@pytest.mark.parametrize(
    "answer",
    [
        http_answer(b"x" * 101),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 101,
    ],
    ids=["length", "chunks", "until it closes"],
)
def test_an_answer_that_is_too_large(answer: bytes) -> None:
    with scripted_port({}, default=answer) as url:
        assert "answers with more than 100 bytes" in failure(url)


def test_an_answer_as_large_as_may_be() -> None:
    with scripted_port({}, default=http_answer(b"x" * 100)) as url, AdminClient(url, max_answer_bytes=100) as client:
        assert len(client.get("/").body) == 100


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
    ids=["length", "chunks"],
)
def test_an_answer_that_is_cut_short(answer: bytes) -> None:
    with scripted_port({}, default=answer) as url:
        assert "closed the connection in the middle of an answer" in failure(url)


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b"HTTP/1.1 nine\r\n\r\n"],
    ids=["SSH", "TLS", "a bad status"],
)
def test_what_is_not_http(answer: bytes) -> None:
    with scripted_port({}, default=answer) as url:
        assert "does not speak HTTP" in failure(url)


def test_tls_where_there_is_none() -> None:
    with admin_port(ControllerView()) as url:
        assert "The admin port itself has none: write http://." in failure(AdminUrl("https", url.host, url.port))


def test_a_certificate_of_nobody_known(pods: Pods, tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / "port.pem").write_bytes(certify(key) + key_text(key))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "port.pem")
    port = pods.add("secured", tls=tls)
    assert "has a certificate that is not trusted here: " in failure(AdminUrl("https", "127.0.0.1", port))

"""Bodies pass through as they come, in both directions, and arrive whole."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator

import pytest

from tests.support.manifests import ingress, path, rule
from tests.support.pods import Gate, Pods, running_pods
from tests.support.running import RunningDev, serving
from tests.support.running_proxy import PATIENCE_SECONDS
from tests.support.upstream import Script, answering, read_message

HOST = "stream.test"
LARGE = bytes(range(256)) * 32 * 1024
EVENT_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def events(gate: Gate) -> Script:
    """One event at once, the second only when the gate is open."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(EVENT_STREAM + chunk(b"data: first\n\n"))
        await gate.wait()
        writer.write(chunk(b"data: second\n\n") + chunk(b""))
        await reader.read()

    return script


def receiving(first_piece_came: threading.Event) -> Script:
    """Tells when the first piece of an upload is there, and at the end how much came."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        received = b""
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            received += (await reader.readexactly(size + 2))[:-2]
            first_piece_came.set()
        await reader.readexactly(2)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(received), received))
        await reader.read()

    return script


async def digesting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with the digest of what it got, and with how it was framed."""
    while True:
        head, body = await read_message(reader)
        framing = b"chunked" if b"transfer-encoding: chunked" in head.lower() else b"length"
        answer = framing + b" " + hashlib.sha256(body).hexdigest().encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))


@pytest.fixture(scope="module")
def pods(lane_flag: tuple[str, str]) -> Iterator[Pods]:
    with running_pods() as found:
        yield found


@pytest.fixture(scope="module")
def gate(pods: Pods) -> Gate:
    return pods.gate()


@pytest.fixture(scope="module")
def first_piece_came(lane_flag: tuple[str, str]) -> threading.Event:
    return threading.Event()


@pytest.fixture(scope="module")
def dev(
    tmp_path_factory: pytest.TempPathFactory,
    pods: Pods,
    gate: Gate,
    first_piece_came: threading.Event,
    lane_flag: tuple[str, str],
) -> Iterator[RunningDev]:
    pieces = b"".join(chunk(LARGE[start : start + 60_000]) for start in range(0, len(LARGE), 60_000))
    pods.add("events", events(gate))
    pods.add("upload", receiving(first_piece_came))
    pods.add("digest", digesting)
    pods.add("sized", answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(LARGE), LARGE)))
    pods.add("chunked", answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + chunk(b"")))
    pods.add("trailers", answering(EVENT_STREAM + chunk(b"ok") + b"0\r\nGrpc-Status: 0\r\nHost: b\r\n\r\n"))
    pods.add("unframed", answering(b"HTTP/1.0 200 OK\r\n\r\n" + LARGE, close=True))
    pods.add("cut", answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", close=True))
    site = ingress("stream", rule(HOST, *(path(f"/{name}", name) for name in pods.ports)))
    with serving(tmp_path_factory.mktemp("streaming"), site, arguments=(*lane_flag, *pods.maps())) as running:
        yield running


def test_an_event_arrives_before_the_next_is_sent(dev: RunningDev, gate: Gate) -> None:
    with dev.connect() as connection:
        connection.send("GET", "/events", host=HOST)
        with connection.response() as response:
            assert response.getheader("Content-Type") == "text/event-stream"
            assert response.readline() == b"data: first\n"
            gate.open()
            assert response.read() == b"\ndata: second\n\n"


def test_an_upload_arrives_before_its_end_is_sent(dev: RunningDev, first_piece_came: threading.Event) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first "
        assert first_piece_came.wait(PATIENCE_SECONDS)
        yield b"second"

    answer = dev.request("POST", "/upload", host=HOST, body=pieces())
    assert (answer.status, answer.body) == (200, b"first second")


@pytest.mark.parametrize(
    ("name", "framing"),
    [
        pytest.param("sized", {"Content-Length": [str(len(LARGE))], "Transfer-Encoding": []}, id="by length"),
        pytest.param("chunked", {"Content-Length": [], "Transfer-Encoding": ["chunked"]}, id="in chunks"),
        pytest.param("unframed", {"Content-Length": [], "Transfer-Encoding": ["chunked"]}, id="until the end"),
    ],
)
def test_a_large_download_arrives_whole(dev: RunningDev, name: str, framing: dict[str, list[str]]) -> None:
    answer = dev.get(f"/{name}", host=HOST)
    assert answer.status == 200
    assert {field: answer.values(field) for field in framing} == framing
    assert answer.body == LARGE


def test_a_large_upload_arrives_whole_and_framed_as_it_was(dev: RunningDev) -> None:
    digest = hashlib.sha256(LARGE).hexdigest().encode()
    pieces = [LARGE[start : start + 50_000] for start in range(0, len(LARGE), 50_000)]
    assert dev.request("POST", "/digest", host=HOST, body=LARGE).body == b"length " + digest
    assert dev.request("POST", "/digest", host=HOST, body=iter(pieces)).body == b"chunked " + digest


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
def test_any_method_may_have_a_body(dev: RunningDev, method: str) -> None:
    answer = dev.request(method, "/digest", host=HOST, body=b"small")
    assert answer.body == b"length " + hashlib.sha256(b"small").hexdigest().encode()


def test_an_answer_that_was_cut_off_cannot_be_taken_for_whole(dev: RunningDev) -> None:
    with dev.connect() as connection:
        connection.send("GET", "/cut", host=HOST)
        received = b""
        try:
            while data := connection.socket.recv(65536):
                received += data
        except ConnectionResetError:
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Content-Length: 100" in head
    assert len(body) < 100


@pytest.mark.parametrize("wanted", [True, False])
def test_trailers_are_for_who_asks_for_them(dev: RunningDev, wanted: bool) -> None:
    with dev.connect() as connection:
        connection.send("GET", "/trailers", host=HOST, fields={"TE": "trailers"} if wanted else {})
        received = b""
        while not received.endswith(b"\r\n\r\n") or b"\r\nok\r\n" not in received:
            received += connection.socket.recv(65536)
    trailers = b"Grpc-Status: 0\r\n" if wanted else b""
    assert received.partition(b"\r\n\r\n")[2] == b"2\r\nok\r\n0\r\n" + trailers + b"\r\n"

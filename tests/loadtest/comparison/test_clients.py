"""What the clients send and read, and that the reading backend answers them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from loadtest.comparison import arrivals, echoes, loads, transfers
from loadtest.comparison.answer_reader import AnswerReader
from loadtest.comparison.bodies_backend import BUFFER_BYTES, ReadingBackend
from loadtest.comparison.cores import CoreTime, busy_share, parse_core_time
from loadtest.comparison.site import Site

WRK_OUTPUT = b"""\
Running 1s test @ http://localhost:18080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.32ms  210.00us   4.10ms   81.20%
  48213 requests in 1.00s, 9.10MB read
Requests/sec:  48199.10
{"operations": 48213, "seconds": 1.000288, "wrong": 0}
"""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    buffer = memoryview(bytearray(BUFFER_BYTES))
    server = await asyncio.get_running_loop().create_server(lambda: ReadingBackend(buffer), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_the_figures_of_wrk_are_on_its_last_line() -> None:
    assert loads.parse_found(WRK_OUTPUT) == loads.Found(48213, 1.000288, 0)


@pytest.mark.parametrize("output", [b"", b"\n", b"unable to connect\n", b'{"operations": 1}\n'])
def test_a_client_without_figures_is_an_error_that_shows_what_it_said(output: bytes) -> None:
    with pytest.raises(ValueError, match="printed no figures"):
        loads.parse_found(output)


def test_wrk_is_told_connections_fields_and_what_to_send(tmp_path: Path) -> None:
    site = Site(folder=tmp_path, http_port=1, https_port=2, answers_port=3, bodies_port=4, certificates=())
    command = loads.wrk(site, 3, fields=(("Accept", "*/*"),), method="POST", path="/a", body_bytes=9, tls=True)
    assert command[command.index("--duration") + 1] == "3s"
    assert command[command.index("--header") + 1] == "Accept: */*"
    assert command[-6:] == ("https://localhost:2/", "--", "POST", "/a", "9", "0")


def test_an_answer_is_whole_when_its_last_byte_is_there() -> None:
    reader = AnswerReader()
    assert [reader.take(ANSWER[place : place + 1]) for place in range(len(ANSWER))] == [
        *([None] * (len(ANSWER) - 1)),
        True,
    ]
    assert reader.take(ANSWER) is True


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER.replace(b"200", b"502"),
        ANSWER + b"!",
        ANSWER.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    ],
)
def test_any_other_answer_is_wrong(answer: bytes) -> None:
    assert AnswerReader().take(answer) is False


def test_the_time_of_one_core_leaves_idle_and_waiting_out() -> None:
    text = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu1 100 0 100 700 50 0 40 10 500 0\nintr 1\n"
    assert parse_core_time(text, 1) == CoreTime(2.5, 10.0)
    with pytest.raises(LookupError, match="processor 7"):
        parse_core_time(text, 7)


def test_the_busy_share_is_of_the_time_between() -> None:
    assert busy_share(CoreTime(10.0, 100.0), CoreTime(12.5, 110.0)) == 0.25
    assert busy_share(CoreTime(10.0, 100.0), CoreTime(10.0, 100.0)) == 0.0


async def test_echoes_come_back(port: int) -> None:
    found = await echoes.run(port, seconds=0.2)
    assert found["operations"] > 0
    assert found["wrong"] == 0


async def test_arrivals_are_answered_and_timed(port: int) -> None:
    found = await arrivals.run(port, rate=500, seconds=0.5)
    assert 0 < found["operations"] <= 251
    assert found["wrong"] == 0
    assert 0 < found["p50"] <= found["p99"]


async def test_uploads_are_answered_with_their_length(port: int) -> None:
    found = await asyncio.to_thread(transfers.run, port, upload=True, mebibytes=2, seconds=0.1)
    assert found["operations"] > 0
    assert found["wrong"] == 0


async def test_the_reading_backend_takes_a_request_in_any_pieces(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = b"POST /bodies HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" * 2
    for place in range(len(request)):
        writer.write(request[place : place + 1])
        await writer.drain()
        await asyncio.sleep(0)
    expected = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n3 bytes\n" * 2
    assert await reader.readexactly(len(expected)) == expected
    writer.close()
    await writer.wait_closed()

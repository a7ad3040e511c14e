from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.failures import Failure
from ingressd.proxy.framing import Framing
from ingressd.proxy.response_head import find_response_head_end, has_body, parse_response_head


@given(
    st.lists(
        st.sampled_from([b"HTTP/1.1 ", b"200", b" OK", b"\r\n", b"\n", b"X: 1", b"Content-Length: 1", b"\x00"])
        | st.binary(max_size=6),
        max_size=12,
    ).map(b"".join)
)
def test_any_bytes_are_a_head_or_a_failure(data: bytes) -> None:
    try:
        end = find_response_head_end(data)
        if end >= 0:
            head = parse_response_head(data[:end], "GET")
            assert 100 <= head.status < 600
    except Failure as failure:
        assert failure.answer.status == 502


@pytest.mark.parametrize(
    ("fields", "method", "status", "framing", "keep_alive"),
    [
        (b"Content-Length: 3\r\n", "GET", 200, Framing(length=3), True),
        (b"Transfer-Encoding: chunked\r\n", "GET", 200, Framing(chunked=True), True),
        (b"", "GET", 200, Framing(), False),
        (b"", "HEAD", 200, Framing(), True),
        (b"", "GET", 204, Framing(), True),
        (b"", "GET", 304, Framing(), True),
        (b"Connection: close\r\nContent-Length: 0\r\n", "GET", 200, Framing(length=0), False),
    ],
)
def test_how_the_end_of_an_answer_is_known(
    fields: bytes, method: str, status: int, framing: Framing, keep_alive: bool
) -> None:
    head = parse_response_head(b"HTTP/1.1 %d X\r\n%b\r\n" % (status, fields), method)
    assert (head.framing, head.keep_alive) == (framing, keep_alive)


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [("GET", 200, True), ("HEAD", 200, False), ("GET", 204, False), ("GET", 304, False), ("GET", 101, False)],
)
def test_which_answers_have_a_body(method: str, status: int, body: bool) -> None:
    assert has_body(status, method) is body


def test_bytes_that_are_no_http_fail_before_the_head_ends() -> None:
    with pytest.raises(Failure):
        find_response_head_end(b"SSH-2.0-OpenSSH")
    assert find_response_head_end(b"HTT") == -1

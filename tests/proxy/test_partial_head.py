"""What can be told before a head is complete."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.partial_head import incomplete_head_failure
from ingressd.proxy.request_head import parse_request_head
from ingressd.proxy.request_line import HeadLimits

LIMITS = HeadLimits(line=100, total=400, fields=20)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", None),
        (b"GET / HTTP/1.1\r", None),
        (b"GET / HTTP/1.1\r\nHost: a", None),
        (b"GET / HTTP/1.1\nHost: a", Reason.MALFORMED_REQUEST),
        (b"GET / HTTP/1.1\rX", Reason.MALFORMED_REQUEST),
        (b"\x16\x03\x01" + b"\x01" * 60, Reason.MALFORMED_REQUEST),
        (b"GET /" + b"a" * 100, Reason.TARGET_TOO_LONG),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100, Reason.HEADERS_TOO_LARGE),
        (b"GET / HTTP/1.1\r\n" + b"X: aaaaaaaaaaaaaaaa\r\n" * 20, Reason.HEADERS_TOO_LARGE),
    ],
)
def test_what_can_never_become_a_head(data: bytes, reason: Reason | None) -> None:
    failure = incomplete_head_failure(data, LIMITS)
    assert (failure.reason if failure is not None else None) is reason


@given(
    st.lists(st.sampled_from([b"X: 1\r\n", b"Cookie: a=b\r\n", b"A: caf\xe9\r\n"]), max_size=10),
    st.sampled_from([b"/", b"/a?b", b"/" + b"a" * 60]),
)
def test_no_start_of_a_valid_head_is_refused(lines: list[bytes], target: bytes) -> None:
    head = b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n" + b"".join(lines) + b"\r\n"
    parse_request_head(head, LIMITS)
    for end in range(len(head)):
        assert incomplete_head_failure(head[:end], LIMITS) is None


@given(st.binary(max_size=300))
def test_what_is_refused_early_is_refused_whole(data: bytes) -> None:
    if b"\r\n\r\n" in data or incomplete_head_failure(data, LIMITS) is None:
        return
    with pytest.raises(Failure):
        parse_request_head(data + b"\r\n\r\n", LIMITS)


@given(
    st.lists(st.sampled_from([b"GET / HTTP/1.1", b"\r\n", b"\r", b"\n", b"X: 1", b"a" * 60, b" "]), max_size=12).map(
        b"".join
    ),
    st.data(),
)
def test_looking_only_at_what_is_new_finds_the_same(data: bytes, draws: st.DataObject) -> None:
    scanned = 0
    for end in [*sorted(draws.draw(st.lists(st.integers(0, len(data)), max_size=6))), len(data)]:
        found = incomplete_head_failure(data[:end], LIMITS, scanned)
        whole = incomplete_head_failure(data[:end], LIMITS)
        assert (found and found.reason) == (whole and whole.reason)
        if found is not None:
            return
        scanned = end

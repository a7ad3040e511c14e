from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.failures import Failure
from ingressd.proxy.forwarding import Peer, upstream_request
from ingressd.proxy.header_section import LONGEST_KEPT_BYTES, NO_SECTION
from ingressd.proxy.request_head import RequestHead, leading_request_head, parse_request_head
from ingressd.proxy.request_line import HeadLimits

LIMITS = HeadLimits()
LINES = [
    b"Host: a.test",
    b"Host:  a.test:81",
    b"host: b.test",
    b"User-Agent: curl/8",
    b"Accept: */*",
    b"Cookie: a=1; b=2",
    b"Connection: keep-alive",
    b"Connection: close",
    b"Connection: X-Mine",
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Content-Length: 3",
    b"content-length:003",
    b"Transfer-Encoding: chunked",
    b"Expect: 100-continue",
    b"TE: trailers",
    b"X-Request-ID: abc",
    b"X-Request-ID: d e",
    b"X-Forwarded-For: 10.0.0.1",
    b"X_Under: 1",
    b"X-Mine: 2",
]
FIRST_LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1",
        b"GET /a/b?c=d HTTP/1.1",
        b"POST /a HTTP/1.1",
        b"HEAD /%61 HTTP/1.1",
        b"GET /a/../b HTTP/1.1",
        b"GET / HTTP/1.0",
        b"OPTIONS * HTTP/1.1",
        b"GET http://a.test/ HTTP/1.1",
    ]
)


def head_of(first_line: bytes, lines: list[bytes]) -> bytes:
    return b"\r\n".join([first_line, *lines, b"", b""])


def outcome(head: RequestHead) -> tuple[object, ...]:
    """All that a head decides, and the bytes that it becomes."""
    peer = Peer("192.0.2.7", "http", 80)
    forwarded = upstream_request(head, peer.identity(head.authority), head.target, b"id", b"upstream.test")
    return (
        head.method,
        head.target,
        head.version,
        head.length,
        head.authority.text,
        head.framing.length,
        head.framing.chunked,
        head.has_body,
        head.keep_alive,
        head.expects_continue,
        head.takes_trailers,
        head.upgrade,
        head.fields,
        head.section.request_id,
        forwarded,
    )


def parsed(data: bytes) -> tuple[object, ...] | Failure:
    try:
        return outcome(parse_request_head(data, LIMITS))
    except Failure as failure:
        return failure


@given(
    st.lists(st.tuples(FIRST_LINES, st.booleans()), min_size=1, max_size=4),
    st.lists(st.sampled_from(LINES), max_size=6),
    st.lists(st.sampled_from(LINES), max_size=6),
    st.sampled_from([b"", b"abc", b"GET /"]),
)
def test_what_repeats_means_what_it_would_alone(
    requests: list[tuple[bytes, bool]], lines: list[bytes], others: list[bytes], behind: bytes
) -> None:
    last = NO_SECTION
    for first_line, same in requests:
        data = head_of(first_line, [b"Host: a.test", *(lines if same else others)])
        alone = parsed(data)
        try:
            head = leading_request_head(data + behind, LIMITS, last)
        except Failure as failure:
            assert isinstance(alone, Failure)
            assert (failure.reason, failure.detail) == (alone.reason, alone.detail)
            continue
        if head is not None:
            assert outcome(head) == alone
            last = head.section


def test_the_section_is_the_one_of_the_request_before() -> None:
    lines = [b"Host: a.test", b"Cookie: a=1"]
    first = leading_request_head(head_of(b"GET /1 HTTP/1.1", lines), LIMITS, NO_SECTION)
    assert first is not None
    second = leading_request_head(head_of(b"GET /2 HTTP/1.1", lines), LIMITS, first.section)
    assert second is not None
    assert second.section is first.section
    assert second.target.path == "/2"


def test_a_longer_head_that_begins_the_same_is_another() -> None:
    first = leading_request_head(head_of(b"GET / HTTP/1.1", [b"Host: a.test"]), LIMITS, NO_SECTION)
    assert first is not None
    data = head_of(b"GET / HTTP/1.1", [b"Host: a.test", b"Content-Length: 3"])
    second = leading_request_head(data, LIMITS, first.section)
    assert second is not None
    assert second.has_body


def test_what_is_long_is_not_kept() -> None:
    data = head_of(b"GET / HTTP/1.1", [b"Host: a.test", b"Cookie: " + b"c" * LONGEST_KEPT_BYTES])
    assert not parse_request_head(data, LIMITS).section.repeatable


def test_a_repeated_section_does_not_lift_the_limit_of_a_head() -> None:
    lines = [b"Host: a.test", b"Cookie: " + b"c" * 1000]
    limits = HeadLimits(line=1200)
    first = leading_request_head(head_of(b"GET / HTTP/1.1", lines), limits, NO_SECTION)
    assert first is not None
    # Not refused here: the careful parser says what is wrong with it, if anything.
    assert leading_request_head(head_of(b"GET /" + b"a" * 200 + b" HTTP/1.1", lines), limits, first.section) is None

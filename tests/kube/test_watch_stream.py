from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.kube.api_error import ApiFault
from ingressd.kube.watch_stream import EventTooLargeError, EventType, WatchStream, bookmarked_version

Seen = tuple[str, bytes]


def line(type_: str, value: object) -> bytes:
    return json.dumps({"type": type_, "object": value}, ensure_ascii=False).encode() + b"\n"


def read(pieces: list[bytes], most: int = 1000) -> tuple[list[Seen], tuple[ApiFault, str] | None, bool]:
    stream = WatchStream(most)
    seen: list[Seen] = [(event.type.value, bytes(event.object)) for piece in pieces for event in stream.feed(piece)]
    failure = stream.failure
    return seen, (failure.fault, str(failure)) if failure is not None else None, stream.in_event


lines = st.one_of(
    st.builds(
        line,
        st.sampled_from(("ADDED", "MODIFIED", "DELETED", "BOOKMARK")),
        st.dictionaries(st.sampled_from(("metadata", "ä\n", "kind")), st.text(max_size=20), max_size=3),
    ),
    st.just(b"\n"),
    st.just(b" \r\n"),
    st.just(line("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"})),
    st.just(b"garbage\n"),
    st.just(line("ADDED", {"big": "x" * 1000})),
)


@given(st.lists(lines, max_size=6), st.booleans(), st.data())
def test_any_cut_gives_the_same_events_and_the_same_failure(
    written: list[bytes], in_event: bool, data: st.DataObject
) -> None:
    body = b"".join(written) + (b'{"type": "ADDED", ' if in_event else b"")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    pieces = [body[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert read(pieces) == read([body])
    assert read([bytes([byte]) for byte in body]) == read([body])


def test_events_come_with_their_type_and_raw_object() -> None:
    seen, failure, in_event = read([line("ADDED", {"a": 1}) + line("DELETED", {}) + b'{"ty'])
    assert seen == [("ADDED", b'{"a": 1}'), ("DELETED", b"{}")]
    assert failure is None
    assert in_event


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ({"code": 410, "reason": "Expired"}, ApiFault.EXPIRED),
        ({"code": 410, "reason": "Gone"}, ApiFault.EXPIRED),
        ({"reason": "Expired"}, ApiFault.EXPIRED),
        ({"code": 410}, ApiFault.EXPIRED),
        ({"code": 429, "details": {"retryAfterSeconds": 7}}, ApiFault.THROTTLED),
        ({"code": 500, "message": "etcd is gone"}, ApiFault.SERVER),
        ({"code": 403}, ApiFault.FORBIDDEN),
        ({}, ApiFault.SERVER),
        ({"code": None, "reason": None, "message": None, "details": None}, ApiFault.SERVER),
        ("no status", ApiFault.MALFORMED),
    ],
)
def test_an_error_event_ends_the_stream_with_its_fault(status: object, fault: ApiFault) -> None:
    stream = WatchStream()
    events = stream.feed(line("ADDED", {}) + line("ERROR", status) + line("ADDED", {}))
    assert [event.type for event in events] == [EventType.ADDED]
    assert stream.failure is not None
    assert stream.failure.fault is fault
    assert stream.feed(line("ADDED", {})) == []


def test_the_server_says_how_long_to_wait() -> None:
    stream = WatchStream()
    stream.feed(line("ERROR", {"code": 429, "details": {"retryAfterSeconds": 7}}))
    assert stream.failure is not None
    assert stream.failure.retry_after_seconds == 7.0


def test_an_event_beyond_the_size_is_an_error_that_names_the_size() -> None:
    for pieces in ([b"x" * 101], [b"x" * 60, b"x" * 60], [b"x" * 200 + b"\n"]):
        stream = WatchStream(100)
        for piece in pieces:
            assert stream.feed(piece) == []
        assert isinstance(stream.failure, EventTooLargeError)
        assert "100 bytes" in str(stream.failure)
        assert not stream.in_event


@pytest.mark.parametrize(
    "garbage", [b"<html>", b"[]", b'{"type": "ADDED"}', b'{"type": "NEWER", "object": {}}', b"\xff\xfe", b"[" * 5000]
)
def test_garbage_is_an_error_that_repeats_nothing_of_it(garbage: bytes) -> None:
    stream = WatchStream()
    stream.feed(garbage + b"\n")
    assert stream.failure is not None
    assert stream.failure.fault is ApiFault.MALFORMED
    assert "html" not in str(stream.failure)


def test_a_bookmark_holds_a_resource_version() -> None:
    (event,) = WatchStream().feed(line("BOOKMARK", {"kind": "Service", "metadata": {"resourceVersion": "77"}}))
    assert bookmarked_version(event.object) == "77"
    (event,) = WatchStream().feed(line("BOOKMARK", {"kind": "Service"}))
    assert bookmarked_version(event.object) == ""

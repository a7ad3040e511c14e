from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tls.clients import hello_of, message_of, records
from tls.client_hello import LARGEST_HELLO_BYTES, ClientHello, Incomplete, NotTls, parse_client_hello

HELLO = hello_of("Shop.Example", ["h2", "http/1.1"])
DECISION = ClientHello("shop.example", (b"h2", b"http/1.1"))


def sized(content: bytes, width: int) -> bytes:
    return len(content).to_bytes(width, "big") + content


def extension(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2, "big") + sized(content, 2)


def name_entry(name: bytes, kind: int = 0) -> bytes:
    return bytes([kind]) + sized(name, 2)


def server_name(*entries: bytes) -> bytes:
    return extension(0, sized(b"".join(entries), 2))


def message(*extensions: bytes, after: bytes = b"", with_extensions: bool = True) -> bytes:
    body = b"\x03\x03" + b"r" * 32 + sized(b"", 1) + sized(b"\x13\x01", 2) + sized(b"\0", 1)
    if with_extensions:
        body += sized(b"".join(extensions), 2)
    return b"\x01" + sized(body + after, 3)


def parse(*extensions: bytes) -> ClientHello | Incomplete | NotTls:
    return parse_client_hello(records(message(*extensions)))


def test_what_openssl_sends_is_understood() -> None:
    assert parse_client_hello(HELLO) == DECISION
    assert parse_client_hello(hello_of(None)) == ClientHello(None)


def test_a_hello_without_extensions_asks_for_no_name() -> None:
    assert parse_client_hello(records(message(with_extensions=False))) == ClientHello(None)


def test_every_prefix_is_incomplete_and_says_how_much_is_needed() -> None:
    data = records(message_of(HELLO), range(0, 400, 50))
    for length in range(len(data)):
        decision = parse_client_hello(data[:length])
        assert isinstance(decision, Incomplete)
        assert length < decision.needed <= len(data)


@given(st.sets(st.integers(1, 700), max_size=40), st.data())
def test_records_and_segments_do_not_change_the_decision(cuts: set[int], data: st.DataObject) -> None:
    whole = records(message_of(HELLO), cuts)
    assert parse_client_hello(whole) == DECISION
    assert parse_client_hello(whole + data.draw(st.binary(max_size=20))) == DECISION
    length = data.draw(st.integers(0, len(whole) - 1))
    prefix = parse_client_hello(whole[:length])
    assert isinstance(prefix, Incomplete)
    assert length < prefix.needed <= len(whole)


def test_records_of_one_byte_take_few_looks() -> None:
    body = message(extension(99, b"x" * 9000))
    whole = records(body, range(len(body)))
    available, looks = 0, 0
    while isinstance(decision := parse_client_hello(whole[:available]), Incomplete):
        available, looks = decision.needed, looks + 1
    assert decision == ClientHello(None)
    assert looks < 60


@given(st.binary(max_size=400))
def test_any_bytes_lead_to_a_decision(data: bytes) -> None:
    decision = parse_client_hello(data)
    assert isinstance(decision, ClientHello | Incomplete | NotTls)
    if isinstance(decision, Incomplete):
        assert decision.needed > len(data)


@given(st.integers(0, len(HELLO) - 1), st.integers(0, 255), st.integers(0, 3))
def test_a_damaged_hello_leads_to_a_decision(position: int, value: int, removed: int) -> None:
    damaged = HELLO[:position] + bytes([value]) + HELLO[position + 1 + removed :]
    assert isinstance(parse_client_hello(damaged), ClientHello | Incomplete | NotTls)


@given(st.binary(max_size=60))
def test_any_extension_block_leads_to_a_decision(block: bytes) -> None:
    assert isinstance(parse(block), ClientHello | NotTls)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"G",
        b"\x80\x2e\x01\x03\x01",  # the two-byte record header of SSL 2.0
        b"\x16\x02",
        b"\x16\x03\x01\x00\x00",
        b"\x16\x03\x01\x40\x01",
        b"\x16\x03\x01\x00\x05\x02",
        b"\x15\x03\x01\x00\x02\x02\x28",
    ],
)
def test_what_cannot_become_a_hello_is_refused_at_once(data: bytes) -> None:
    decision = parse_client_hello(data)
    assert isinstance(decision, NotTls)
    assert decision.start == data[:16]


def test_another_record_between_two_parts_is_refused() -> None:
    alert = b"\x15\x03\x01\x00\x02\x01\x00"
    whole = records(message_of(HELLO), [100])
    assert isinstance(parse_client_hello(whole[:105] + alert + whole[105:]), NotTls)


def test_the_size_is_bounded_before_the_bytes_arrive() -> None:
    announced = b"\x16\x03\x01\x40\x00\x01" + (LARGEST_HELLO_BYTES).to_bytes(3, "big")
    decision = parse_client_hello(announced)
    assert isinstance(decision, NotTls)
    assert "larger than" in decision.why


def test_record_headers_count_towards_the_size() -> None:
    body = message(extension(99, b"x" * 12000))
    assert isinstance(parse_client_hello(records(body, range(len(body)))), NotTls)
    largest = message(*(extension(kind, b"x" * 16000) for kind in range(100, 104)))
    assert parse_client_hello(records(largest, range(0, len(largest), 1 << 14))) == ClientHello(None)


@pytest.mark.parametrize(
    "name", [b"10.0.0.1", b"::1", b"*.example", b"a\0.example", b"b\xfccher.example", b"a" * 300, b"a b"]
)
def test_a_name_that_is_no_dns_name_is_no_name(name: bytes) -> None:
    assert parse(server_name(name_entry(name))) == ClientHello(None)


def test_names_of_other_types_are_passed_over() -> None:
    assert parse(server_name(name_entry(b"x", kind=7), name_entry(b"A.Example."))) == ClientHello("a.example")
    assert parse(server_name(name_entry(b"x", kind=7))) == ClientHello(None)


@pytest.mark.parametrize(
    "extensions",
    [
        [server_name(name_entry(b"a.example"), name_entry(b"b.example"))],
        [server_name(name_entry(b"a.example")), server_name(name_entry(b"a.example"))],
        [extension(99, b""), extension(99, b"")],
        [extension(0, b"")],
        [server_name()],
        [server_name(name_entry(b""))],
        [extension(0, sized(name_entry(b"a.example"), 2) + b"x")],
        [extension(16, b"")],
        [extension(16, sized(b"\x00", 2))],
        [extension(16, sized(sized(b"", 1) + sized(b"h2", 1), 2))],
        [b"\x00\x00\xff\xff"],
    ],
)
def test_an_ambiguous_or_malformed_extension_is_refused(extensions: list[bytes]) -> None:
    assert isinstance(parse(*extensions), NotTls)


def test_bytes_after_the_extensions_are_refused() -> None:
    assert isinstance(parse_client_hello(records(message(after=b"x"))), NotTls)

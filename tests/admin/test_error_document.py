"""Errors as JSON."""

from __future__ import annotations

import json

import pytest

from ingressd.admin.error_document import ErrorDocument, decode_error, encode_error


def test_the_shape() -> None:
    assert json.loads(encode_error("not_found", "There is no such page.")) == {
        "error": {"code": "not_found", "message": "There is no such page."}
    }


def test_what_is_read_is_what_was_written() -> None:
    assert decode_error(encode_error("not_found", "There is none.")) == ErrorDocument("not_found", "There is none.")


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b'{"error": "no"}', b"[]", b'{"error": {"code": "\xff"}}', b'{"error": ' + b"[" * 100_000],
    ids=["nothing", "HTML", "another shape", "a list", "no UTF-8", "without end"],
)
def test_what_is_no_error_of_ours(answer: bytes) -> None:
    assert decode_error(answer) is None

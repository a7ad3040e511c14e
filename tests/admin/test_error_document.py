"""Errors as JSON."""

from __future__ import annotations

import json

from ingressd.admin.error_document import encode_error


def test_the_shape() -> None:
    assert json.loads(encode_error("not_found", "There is no such page.")) == {
        "error": {"code": "not_found", "message": "There is no such page."}
    }

"""Readiness as JSON."""

from __future__ import annotations

import msgspec
import pytest

from ingressd.admin.readiness_document import ReadinessDocument


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (ReadinessDocument(ready=True), b'{"ready":true}'),
        (ReadinessDocument(ready=False), b'{"ready":false}'),
        (
            ReadinessDocument(ready=False, waiting_for=("It is early.",)),
            b'{"ready":false,"waiting_for":["It is early."]}',
        ),
    ],
)
def test_the_shape(document: ReadinessDocument, text: bytes) -> None:
    assert msgspec.json.encode(document) == text
    assert msgspec.json.decode(text, type=ReadinessDocument) == document

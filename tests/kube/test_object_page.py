from __future__ import annotations

import pytest

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.object_page import read_page


def test_a_page_has_items_a_version_and_perhaps_a_successor() -> None:
    page = read_page(b'{"metadata": {"resourceVersion": "9", "continue": "abc"}, "items": [{"a": 1}, null]}')
    assert [bytes(item) for item in page.items] == [b'{"a": 1}', b"null"]
    assert (page.resource_version, page.following) == ("9", "abc")
    last = read_page(b'{"kind": "ServiceList", "metadata": {"resourceVersion": "9", "continue": null}, "items": null}')
    assert last == ([], "9", "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"items": []}',
        b'{"metadata": {}, "items": []}',
        b'{"metadata": {"resourceVersion": 9}}',
        b'{"metadata": {"resourceVersion": "9"}, "items": {}}',
        b'{"metadata": ' + b"[" * 10000,
    ],
)
def test_what_is_no_list_is_malformed(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_page(body)
    assert caught.value.fault is ApiFault.MALFORMED

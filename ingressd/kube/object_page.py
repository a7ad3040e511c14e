"""One page of a list.

Kubernetes API Concepts, "Retrieving large results sets in chunks".
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ingressd.kube.api_error import ApiError, ApiFault


class ObjectPage(NamedTuple):
    """``items`` are raw JSON. ``following`` is the token of the next page, empty on the last one."""

    items: list[msgspec.Raw]
    resource_version: str
    following: str


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    following: str | None = msgspec.field(default=None, name="continue")


class _List(msgspec.Struct):
    metadata: _Metadata
    items: list[msgspec.Raw] | None = None


_LIST = msgspec.json.Decoder(_List)


def read_page(body: bytes) -> ObjectPage:
    """Read the answer to a list. Raises ApiError (MALFORMED) when it is none."""
    try:
        read = _LIST.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ApiError(
            ApiFault.MALFORMED, f"The API server answered with something that is no list: {error}."
        ) from None
    if not read.metadata.resource_version:
        raise ApiError(ApiFault.MALFORMED, "The API server answered with a list that has no resource version.")
    return ObjectPage(read.items or [], read.metadata.resource_version, read.metadata.following or "")

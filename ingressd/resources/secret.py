"""Secret, v1."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.metadata import Metadata

TLS_TYPE = "kubernetes.io/tls"


class PrivateBytes(bytes):
    """Bytes that no ``repr``, log line or traceback shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} private bytes>"

    __str__ = __repr__


class Secret(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """``data`` holds decoded bytes; ``stringData`` of a manifest is merged into it by the decoder."""

    kind: ClassVar[Kind] = Kind.SECRET

    metadata: Metadata
    type: str = "Opaque"
    data: dict[str, PrivateBytes] = {}

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(Kind.SECRET, self.metadata.namespace, self.metadata.name)

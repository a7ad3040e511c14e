"""Namespace, v1."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.metadata import Metadata


class Namespace(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    kind: ClassVar[Kind] = Kind.NAMESPACE

    metadata: Metadata

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(Kind.NAMESPACE, "", self.metadata.name)

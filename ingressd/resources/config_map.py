"""ConfigMap, v1."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.metadata import Metadata


class ConfigMap(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    kind: ClassVar[Kind] = Kind.CONFIG_MAP

    metadata: Metadata
    data: dict[str, str] = {}

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(Kind.CONFIG_MAP, self.metadata.namespace, self.metadata.name)

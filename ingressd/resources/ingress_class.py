"""IngressClass, networking.k8s.io/v1."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.metadata import Metadata


class IngressClassParameters(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    api_group: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    scope: str = "Cluster"


class IngressClassSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    controller: str = ""
    parameters: IngressClassParameters | None = None


class IngressClass(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    kind: ClassVar[Kind] = Kind.INGRESS_CLASS

    metadata: Metadata
    spec: IngressClassSpec = IngressClassSpec()

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(Kind.INGRESS_CLASS, "", self.metadata.name)

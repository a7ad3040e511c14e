"""What one reflector lists and watches."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ingressd.kube.resource import WATCHED, Resource
from ingressd.resources.key import Kind


class Selection(msgspec.Struct, frozen=True):
    """The objects of one kind, in one namespace or, without it, in all; selectors as in a query of the API."""

    kind: Kind
    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""

    @property
    def resource(self) -> Resource:
        return WATCHED[self.kind]

    @property
    def path(self) -> str:
        return self.resource.path(self.namespace)

    @property
    def query(self) -> Mapping[str, str]:
        """The selectors, for lists and watches alike."""
        given = {"labelSelector": self.label_selector, "fieldSelector": self.field_selector}
        return {name: value for name, value in given.items() if value}

    def __str__(self) -> str:
        """As people say it: ``ingresses.networking.k8s.io in namespace shop``."""
        return f"{self.resource} in namespace {self.namespace}" if self.namespace else str(self.resource)

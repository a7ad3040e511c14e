"""What has changed and is not translated yet."""

from __future__ import annotations

import dataclasses

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.store import Store, Touched
from ingressd.routing.upstream import UpstreamKey
from ingressd.translate.classes import ClassSelection
from ingressd.translate.units import changed_ingress, dirtied_by


@dataclasses.dataclass
class Pending:
    """Sets, so that a burst of changes to one object is one translation; bounded by what the store holds and held.

    ``changed`` are the Ingresses whose text differs: only that lets go of the certificate of a deleted Secret.
    ``other_services`` is true once a Service came or went: what is advised to those without one may differ then.
    """

    ingresses: set[ObjectKey] = dataclasses.field(default_factory=set)
    changed: set[ObjectKey] = dataclasses.field(default_factory=set)
    secrets: set[str] = dataclasses.field(default_factory=set)
    services: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    upstreams: set[UpstreamKey] = dataclasses.field(default_factory=set)
    hosts: set[str] = dataclasses.field(default_factory=set)
    other_services: bool = False

    def add(self, touched: Touched, store: Store, selection: ClassSelection) -> None:
        dirtied = dirtied_by(touched, store, selection)
        self.ingresses |= dirtied.ingresses
        self.secrets |= dirtied.secrets
        self.services |= dirtied.services
        if touched.key.kind is Kind.INGRESS and changed_ingress(touched):
            self.changed.add(touched.key)
        if touched.key.kind is Kind.SERVICE and (touched.before is None or touched.after is None):
            self.other_services = True

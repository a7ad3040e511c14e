"""Which Ingresses have another status than they should."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from ingressd.controller.status_addresses import Addresses, sorted_addresses
from ingressd.resources.ingress import Ingress
from ingressd.resources.key import ObjectKey
from ingressd.resources.store import Store
from ingressd.translate.claims import Claims


class StatusWrite(NamedTuple):
    """Set the status of an Ingress to ``addresses``; none of them clears it."""

    key: ObjectKey
    addresses: Addresses


class StatusPlan:
    """Remembers which Ingresses are ours and which were, since this process has seen them: whoever has never been
    ours keeps its status, even if it is the same as ours would be."""

    def __init__(self) -> None:
        self._ours: frozenset[ObjectKey] = frozenset()
        self._given_up: set[ObjectKey] = set()

    def update(self, claims: Iterable[Claims]) -> None:
        """Take in the claims of all Ingresses that exist now."""
        ours: set[ObjectKey] = set()
        others: set[ObjectKey] = set()
        for found in claims:
            (ours if found.decision.served else others).add(found.key)
        self._given_up = (self._given_up | self._ours) & others
        self._ours = frozenset(ours)

    def writes(self, store: Store, wanted: Addresses) -> Iterator[StatusWrite]:
        """Yield what differs from ``wanted``, in no particular order.

        An Ingress that is no longer ours is cleared if it still says what we publish; otherwise its new owner has
        written already.
        """
        for key in self._ours:
            if _says(store, key, wanted) is False:
                yield StatusWrite(key, wanted)
        for key in tuple(self._given_up):
            if _says(store, key, wanted):
                yield StatusWrite(key, ())
            else:
                self._given_up.discard(key)

    def withdrawals(self, store: Store, wanted: Addresses) -> Iterator[StatusWrite]:
        """Yield what takes ``wanted`` back everywhere, for the end of the last replica."""
        for key in self._ours | self._given_up:
            if _says(store, key, wanted):
                yield StatusWrite(key, ())


def status_patch(addresses: Addresses) -> bytes:
    """The body of a merge patch (RFC 7396) for the subresource ``status``: it replaces the list as a whole."""
    entries = [
        {name: text for name, text in (("ip", address.ip), ("hostname", address.hostname)) if text}
        for address in addresses
    ]
    return msgspec.json.encode({"status": {"loadBalancer": {"ingress": entries or None}}})


def _says(store: Store, key: ObjectKey, wanted: Addresses) -> bool | None:
    """Whether the status is ``wanted``, in any order; None when the Ingress does not exist."""
    ingress = store.get(key)
    if not isinstance(ingress, Ingress):
        return None
    published = ingress.status.addresses
    # What we wrote ourselves is in our order: of ten thousand Ingresses nearly all are told here.
    return published == wanted or sorted_addresses(published) == wanted

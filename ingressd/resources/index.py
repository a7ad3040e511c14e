"""Which objects mention a term."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

_Term = TypeVar("_Term", bound=Hashable)
_Member = TypeVar("_Member", bound=Hashable)


class Index(Generic[_Term, _Member]):
    """Kept incrementally, member by member; a term that nobody mentions any more takes no room."""

    def __init__(self) -> None:
        self._members: dict[_Term, set[_Member]] = {}

    def get(self, term: _Term) -> frozenset[_Member]:
        """Return who mentions ``term``; the order of iteration means nothing."""
        return frozenset(self._members.get(term, ()))

    def move(self, member: _Member, before: Iterable[_Term], after: Iterable[_Term]) -> None:
        """Say that ``member`` mentioned the terms ``before``, and mentions ``after`` now."""
        left, entered = frozenset(before), frozenset(after)
        for term in left - entered:
            members = self._members[term]
            members.discard(member)
            if not members:
                del self._members[term]
        for term in entered - left:
            self._members.setdefault(term, set()).add(member)

    def __len__(self) -> int:
        return len(self._members)

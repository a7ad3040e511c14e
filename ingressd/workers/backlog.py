"""What a worker has not been sent yet of the routing table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ingressd.routing.difference import TableDifference
from ingressd.routing.upstream import Upstream
from ingressd.routing.virtual_host import VirtualHost
from ingressd.workers.messages import TablePart
from tls.key_pair import KeyPair

MAX_PART_WEIGHT = 1000
"""In routes, roughly: about 250 KiB, whose decoding keeps a worker from its requests for a few milliseconds."""
_ENDPOINTS_PER_ROUTE = 8
_KEY_PAIR_WEIGHT = 20

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Backlog:
    """Differences for one worker, merged while it does not take them: a later value replaces an earlier one.

    A batch whose first piece was taken is finished before newer differences are: so a worker that is slower than the
    changes still reaches one complete table after another. There are never more than two values for each key.
    """

    def __init__(self) -> None:
        self._batch = TableDifference({}, {}, {})
        self._batch_generation = 0
        self._newer = TableDifference({}, {}, {})
        self._newer_generation = 0
        self._waiting = self._begun = False

    def __len__(self) -> int:
        """How many values wait."""
        return sum(
            len(difference.hosts) + len(difference.upstreams) + len(difference.certificates)
            for difference in (self._batch, self._newer)
        )

    def __bool__(self) -> bool:
        return self._begun or self._waiting

    def add(self, generation: int, difference: TableDifference) -> None:
        """Put ``difference``, which leads to ``generation``, behind everything that waits."""
        merge(self._newer, difference)
        self._newer_generation = generation
        self._waiting = True

    def take(self) -> TablePart:
        """Return the next piece. Raises IndexError when nothing waits."""
        if not self._begun:
            if not self._waiting:
                raise IndexError("nothing waits")
            self._batch, self._newer = self._newer, TableDifference({}, {}, {})
            self._batch_generation = self._newer_generation
            self._waiting, self._begun = False, True
        part = TableDifference({}, {}, {})
        room = _move(self._batch.certificates, part.certificates, _key_pair_weight, MAX_PART_WEIGHT)
        room = _move(self._batch.upstreams, part.upstreams, _upstream_weight, room)
        _move(self._batch.hosts, part.hosts, _host_weight, room)
        last = not self._batch
        self._begun = not last
        return TablePart(self._batch_generation, part, last)


def merge(into: TableDifference, newer: TableDifference) -> None:
    """Change ``into`` so that it leads to where both do, one after the other."""
    into.hosts.update(newer.hosts)
    into.upstreams.update(newer.upstreams)
    into.certificates.update(newer.certificates)


def _move(source: dict[_Key, _Value], target: dict[_Key, _Value], weight_of: Callable[[_Value], int], room: int) -> int:
    """Move entries while there is room; return what is left of it. The last one may be too heavy: otherwise a value
    heavier than a whole piece would never go. Their order means nothing, as they take effect together."""
    while source and room > 0:
        key, value = source.popitem()
        target[key] = value
        room -= weight_of(value)
    return room


def _host_weight(host: VirtualHost | None) -> int:
    return 1 if host is None else 1 + len(host.paths.routes)


def _upstream_weight(upstream: Upstream | None) -> int:
    return 1 if upstream is None else 1 + len(upstream.endpoints) // _ENDPOINTS_PER_ROUTE


def _key_pair_weight(pair: KeyPair | None) -> int:
    return 1 if pair is None else _KEY_PAIR_WEIGHT

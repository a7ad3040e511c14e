"""Keeps the routing table current."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ingressd.controller.burst import CLUSTER, Burst, Coalescing
from ingressd.controller.pending import Pending
from ingressd.controller.problem_register import ProblemRegister
from ingressd.controller.translation import Translation
from ingressd.resources.change import Change, Reported, Synced
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Problem
from ingressd.resources.store import Store
from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.translate.settings import TranslationSettings

LONGEST_WAIT_SECONDS = 3600.0
"""Certificates come close to their end without any object changing, so the time is looked at once an hour."""

_DECIDE_INGRESSES = frozenset((Kind.INGRESS, Kind.INGRESS_CLASS))


class NotServed(NamedTuple):
    """An Ingress that is none of ours, and the sentence why."""

    ingress: ObjectKey
    why: str


class Controller:
    """Takes changes in, translates what they make dirty, and publishes what differs.

    ``publish`` is called with each difference that is not empty, and with none before a source has said everything
    that existed when it started (``Synced``). Whoever is called applies it to a table of its own: ``table`` is the
    controller's, and already up to date then.
    """

    def __init__(self, settings: TranslationSettings, *, publish: Callable[[TableDifference], None]) -> None:
        self.store = Store()
        self.translation = Translation(settings)
        self.synced = False
        self.ingress_version = 0
        """Grows with each flush before which an Ingress differed, in its status too, or an IngressClass: which ones
        are ours may differ then."""
        self._ingresses_touched = False
        self._publish = publish
        self._pending = Pending()
        self._reported = ProblemRegister[str]()

    @property
    def settings(self) -> TranslationSettings:
        return self.translation.settings

    @property
    def table(self) -> RoutingTable:
        return self.translation.table

    def publish_to(self, publish: Callable[[TableDifference], None]) -> None:
        """From now on publish to ``publish``, which gets all that was published before as its first difference."""
        self._publish = publish
        whole = self.table.whole()
        if whole:
            publish(whole)

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes in; nothing is translated before ``flush``."""
        for change in changes:
            if isinstance(change, Synced):
                self.synced = True
            elif isinstance(change, Reported):
                self._reported.put(change.reporter, change.problems)
            else:
                for touched in self.store.apply(change):
                    self._ingresses_touched |= touched.key.kind in _DECIDE_INGRESSES
                    self._pending.add(touched, self.store, self.settings.classes)

    def flush(self, now: datetime) -> TableDifference:
        """Translate what is dirty and publish what differs; ``now`` is an aware time."""
        if not self.synced:
            return TableDifference()
        pending, self._pending = self._pending, Pending()
        difference = self.translation.update(pending, self.store, now)
        self.ingress_version += self._ingresses_touched
        self._ingresses_touched = False
        if difference:
            self._publish(difference)
        return difference

    @property
    def problem_version(self) -> int:
        """Grows whenever ``problems`` differs."""
        return self._reported.version + self.translation.problems.version

    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong now, by object and place; what two reporters both found stands once."""
        found = dict.fromkeys((*self._reported.all(), *self.translation.problems.all()))
        return tuple(sorted(found, key=_reading_order))

    def not_served(self) -> tuple[NotServed, ...]:
        """The Ingresses that another controller is to serve, or none: they are passed over, and not in silence."""
        return tuple(
            NotServed(claims.key, claims.decision.why)
            for claims in self.translation.claims.all()
            if not claims.decision.served
        )

    async def run(
        self,
        batches: AsyncIterable[Sequence[Change]],
        *,
        coalescing: Coalescing = CLUSTER,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        """Follow a source until it ends; a burst of changes is translated once, when it is over.

        What exists at the start is published as soon as the source has said all of it. Cancelling ends the source
        too; an error of the source ends the run, in an exception group. ``settled`` is called when a burst has been
        dealt with, also if it changed nothing but problems.
        """
        burst = Burst(coalescing)
        async with asyncio.TaskGroup() as group:
            following = group.create_task(self._follow(batches, burst))
            while not following.done():
                await burst.end(LONGEST_WAIT_SECONDS)
                self.flush(clock())
                settled()

    async def _follow(self, batches: AsyncIterable[Sequence[Change]], burst: Burst) -> None:
        async for batch in batches:
            was_synced = self.synced
            self.apply(batch)
            burst.extend(hurry=self.synced and not was_synced)
            # A list of ten thousand objects would stay in memory until something else happens.
            del batch
        burst.extend(hurry=True)


def _reading_order(problem: Problem) -> tuple[str, ...]:
    where = (problem.location.file, f"{problem.location.line:09}") if problem.location is not None else ("", "")
    key = problem.key
    which = (key.namespace, key.kind.value, key.name) if key is not None else ("", "", "")
    return (*which, *where, problem.path, problem.severity.value, problem.code, problem.message)

"""Keeps ``status.loadBalancer`` of the Ingresses up to date."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterable

from ingressd.controller.controller import Controller
from ingressd.controller.status import StatusPlan, StatusWrite, status_patch
from ingressd.controller.status_addresses import Addresses, AddressesUnknownError, AddressSource
from ingressd.controller.status_pace import StatusPace
from ingressd.kube.api import MERGE_PATCH, Api
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.permissions import Feature, forbidden_sentence
from ingressd.kube.replicas import Replicas
from ingressd.kube.resource import INGRESSES
from ingressd.kube.trouble import Trouble

CONCURRENT_WRITES = 10
WRITES_AT_A_TIME = 500
"""Between two rounds it is looked at again whether we lead and what is to be written."""

UNKNOWN_POLL_SECONDS = 3.0
WITHDRAW_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 600.0

_log = logging.getLogger(__name__)


class StatusWriter:
    """``run`` it in a task; ``wake`` it when the controller has settled and when leadership changes.

    At the end: cancel ``run``, ``withdraw`` while the election still runs, and only then give leadership up.
    ``trouble`` is the sentence why statuses are not written at the moment, or empty; ``written`` and ``failed`` count
    calls. Nothing here ends or holds up anything else.
    """

    def __init__(
        self,
        api: Api,
        controller: Controller,
        source: AddressSource,
        *,
        leading: Callable[[], bool],
        replicas: Replicas | None = None,
        settle_seconds: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.written = 0
        self.failed = 0
        self._no_address = Trouble(_log, over="The address for the status of Ingresses is known now.")
        self._not_written = Trouble(_log, over="Statuses are written again.")
        self._api = api
        self._controller = controller
        self._source = source
        self._leading = leading
        self._replicas = replicas
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._plan = StatusPlan()
        self._pace = StatusPace()
        self._wanted: Addresses | None = None
        self._claims_seen = -1
        self._all_written: tuple[int, Addresses] | None = None
        """For which version of the Ingresses, and which addresses, nothing was left to write."""
        self._refresh_at = 0.0
        self._woken = asyncio.Event()

    @property
    def trouble(self) -> str:
        return self._no_address.sentence or self._not_written.sentence

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Write what differs, whenever it does, until cancelled."""
        while True:
            self._woken.clear()
            try:
                await self._round()
            except Exception:
                # A defect here must not take the proxy with it, which needs no status.
                _log.exception("writing statuses failed")
            await self._pause()

    async def withdraw(self) -> None:
        """Clear what was published, if this is the leader and the last replica; when that is unknown, keep it.

        Takes at most ``WITHDRAW_SECONDS``. Never raises ApiError.
        """
        if not self._leading() or self._replicas is None:
            return
        try:
            async with asyncio.timeout(WITHDRAW_SECONDS):
                if not await self._replicas.last_leaves():
                    return
                self._plan.update(self._controller.translation.claims.all())
                if self._wanted is None:
                    await self._refresh()
                if self._wanted is not None:
                    await self._write_all(self._plan.withdrawals(self._controller.store, self._wanted))
        except (ApiError, TimeoutError) as error:
            _log.warning("statuses may have been left behind: %s", str(error) or "the API server took too long")

    async def _round(self) -> None:
        # Of ten thousand Ingresses nearly none differs, and endpoints change all the time: looking through all of them
        # for that would hold up what comes next.
        version = self._controller.ingress_version
        if version != self._claims_seen:
            self._plan.update(self._controller.translation.claims.all())
            self._claims_seen = version
        if not self._leading() or not self._controller.synced:
            return
        if self._clock() >= self._refresh_at:
            await self._refresh()
        if self._wanted is None or self._all_written == (version, self._wanted):
            return
        now = self._clock()
        differing = self._plan.writes(self._controller.store, self._wanted)
        first = next(differing, None)
        if first is None:
            self._all_written = (version, self._wanted)
            return
        writes = (write for write in itertools.chain((first,), differing) if self._pace.may(write, now))
        batch = tuple(itertools.islice(writes, WRITES_AT_A_TIME))
        if len(batch) == WRITES_AT_A_TIME:
            self.wake()
        await self._write_all(batch)

    async def _pause(self) -> None:
        """Until there may be something to do, and a moment longer, so that a burst is one round."""
        seconds = _LONGEST_PAUSE_SECONDS
        if self._leading():
            now = self._clock()
            seconds = min(seconds, max(min(self._refresh_at, self._pace.next_due(now)) - now, 0.0))
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
        await asyncio.sleep(self._settle_seconds)

    async def _refresh(self) -> None:
        try:
            found = await self._source.addresses()
        except AddressesUnknownError as error:
            # What was known last stays: taking addresses out of DNS is worse than keeping them a little too long.
            self._refresh_at = self._clock() + UNKNOWN_POLL_SECONDS
            self._no_address.begin(str(error))
            return
        self._refresh_at = self._clock() + self._source.poll_seconds
        if found != self._wanted:
            _log.info("the status of Ingresses is %s", ", ".join(map(str, found)))
        self._wanted = found
        self._no_address.end()

    async def _write_all(self, writes: Iterable[StatusWrite]) -> None:
        remaining = iter(writes)

        async def work() -> None:
            for write in remaining:
                if not self._leading():
                    return
                await self._write(write)

        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENT_WRITES):
                group.create_task(work())

    async def _write(self, write: StatusWrite) -> None:
        path = INGRESSES.path(write.key.namespace, write.key.name, "status")
        try:
            await self._api.request("PATCH", path, body=status_patch(write.addresses), content_type=MERGE_PATCH)
        except ApiError as error:
            self._pace.attempted(write, self._clock(), error.retry_after_seconds or 0.0)
            if error.fault is ApiFault.NOT_FOUND:
                return  # Deleted meanwhile: the watch will say so.
            self.failed += 1
            if error.fault is ApiFault.FORBIDDEN:
                why = forbidden_sentence(INGRESSES, Feature.STATUS, write.key.namespace, "status")
            else:
                why = str(error)
            self._not_written.begin(f"The status of {write.key} was not written: {why}")
        else:
            self._pace.attempted(write, self._clock())
            self.written += 1
            self._not_written.end()

"""Takes part in the election of a leader over a Lease."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from ingressd.kube.api import Api
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.lease import Candidacy, ElectionSettings, Lease, read_lease, write_lease
from ingressd.kube.permissions import Feature, forbidden_sentence
from ingressd.kube.resource import LEASES
from ingressd.kube.trouble import Trouble

RELEASE_SECONDS = 5.0
"""How long the end of the program waits for the API server to take the Lease back."""

_log = logging.getLogger(__name__)


class Election:
    """``run`` it in a task, cancel that, and then ``release``.

    ``identity`` must be one of its own for every process: a pod that starts again is another candidate. ``changed`` is
    called with True when leadership is gained and with False when it is lost, at the latest when another candidate
    could take it; ``leading`` is exact at any time, even if this process has just slept for an hour.
    Whatever the API server does, the election goes on; ``trouble`` is the sentence why it does not work at the moment.
    """

    def __init__(
        self,
        api: Api,
        *,
        namespace: str,
        name: str,
        identity: str,
        settings: ElectionSettings | None = None,
        changed: Callable[[bool], None] = lambda leading: None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._trouble = Trouble(_log, over="This replica takes part in electing a leader again.")
        self._api = api
        self._settings = settings or ElectionSettings()
        self._namespace = namespace
        self._name = name
        self._candidacy = Candidacy(identity, namespace=namespace, name=name, settings=self._settings)
        self._changed = changed
        self._announced = False
        self._has_bid = False
        self._clock = clock
        self._wall_clock = wall_clock
        self._sleep = sleep
        self._chance = chance

    @property
    def leading(self) -> bool:
        return self._candidacy.leads(self._clock())

    @property
    def trouble(self) -> str:
        return self._trouble.sentence

    async def run(self) -> None:
        """Try to become the leader and to stay it, until cancelled."""
        try:
            while True:
                await self._attempt()
                self._announce()
                await self._sleep(self._pause())
                self._announce()
        finally:
            self._candidacy.leading_until = -math.inf
            self._announce()

    async def release(self) -> None:
        """Give the Lease back if it is held here, so that the next leader need not wait. Never raises ApiError."""
        if not self._has_bid:
            # No record can name this process. Whoever cannot reach the API server would wait for nothing.
            return
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                if self._candidacy.lease is None:
                    await self._read()
                try:
                    await self._resign()
                except ApiError as error:
                    if error.fault is not ApiFault.CONFLICT:
                        raise
                    # A renewal that was cut off has reached the API server all the same.
                    await self._read()
                    await self._resign()
        except (ApiError, TimeoutError) as error:
            _log.warning("the Lease %s/%s was not released: %s", self._namespace, self._name, str(error) or "no answer")
        finally:
            self._candidacy.forget()

    async def _resign(self) -> None:
        lease = self._candidacy.resign(self._wall_clock())
        self._announce()
        if lease is not None:
            await self._write(lease)
            _log.info("released the Lease %s/%s", self._namespace, self._name)

    async def _attempt(self) -> None:
        candidacy = self._candidacy
        # A leader that hears nothing must notice in time that it is none any more.
        limit = candidacy.leading_until - self._clock() if self.leading else self._settings.renew_deadline
        try:
            async with asyncio.timeout(limit):
                await self._bid()
        except ApiError as error:
            self._fail(error)
        except TimeoutError:
            self._fail(ApiError(ApiFault.UNREACHABLE, "The API server does not answer."))
        except Exception:
            # A defect here must not end the election: nobody would notice a replica that never leads again.
            if not self._trouble.sentence:
                _log.exception("an attempt to lead failed")
            self._fail(ApiError(ApiFault.MALFORMED, "An attempt failed for a reason of our own: the log has it."))
        else:
            self._trouble.end()

    async def _bid(self) -> None:
        candidacy = self._candidacy
        # A leader knows the Lease from its last write, and needs no second call to renew it.
        if not self.leading or candidacy.lease is None:
            await self._read()
        asked = self._clock()
        lease = (
            candidacy.first(self._wall_clock()) if candidacy.lease is None else candidacy.bid(asked, self._wall_clock())
        )
        if lease is None:
            return
        self._has_bid = True
        try:
            candidacy.won(await self._write(lease), asked, self._clock())
        except ApiError as error:
            if error.fault is not ApiFault.CONFLICT:
                raise
            # Another candidate was faster, or somebody edited the Lease: what it says now decides at the next attempt.
            await self._read()

    async def _read(self) -> None:
        """Observe the Lease; it stays unknown when there is none."""
        self._candidacy.forget()
        try:
            body = await self._api.request("GET", LEASES.path(self._namespace, self._name))
        except ApiError as error:
            if error.fault is not ApiFault.NOT_FOUND:
                raise
            self._candidacy.vanish()
        else:
            self._candidacy.observe(read_lease(body), self._clock())

    async def _write(self, lease: Lease) -> Lease:
        exists = bool(lease.version)
        method = "PUT" if exists else "POST"
        path = LEASES.path(self._namespace, self._name if exists else "")
        return read_lease(await self._api.request(method, path, body=write_lease(lease)))

    def _pause(self) -> float:
        """A leader renews in time; candidates spread out, so that they do not all ask at once."""
        left = self._candidacy.leading_until - self._clock()
        if left > 0:
            return min(self._settings.retry, left)
        return self._settings.retry * (1 + self._settings.jitter * self._chance())

    def _announce(self) -> None:
        if self.leading == self._announced:
            return
        self._announced = not self._announced
        _log.info("this replica %s", "leads: it writes statuses and Events" if self._announced else "no longer leads")
        self._changed(self._announced)

    def _fail(self, error: ApiError) -> None:
        self._candidacy.forget()
        if error.fault is ApiFault.FORBIDDEN:
            sentence = forbidden_sentence(LEASES, Feature.LEADERSHIP, self._namespace)
        else:
            sentence = str(error)
        self._trouble.begin(f"This replica takes no part in electing a leader: {sentence}")

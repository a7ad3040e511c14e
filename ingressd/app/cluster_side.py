"""The part of ``run`` that a cluster sees: what is read from it, and the statuses and Events written to it."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket

import msgspec

from ingressd.controller.controller import Controller
from ingressd.controller.event_reporter import EventReporter
from ingressd.controller.status_addresses import address_source
from ingressd.controller.status_writer import StatusWriter
from ingressd.kube.api import Api
from ingressd.kube.election import Election
from ingressd.kube.events import EventRecorder
from ingressd.kube.replicas import Replicas
from ingressd.kube.resource import WATCHED
from ingressd.settings import ControllerSettings, StatusSettings
from ingressd.sources.kubernetes import KubernetesSource, KubernetesSourceSettings
from ingressd.tasks import OwnedTasks
from ingressd.telemetry.control_plane import ControlPlane, WatchFigures

_log = logging.getLogger(__name__)


class ClusterSide:
    """One replica of the controller, in the eyes of its API server. To be made and used on one event loop.

    What it writes is written by one replica, the leader; what it reads, every replica reads. Nothing here holds up
    traffic.
    """

    def __init__(self, settings: ControllerSettings, api: Api, controller: Controller) -> None:
        self.source = KubernetesSource(
            api,
            KubernetesSourceSettings(
                settings.namespaces,
                {
                    kind: settings.selectors[resource.plural]
                    for kind, resource in WATCHED.items()
                    if resource.plural in settings.selectors
                },
            ),
        )
        self._electing = OwnedTasks()
        self._writing = OwnedTasks()
        replicas = (
            Replicas(api, namespace=settings.pod.namespace, pod=settings.pod.name) if settings.pod is not None else None
        )
        instance = settings.pod.name if settings.pod is not None else socket.gethostname()
        self._election = Election(
            api,
            namespace=settings.election_namespace,
            name=settings.election_name,
            # One of its own for every start: a pod that starts again is another candidate.
            identity=f"{instance}_{secrets.token_hex(4)}",
            changed=lambda leading: self.look(),
        )
        self._events = EventRecorder(api, instance=instance, leading=self._leading)
        self._reporter = EventReporter(controller, self._events, leading=self._leading)
        self._statuses = self._status_writer(api, controller, settings.status, replicas)

    def _status_writer(
        self, api: Api, controller: Controller, settings: StatusSettings | None, replicas: Replicas | None
    ) -> StatusWriter | None:
        if settings is None:
            return None
        source = address_source(api, settings, replicas)
        if source is None:
            _log.warning(
                "no status is written: outside a pod, the address of this controller is not known. Give it with "
                "--publish-status-address or --publish-service, or say --no-status"
            )
            return None
        return StatusWriter(api, controller, source, leading=self._leading, replicas=replicas)

    def _leading(self) -> bool:
        return self._election.leading

    async def run(self) -> None:
        """Take part in the election, and write what the leader writes, until cancelled."""
        self._electing.start(self._election.run(), "take part in the election")
        self._writing.start(self._events.run(), "write Events")
        self._writing.start(self._reporter.run(), "report problems")
        if self._statuses is not None:
            self._writing.start(self._statuses.run(), "write statuses")
        try:
            await asyncio.Event().wait()
        finally:
            await self._writing.close()
            await self._electing.close()

    def look(self) -> None:
        """Something may differ. Returns at once."""
        self._reporter.wake()
        if self._statuses is not None:
            self._statuses.wake()

    async def leave(self) -> None:
        """Take back what only this replica stands for, and then hand over to the others."""
        await self._writing.close()
        if self._statuses is not None:
            await self._statuses.withdraw()
        await self._electing.close()
        await self._election.release()

    def figures(self, now: ControlPlane) -> ControlPlane:
        """Add what there is to tell of the API server."""
        written = {
            ("event", "written"): self._events.written,
            ("event", "dropped"): self._events.dropped,
            ("event", "failed"): self._events.failed,
        }
        troubles = {"election": bool(self._election.trouble), "events": bool(self._events.trouble)}
        if self._statuses is not None:
            written |= {("status", "written"): self._statuses.written, ("status", "failed"): self._statuses.failed}
            troubles["status"] = bool(self._statuses.trouble)
        return msgspec.structs.replace(
            now,
            watches=tuple(
                WatchFigures(
                    kind=health.kind,
                    namespace=health.namespace,
                    healthy=health.listed and not health.error,
                    objects=health.objects,
                    lists=health.lists,
                    watches=health.watches,
                )
                for health in self.source.health()
            ),
            leading=self._election.leading,
            written=written,
            troubles=troubles,
        )

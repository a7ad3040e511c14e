"""The objects of a cluster, as a source of changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping

import msgspec

from ingressd.kube.api import Api
from ingressd.kube.outage import Outage
from ingressd.kube.reflector import Reflector, ReflectorSettings
from ingressd.kube.reflector_health import ReflectorHealth
from ingressd.kube.resource import WATCHED
from ingressd.kube.selection import Selection
from ingressd.resources.change import Change, Synced
from ingressd.resources.key import Kind
from ingressd.resources.secret import TLS_TYPE
from ingressd.tasks import OwnedTasks

_MOST_WAITING_BATCHES = 16

_FIELD_SELECTORS: Mapping[Kind, str] = {Kind.SECRET: f"type={TLS_TYPE}"}
"""Other Secrets are none of our business, and are not even read."""

_Said = tuple[Reflector, tuple[Change, ...]]


class KubernetesSourceSettings(msgspec.Struct, frozen=True):
    """``namespaces`` are those that are watched; none means all of them. Label selectors are as kubectl takes them.

    Kinds that belong to no namespace are watched in any case.
    """

    namespaces: tuple[str, ...] = ()
    label_selectors: Mapping[Kind, str] = {}
    reflector: ReflectorSettings = ReflectorSettings()


EVERYTHING = KubernetesSourceSettings()


class KubernetesSource:
    """Lists and watches every kind that translation needs, and says what changed.

    A consumer that is slow makes the reflectors wait, and they make the API server wait.
    """

    def __init__(
        self,
        api: Api,
        settings: KubernetesSourceSettings = EVERYTHING,
        *,
        make_reflector: Callable[..., Reflector] = Reflector,
    ) -> None:
        self._api = api
        self._outage = Outage(api)
        self._reflectors = tuple(
            make_reflector(api, selection, settings.reflector, rest=self._outage.rest)
            for selection in selections(settings)
        )

    def health(self) -> tuple[ReflectorHealth, ...]:
        """How every reflector does, in the order of kinds."""
        return tuple(reflector.health for reflector in self._reflectors)

    def waiting_for(self) -> tuple[str, ...]:
        """One sentence for each kind, and namespace, that was not listed even once; empty when all were."""
        return tuple(
            f"{reflector.selection}: {reflector.health.error or 'not listed yet.'}"
            for reflector in self._reflectors
            if not reflector.health.listed
        )

    async def changes(self) -> AsyncGenerator[tuple[Change, ...], None]:
        """What changed, a batch at a time, without end. Synced is the end of the first batch after which every kind
        was listed. To be iterated once, and closed by whoever iterates."""
        said: asyncio.Queue[_Said | Exception] = asyncio.Queue(_MOST_WAITING_BATCHES)
        unlisted = set(self._reflectors)
        following = OwnedTasks()
        try:
            for reflector in self._reflectors:
                following.start(_follow(reflector, said), f"following {reflector.selection}")
            while True:
                found = await said.get()
                if isinstance(found, Exception):
                    raise found
                reflector, batch = found
                if reflector in unlisted:
                    unlisted.discard(reflector)
                    if not unlisted:
                        batch = (*batch, Synced())
                if batch:
                    yield batch
                # A list again must not stay in memory until the next change.
                del found, batch
        finally:
            await following.close()
            await self._outage.close()


def selections(settings: KubernetesSourceSettings) -> tuple[Selection, ...]:
    """What the reflectors of a source select."""
    return tuple(
        Selection(kind, namespace, settings.label_selectors.get(kind, ""), _FIELD_SELECTORS.get(kind, ""))
        for kind, resource in WATCHED.items()
        for namespace in ((settings.namespaces or ("",)) if resource.namespaced else ("",))
    )


async def _follow(reflector: Reflector, said: asyncio.Queue[_Said | Exception]) -> None:
    """Reflectors do not raise; if one does, it is a defect, and must not look like a quiet kind."""
    try:
        async with contextlib.aclosing(reflector.batches()) as batches:
            async for batch in batches:
                await said.put((reflector, batch))
                del batch
    except Exception as error:
        await said.put(error)

"""One kind, listed and watched, as a stream of changes that never forgets an object."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence

import msgspec

from ingressd.kube.api import Api
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.backoff import Backoff, BackoffTiming
from ingressd.kube.decode import DecodedObject, ObjectDecoder
from ingressd.kube.known_objects import KnownObjects
from ingressd.kube.object_page import read_page
from ingressd.kube.permissions import Feature, needed_rule, permission_for
from ingressd.kube.reflector_health import ReflectorHealth
from ingressd.kube.selection import Selection
from ingressd.kube.watch_stream import (
    MOST_EVENT_BYTES,
    EventCutError,
    EventTooLargeError,
    EventType,
    WatchEvent,
    WatchStream,
    bookmarked_version,
)
from ingressd.resources.change import Change, Reported
from ingressd.resources.problem import Problem, Severity

_log = logging.getLogger(__name__)

Rest = Callable[[float, ApiError | None], Awaitable[None]]
"""Waits for so many seconds before the next attempt; the error is why, None after a watch that was very short."""

_LIST_AGAIN = frozenset({ApiFault.EXPIRED, ApiFault.MALFORMED, ApiFault.REFUSED, ApiFault.NOT_FOUND})
"""Going on from the same resource version would only give the same answer."""

_MOST_REFUSED_WATCHES = 5
_MOST_EVENTS_AT_ONCE = 200
_SMALLEST_PAGE = 10
_MOST_EXPIRED_LISTS = 3


class ReflectorSettings(msgspec.Struct, frozen=True):
    """Times in seconds. A watch is to last a random time from ``shortest_watch`` to ``longest_watch``.

    API servers of today send a bookmark about once a minute. Of one that has sent any, a silence of
    ``bookmark_silence`` means that nobody is there any more; of another one, ``grace`` more than the watch was to
    last. A watch that lasts less than ``hasty`` is not opened again at once.
    """

    page_size: int = 500
    shortest_watch: int = 300
    longest_watch: int = 600
    grace: float = 15.0
    bookmark_silence: float = 150.0
    hasty: float = 5.0
    most_event_bytes: int = MOST_EVENT_BYTES
    backoff: BackoffTiming = BackoffTiming()


DEFAULTS = ReflectorSettings()


class Reflector:
    """Follows what ``selection`` selects for as long as somebody iterates.

    ``draw`` gives numbers from 0 up to 1, ``clock`` monotonic seconds.
    """

    def __init__(
        self,
        api: Api,
        selection: Selection,
        settings: ReflectorSettings = DEFAULTS,
        *,
        rest: Rest | None = None,
        draw: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._selection = selection
        self._settings = settings
        self._rest = rest or _sleep
        self._draw = draw
        self._clock = clock
        self._backoff = Backoff(settings.backoff, draw=draw, clock=clock)
        self._decoder = ObjectDecoder(selection.kind)
        self._known = KnownObjects(selection)
        self._page_size = settings.page_size
        self._resource_version = ""
        self._listed_at = 0.0
        self._sends_bookmarks = False
        self._lost_event = False
        self._fault: ApiFault | None = None
        self._health = ReflectorHealth(selection.kind, selection.namespace)

    @property
    def selection(self) -> Selection:
        return self._selection

    @property
    def health(self) -> ReflectorHealth:
        return msgspec.structs.replace(self._health, objects=len(self._known))

    async def batches(self) -> AsyncGenerator[tuple[Change, ...], None]:
        """All that exists as one batch, which may be empty, and then what changes.

        A list again is one batch, too: deletions of what vanished, and the rest applied again. Never raises; an
        error is waited out, and stands in ``health``.
        """
        while True:
            try:
                async with contextlib.aclosing(self._list_and_watch()) as batches:
                    async for batch in batches:
                        yield batch
                        # Otherwise a second copy of everything would live as long as the watch.
                        del batch
            except ApiError as error:
                await self._wait_out(error)
            except Exception as error:
                # A defect of ours, found by something unforeseen in an answer. What is served must not end for it.
                _log.exception("following %s failed", self._selection)
                what = f"ingressd failed to read an answer ({type(error).__name__}): this is a defect of it"
                await self._wait_out(ApiError(ApiFault.MALFORMED, f"{what}, and its log says more."))

    async def _list_and_watch(self) -> AsyncGenerator[tuple[Change, ...], None]:
        """Until what is known is too old to go on from. Raises ApiError when it cannot be listed."""
        yield await self._list()
        async with contextlib.aclosing(self._watch_until_stale()) as batches:
            async for batch in batches:
                yield batch

    async def _list(self) -> tuple[Change, ...]:
        self._note(lists=self._health.lists + 1)
        for _ in range(_MOST_EXPIRED_LISTS - 1):
            try:
                return await self._list_pages()
            except ApiError as error:
                # The token of a following page is too old when the pages took minutes: from the beginning, then.
                if error.fault is not ApiFault.EXPIRED:
                    raise
        return await self._list_pages()

    async def _list_pages(self) -> tuple[Change, ...]:
        """Every page; what a page holds is decoded before the next is asked for, so that others get their turn."""
        decoded: list[DecodedObject] = []
        following = ""
        while True:
            query = {**self._selection.query, "limit": str(self._page_size)}
            if following:
                query["continue"] = following
            try:
                page = read_page(await self._api.request("GET", self._selection.path, query=query))
            except ApiError as error:
                if error.fault is ApiFault.MALFORMED:
                    # It may have been too large.
                    self._page_size = max(self._page_size // 4, _SMALLEST_PAGE)
                raise
            decoded += map(self._decoder.decode, page.items)
            following = page.following
            if not following:
                break
        self._page_size = self._settings.page_size
        self._resource_version = page.resource_version
        self._listed_at = self._clock()
        self._backoff.succeeded()
        self._is_well(listed=True)
        return self._known.replace(decoded)

    async def _watch_until_stale(self) -> AsyncGenerator[tuple[Change, ...], None]:
        """Watch, and watch again from where the last one ended, until that is no longer possible."""
        refused = 0
        while True:
            opened, resource_version = self._clock(), self._resource_version
            try:
                async with contextlib.aclosing(self._watch()) as batches:
                    async for batch in batches:
                        yield batch
            except ApiError as error:
                if isinstance(error, EventTooLargeError):
                    self._lost_event = True
                    yield (_lost_event(self._selection, error),)
                if error.fault is ApiFault.EXPIRED and self._clock() - self._listed_at >= self._settings.hasty:
                    return
                moved = self._resource_version != resource_version
                in_vain = error.fault is ApiFault.SERVER or isinstance(error, EventCutError)
                refused = refused + 1 if in_vain and not moved else 0
                await self._wait_out(error)
                if error.fault in _LIST_AGAIN or refused >= _MOST_REFUSED_WATCHES:
                    return
            else:
                refused = 0
                if self._clock() - opened < self._settings.hasty:
                    await self._rest(self._backoff.failed(), None)

    async def _watch(self) -> AsyncGenerator[tuple[Change, ...], None]:
        """One watch, from the last resource version seen to its end. Raises ApiError when the end is not clean."""
        settings = self._settings
        seconds = int(settings.shortest_watch + self._draw() * (settings.longest_watch - settings.shortest_watch))
        query = {
            **self._selection.query,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._resource_version,
            "timeoutSeconds": str(seconds),
        }
        self._note(watches=self._health.watches + 1)
        async with self._api.watch(
            self._selection.path, query=query, silence_seconds=seconds + settings.grace
        ) as pieces:
            self._backoff.succeeded()
            self._is_well()
            stream = WatchStream(settings.most_event_bytes)
            while (piece := await self._next(pieces, stream)) is not None:
                events = stream.feed(piece)
                for first in range(0, len(events), _MOST_EVENTS_AT_ONCE):
                    batch = tuple(self._changes(events[first : first + _MOST_EVENTS_AT_ONCE]))
                    if batch:
                        yield batch
                if stream.failure is not None:
                    raise stream.failure
            if stream.in_event:
                raise EventCutError("The watch was cut in the middle of an event.")

    async def _next(self, pieces: AsyncIterator[bytes], stream: WatchStream) -> bytes | None:
        silence = self._settings.bookmark_silence if self._sends_bookmarks else None
        try:
            async with asyncio.timeout(silence):
                return await anext(pieces, None)
        except TimeoutError:
            message = f"The watch said nothing for {silence} seconds, not even that nothing happened."
            raise ApiError(ApiFault.UNREACHABLE, message) from None
        except ApiError as error:
            if stream.in_event and error.fault is ApiFault.UNREACHABLE:
                raise EventCutError(str(error)) from None
            raise

    def _changes(self, events: Sequence[WatchEvent]) -> Iterator[Change]:
        for event in events:
            if self._lost_event:
                self._lost_event = False
                yield Reported(_watch_of(self._selection), ())
            if event.type is EventType.BOOKMARK:
                self._sends_bookmarks = True
                self._resource_version = bookmarked_version(event.object) or self._resource_version
                continue
            decoded = self._decoder.decode(event.object)
            self._resource_version = decoded.resource_version or self._resource_version
            yield from self._known.remove(decoded) if event.type is EventType.DELETED else self._known.update(decoded)

    async def _wait_out(self, error: ApiError) -> None:
        sentence = str(error)
        if error.fault is ApiFault.FORBIDDEN:
            rule = needed_rule(permission_for(self._selection.resource, Feature.ROUTING), self._selection.namespace)
            sentence = f"{sentence.rstrip('.')}. For the service account, {rule}."
        if error.fault is not self._fault:
            meanwhile = "what is known of them stays" if self._health.listed else "nothing is known of them yet"
            _log.warning("%s cannot be read; %s. %s", self._selection, meanwhile, sentence)
        self._fault = error.fault
        self._note(error=sentence)
        await self._rest(max(self._backoff.failed(), error.retry_after_seconds or 0.0), error)

    def _is_well(self, *, listed: bool = False) -> None:
        if self._fault is not None:
            _log.info("%s can be read %s.", self._selection, "again" if self._health.listed else "now")
            self._fault = None
            self._note(error="")
        if listed and not self._health.listed:
            self._note(listed=True)

    def _note(self, **changed: object) -> None:
        self._health = msgspec.structs.replace(self._health, **changed)


def _watch_of(selection: Selection) -> str:
    """The reporter of what is wrong with a watch itself."""
    return f"api watch of {selection}"


def _lost_event(selection: Selection, error: EventTooLargeError) -> Reported:
    problem = Problem(
        Severity.WARNING,
        "event_too_large",
        f"{selection}: {error}",
        advice="Everything is listed again instead. Find the object that is so large, and make it smaller.",
    )
    return Reported(_watch_of(selection), (problem,))


async def _sleep(seconds: float, _error: ApiError | None) -> None:
    await asyncio.sleep(seconds)

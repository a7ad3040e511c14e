"""When it is time to look at watched files again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable

from ingressd.sources.file_systems import first_silent
from ingressd.sources.listing import Listing
from ingressd.sources.notifications import NotificationError, Notifications

# A look without a reason, for what notifications may have lost: the queue of the kernel overflows when very many files
# change at once, and nobody is told. It is rare because a look at thousands of files takes milliseconds in which no
# request is served.
_LONGEST_WAIT_SECONDS = 60.0
# Without notifications, looks take at most this part of the time, between these bounds.
_PART_OF_THE_TIME = 1 / 200
_SHORTEST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Wakes:
    """Says when to look: when the operating system is notified of a change, else at regular intervals.

    ``unsettled`` says whether the last look left something open that may change without a notification, such as a
    file that could not be read because too many were open.
    """

    def __init__(self, unsettled: Callable[[], bool]) -> None:
        self._unsettled = unsettled
        self._said = ""

    async def wakes(self, listing: Listing) -> AsyncGenerator[bool, None]:
        """Yields when it is time to look at the files; true when the folders have to be watched anew after that.

        The look happens before the next step. May end, and wants to be called again then.
        """
        silent = await asyncio.to_thread(first_silent, listing.watched)
        if silent is None:
            try:
                async with contextlib.aclosing(self._when_notified(listing)) as moments:
                    async for watch_anew in moments:
                        yield watch_anew
            except NotificationError as error:
                self._say(
                    logging.WARNING,
                    f"cannot be notified of changes to files: {error}. If too many files are open or watched, raise "
                    "the limit (ulimit -n, fs.inotify.max_user_instances, fs.inotify.max_user_watches)",
                )
        else:
            told = f"{silent.folder} is on {silent.file_system}, which does not tell of changes made elsewhere"
            self._say(logging.INFO, told)
        # After that time, notifications may be possible again.
        end = time.monotonic() + _LONGEST_WAIT_SECONDS
        while (begin := time.monotonic()) < end:
            yield False
            await asyncio.sleep(_pause(time.monotonic() - begin))

    async def _when_notified(self, listing: Listing) -> AsyncGenerator[bool, None]:
        """Does not end. Raises NotificationError."""
        notifications = await Notifications.subscribe(listing.watched)
        try:
            # The first look is for what changed between the listing and the subscription.
            begin = time.monotonic()
            yield False
            while True:
                pause = _pause(time.monotonic() - begin) if self._unsettled() else _LONGEST_WAIT_SECONDS
                changed = await notifications.wait(pause)
                matter = [path for path in changed if listing.matters(path)]
                if matter or not changed:
                    begin = time.monotonic()
                    yield any(path in listing.watched for path in matter)
        finally:
            notifications.close()

    def _say(self, level: int, reason: str) -> None:
        """Every listing and every retry would say it again."""
        if reason != self._said:
            self._said = reason
            _log.log(level, "%s. Looking at files every few seconds instead.", reason)


def _pause(seconds_of_the_look: float) -> float:
    """The seconds until the next look without a notification."""
    return min(max(seconds_of_the_look / _PART_OF_THE_TIME, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)

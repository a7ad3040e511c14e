"""When it is time to look at watched files again."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncGenerator

import watchfiles

from ingressd.sources.listing import Listing

# An editor truncates a file and writes it a moment later: what is quiet for this long is whole.
_QUIET_MILLISECONDS = 50
_LONGEST_BURST_MILLISECONDS = 150
# The watcher wakes this often. At the first time, and then every so many times, the files are looked at without a
# reason: for what changed while the watcher started, and what file systems without notifications (network mounts)
# never say.
_WAKE_MILLISECONDS = 250
_WAKES_BETWEEN_LOOKS = 20
_PAUSE_AFTER_FAILURE_SECONDS = 1.0

_log = logging.getLogger(__name__)


async def wakes(listing: Listing) -> AsyncGenerator[bool, None]:
    """Yields when it is time to look at the files; true when the folders have to be watched anew after that."""
    polling: bool | None = None
    while True:
        watcher = watchfiles.awatch(
            *sorted(listing.watched),
            watch_filter=lambda _, path: listing.matters(path),
            debounce=_LONGEST_BURST_MILLISECONDS,
            step=_QUIET_MILLISECONDS,
            rust_timeout=_WAKE_MILLISECONDS,
            yield_on_timeout=True,
            force_polling=polling,
            recursive=False,
            # Also passes over a folder that went away since the listing; the first look notices that.
            ignore_permission_denied=True,
        )
        idle = itertools.cycle(range(_WAKES_BETWEEN_LOOKS))
        try:
            async with contextlib.aclosing(watcher):
                async for changes in watcher:
                    if changes:
                        yield any(path in listing.watched for _, path in changes)
                    elif next(idle) == 0:
                        yield False
            return
        except OSError as error:
            if polling:
                _log.warning("cannot look at files (%s); trying again", error)
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_SECONDS)
                yield True
                return
            _log.warning("cannot be notified of changes to files (%s); looking at them regularly instead", error)
            polling = True

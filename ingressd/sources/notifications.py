"""What the operating system says about changes in folders."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable

# The module is documented for use (https://watchfiles.helpmanual.io/api/rust_backend/). ``watchfiles.awatch`` over it
# makes its watches on the event loop, does not say when they are there, and hides an error in an ExceptionGroup.
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

# An editor truncates a file and writes it a moment later: what is quiet for this long is whole. A file that is seen
# empty between the two is looked at again (files.py).
_QUIET_MILLISECONDS = 25
_LONGEST_BURST_MILLISECONDS = 75


class NotificationError(Exception):
    """The operating system cannot say what changes. The message has its reason."""


class Notifications:
    """Changes to names directly in folders, gathered from the moment of ``subscribe`` until ``close``.

    Waiting happens in a thread, one call of ``wait`` at a time.
    """

    def __init__(self, watcher: RustNotify) -> None:
        self._watcher = watcher
        self._closed = threading.Event()

    @classmethod
    async def subscribe(cls, folders: Iterable[str]) -> Notifications:
        """Starts to gather. A folder that does not exist is passed over. Raises NotificationError."""
        return cls(await asyncio.to_thread(_watch, sorted(folders)))

    async def wait(self, longest_seconds: float) -> frozenset[str]:
        """The paths that changed; none of them after ``longest_seconds`` without a change. Raises NotificationError."""
        return await asyncio.to_thread(self._wait, longest_seconds)

    def close(self) -> None:
        """Lets go of everything, as soon as a thread that still waits has noticed."""
        self._closed.set()

    def _wait(self, longest_seconds: float) -> frozenset[str]:
        # Zero would be for ever.
        milliseconds = max(1, round(longest_seconds * 1000))
        try:
            changes = self._watcher.watch(_LONGEST_BURST_MILLISECONDS, _QUIET_MILLISECONDS, milliseconds, self._closed)
        except WatchfilesRustInternalError as error:
            # The error keeps this frame, and the frame would keep the watches.
            self._watcher.close()
            raise NotificationError(str(error)) from error
        return frozenset(path for _, path in changes) if isinstance(changes, set) else frozenset()


def _watch(folders: list[str]) -> RustNotify:
    try:
        return RustNotify(
            folders,
            debug=False,
            # Its polling compares whole seconds, and so misses the second of two saves.
            force_polling=False,
            poll_delay_ms=0,
            recursive=False,
            # Also passes over a folder that went away since the listing.
            ignore_permission_denied=True,
        )
    except UnicodeEncodeError as error:
        raise NotificationError(f"the name of the folder {error.object!r} is not UTF-8") from error
    except (OSError, WatchfilesRustInternalError) as error:
        raise NotificationError(str(error)) from error

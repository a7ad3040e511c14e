"""Which event loop ingressd runs on."""

from __future__ import annotations

import asyncio
import os


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a loop of uvloop, where that is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    # libuv would use an io_uring to forget each connection that it closes: one system call as before, but a dearer
    # one, and one that the seccomp profiles of containers forbid.
    os.environ.setdefault("UV_USE_IO_URING", "0")
    return uvloop.new_event_loop()

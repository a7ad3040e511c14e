"""Which event loop ingressd runs on, and what is to be known of it."""

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


async def stop_accepting(server: asyncio.Server) -> None:
    """Close a server such that each connection it has accepted has its protocol, and is the protocol's to end.

    Event loops accept a connection in one turn and tell its protocol in a later one. ``Server.close`` between the two
    leaves a connection that nobody knows of; asyncio's then never reads it
    (https://github.com/python/cpython/issues/109564). What waits in the kernel's queue is refused.
    """
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        # uvloop has a way of its own to accept, and no reader here.
        loop.remove_reader(listening)
    try:
        await asyncio.sleep(0)
    finally:
        server.close()
    await asyncio.sleep(0)

"""Running the program: which event loop, and which signals end it."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from ingressd.cli.exit_code import ExitCode
from ingressd.event_loop import new_event_loop

_Result = TypeVar("_Result")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


MOST_DESCRIPTORS = 1 << 20


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run ``work`` to its end, on uvloop where it is installed. A Ctrl-C that nobody waits for ends the program."""
    raise_descriptor_limit()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(work)
    except KeyboardInterrupt:
        raise SystemExit(ExitCode.INTERRUPTED) from None


def raise_descriptor_limit() -> None:
    """Take as many descriptors as the system allows: each proxied request holds two, and a usual limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    # macOS names no limit and enforces one: then what there is has to do.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """Give an event that the first Ctrl-C or SIGTERM sets, for a drain; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def stopped() -> None:
        stop.set()
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stopped)
    try:
        yield stop
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)

"""The entry of a worker process. The supervisor starts it, with the descriptors of the sockets that it inherits."""

from __future__ import annotations

import faulthandler
import signal
from collections.abc import Sequence

from ingressd.workers.signals import NOT_FOR_WORKERS, STACKS


def main(arguments: Sequence[str]) -> None:
    for number in NOT_FOR_WORKERS:
        signal.signal(number, signal.SIG_IGN)
    faulthandler.enable()
    # It writes from the signal's handler itself, so it works while the event loop is blocked.
    faulthandler.register(STACKS, all_threads=True)

    # Only now: these take most of the time between the start of the process and its first message.
    import asyncio
    import socket

    from ingressd.event_loop import new_event_loop
    from ingressd.telemetry.log_handler import STANDARD_ERROR, logging_to
    from ingressd.workers.worker import work

    channel, http, https = (socket.socket(fileno=int(descriptor)) for descriptor in arguments)
    # Until the supervisor has said how much to log.
    with logging_to(STANDARD_ERROR, "warning"), asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(work(channel, http, https))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

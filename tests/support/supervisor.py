"""A supervisor and nothing else, as a process to be killed: it prints its port and the processes of its workers."""

from __future__ import annotations

import asyncio
import logging

from ingressd.event_loop import new_event_loop
from ingressd.routing.endpoint import Endpoint
from tests.support.proxying import table_for
from tests.support.worker_pools import running_pool


async def supervise(upstream_port: int) -> None:
    table = table_for([Endpoint("127.0.0.1", upstream_port)])
    async with running_pool(table) as serving:
        print(serving.http_port, *serving.serving_pids, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    import sys

    logging.basicConfig(level=logging.WARNING)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(supervise(int(sys.argv[1])))

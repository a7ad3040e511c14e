"""What event loops do with connections when a server ends, asyncio's and the one that ingressd runs on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from ingressd.event_loop import new_event_loop, stop_accepting


class Told(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport


@pytest.mark.parametrize("turns", range(5))
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, new_event_loop], ids=["asyncio", "ours"])
def test_a_server_that_stops_has_told_the_protocol_of_each_connection_that_it_accepted(
    loop: Callable[[], asyncio.AbstractEventLoop], turns: int
) -> None:
    async def stopped_after_turns() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        protocols: list[Told] = []

        def protocol() -> Told:
            protocols.append(Told())
            return protocols[-1]

        with listening.dup() as queue, socket.create_connection(listening.getsockname()):
            server = await asyncio.get_running_loop().create_server(protocol, sock=listening)
            for _ in range(turns):
                await asyncio.sleep(0)
            await stop_accepting(server)
            transports = [protocol.transport for protocol in protocols]
            if transports:
                (transport,) = transports
                assert transport is not None
                transport.close()
                await asyncio.sleep(0)
            else:
                queue.accept()[0].close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(stopped_after_turns())


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, new_event_loop], ids=["asyncio", "ours"])
def test_a_stop_that_is_cancelled_has_stopped(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def cancelled() -> None:
        server = await asyncio.get_running_loop().create_server(Told, "127.0.0.1", 0)
        stopping = asyncio.get_running_loop().create_task(stop_accepting(server))
        await asyncio.sleep(0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        assert not server.is_serving()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(cancelled())

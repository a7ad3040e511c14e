"""Servers that stand in for pods: each says who it is and what reached it."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.support.upstream import Script, read_message

LONGEST_START_SECONDS = 30
_Result = TypeVar("_Result")


class Gate:
    """Something that a script waits for until a test opens it, from another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._opened = asyncio.Event()

    async def wait(self) -> None:
        await self._opened.wait()

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._opened.set)


def halting(gate: Gate) -> Script:
    """Answer the first half, ``first``, and the rest, `` last``, when the gate opens."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        await gate.wait()
        writer.write(b" last")
        await reader.read()

    return script


class Pods:
    """Runs on a thread with an event loop of its own, so that tests without a loop can use it.

    ``ports`` says where each pod listens, by its name.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ports: dict[str, int] = {}
        self._loop = loop
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    def add(
        self,
        name: str,
        script: Script | None = None,
        *,
        address: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> int:
        """Start a pod and return its port; without a script it answers with what it saw (``web_client.Seen``)."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(name, script, reader, writer)

        async def start() -> int:
            server = await asyncio.start_server(serve, address, 0, limit=2**26, ssl=tls)
            self._servers.append(server)
            port: int = server.sockets[0].getsockname()[1]
            return port

        self.ports[name] = self.call(start())
        return self.ports[name]

    def gate(self) -> Gate:
        return Gate(self._loop)

    def call(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run ``work`` on the loop of the pods and return what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LONGEST_START_SECONDS)

    def maps(self) -> list[str]:
        """Flags that lead the Service with the name of each pod to that pod."""
        return [argument for name, port in self.ports.items() for argument in ("--map", f"{name}={port}")]

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(
        self, name: str, script: Script | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if script is not None:
                await script(reader, writer)
            else:
                await _echo(name, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


@contextmanager
def running_pods(*names: str) -> Iterator[Pods]:
    """Give pods that echo, one for each name; more can be added."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="pods")
    thread.start()
    pods = Pods(loop)
    try:
        for name in names:
            pods.add(name)
        yield pods
    finally:
        pods.call(pods.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        # Transports close in a callback: without this turn of the loop they would be left open.
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _echo(name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        head, body = await read_message(reader)
        writer.write(echo_answer(name, head, body))
        await writer.drain()


def echo_answer(name: str, head: bytes, body: bytes) -> bytes:
    """Return the answer of the pod ``name`` to one request, as bytes."""
    request_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, path, protocol = request_line.split(" ")
    seen = {
        "pod": name,
        "method": method,
        "path": path,
        "protocol": protocol,
        "fields": [[field, value.strip()] for field, _, value in (line.partition(":") for line in lines)],
        "body": body.decode("latin-1"),
    }
    content = json.dumps(seen).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
    return answer if method == "HEAD" else answer + content

"""Clients that send at a steady pace whatever happens, and never try again: what is lost, is seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.support.worker_pools import GET, read_answer

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Tally:
    def __init__(self) -> None:
        self.answered = 0
        self.lost: list[str] = []

    def count(self, status: int) -> None:
        if status == 200:
            self.answered += 1
        else:
            self.lost.append(f"status {status}")


@asynccontextmanager
async def steady_clients(
    connect: Connect, *, fresh: int = 10, kept: int = 10, pause_seconds: float = 0.05
) -> AsyncIterator[Tally]:
    """Send from ``fresh`` clients that open a connection for each request, and ``kept`` that reuse theirs."""
    tally = Tally()
    stop = asyncio.Event()

    async def fresh_client() -> None:
        while not stop.is_set():
            try:
                reader, writer = await connect()
                try:
                    writer.write(GET)
                    tally.count((await read_answer(reader)).status)
                finally:
                    writer.close()
            except (OSError, asyncio.IncompleteReadError) as error:
                tally.lost.append(f"{type(error).__name__} on a fresh connection")
            await asyncio.sleep(pause_seconds)

    async def keeping_client() -> None:
        while not stop.is_set():
            try:
                await use_one_connection()
            except (OSError, asyncio.IncompleteReadError) as error:
                tally.lost.append(f"{type(error).__name__} on a kept connection")

    async def use_one_connection() -> None:
        reader, writer = await connect()
        try:
            while not stop.is_set():
                writer.write(GET)
                answer = await read_answer(reader)
                tally.count(answer.status)
                await asyncio.sleep(pause_seconds)
                if answer.closes:
                    return
        finally:
            writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(fresh):
            group.create_task(fresh_client())
        for _ in range(kept):
            group.create_task(keeping_client())
        try:
            yield tally
        finally:
            stop.set()

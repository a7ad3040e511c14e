"""Tasks with an owner, and the first of several to end."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ingressd.tasks import OwnedTasks, first_of


async def test_the_first_to_end_ends_the_wait_and_the_others() -> None:
    cancelled = asyncio.Event()

    async def long() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def short() -> None:
        await asyncio.sleep(0)

    await first_of(long(), short())
    assert cancelled.is_set()


async def test_what_the_first_raises_is_raised() -> None:
    async def broken() -> None:
        raise LookupError("first")

    with pytest.raises(LookupError, match="first"):
        await first_of(asyncio.Event().wait(), broken())


async def test_cancelling_the_wait_cancels_all() -> None:
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    tasks = OwnedTasks()
    waiting = tasks.start(first_of(work("a"), work("b")), "wait")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    await tasks.close()
    assert sorted(ended) == ["a", "b"]
    assert waiting.cancelled()


async def test_owned_tasks_are_forgotten_when_they_end_and_cancelled_when_closed() -> None:
    tasks = OwnedTasks()
    short = tasks.start(asyncio.sleep(0), "short")
    long = tasks.start(_forever(), "long")
    assert len(tasks) == 2
    await short
    await asyncio.sleep(0)
    assert len(tasks) == 1
    await tasks.close()
    assert long.cancelled()
    assert len(tasks) == 0


async def test_a_failure_is_logged_with_the_name_of_the_task(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise LookupError("lost")

    tasks = OwnedTasks()
    with caplog.at_level(logging.ERROR):
        tasks.start(broken(), "look for it")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert "task 'look for it' failed" in caplog.text
    assert "LookupError: lost" in caplog.text


async def _forever() -> None:
    await asyncio.Event().wait()

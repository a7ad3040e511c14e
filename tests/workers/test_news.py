"""Waiting for what others bring about."""

from __future__ import annotations

import asyncio
from functools import partial

from ingressd.workers.news import News


async def test_what_has_happened_already_is_not_waited_for() -> None:
    await News().until(lambda: True)


async def test_everybody_who_waits_looks_again_whenever_somebody_tells() -> None:
    news = News()
    happened: list[int] = []
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        waiting = [group.create_task(news.until(partial(happened.__contains__, number))) for number in (1, 2)]
        await asyncio.sleep(0)
        news.tell()
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        happened.append(1)
        news.tell()
        await waiting[0]
        assert not waiting[1].done()
        happened.append(2)
        news.tell()

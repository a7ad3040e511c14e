from __future__ import annotations

import asyncio

import pytest

from ingressd.controller.burst import CLUSTER, Burst, Coalescing


async def test_without_a_change_there_is_nothing_to_wait_for_but_the_timeout() -> None:
    await Burst(CLUSTER).end(0.01)


async def test_a_change_ends_after_the_quiet_period() -> None:
    burst = Burst(Coalescing(quiet=0.01, ceiling=60.0))
    burst.extend()
    async with asyncio.timeout(20):
        await burst.end(60.0)


async def test_changes_without_a_pause_end_at_the_ceiling() -> None:
    burst = Burst(Coalescing(quiet=0.1, ceiling=0.1))
    ended = asyncio.Event()

    async def keep_changing() -> None:
        while not ended.is_set():
            burst.extend()
            await asyncio.sleep(0)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(keep_changing())
        await burst.end(60.0)
        ended.set()


async def test_hurry_ends_the_burst_at_once() -> None:
    burst = Burst(Coalescing(quiet=60.0, ceiling=60.0))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        ending = group.create_task(burst.end(60.0))
        burst.extend()
        await asyncio.sleep(0)
        assert not ending.done()
        burst.extend(hurry=True)
        await ending


async def test_hurry_is_used_up() -> None:
    burst = Burst(Coalescing(quiet=60.0, ceiling=60.0))
    async with asyncio.timeout(20):
        burst.extend(hurry=True)
        await burst.end(60.0)
        burst.extend()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await burst.end(60.0)


@pytest.mark.parametrize(("quiet", "ceiling"), [(-0.1, 1.0), (2.0, 1.0)])
def test_periods_that_make_no_sense_are_refused(quiet: float, ceiling: float) -> None:
    with pytest.raises(ValueError, match="quiet period"):
        Coalescing(quiet, ceiling)

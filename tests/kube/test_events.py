from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.event import EventReport
from ingressd.kube.event_limits import EventSettings
from ingressd.kube.events import ATTEMPTS, EventRecorder
from ingressd.resources.key import Kind, ObjectKey
from tests.kube.memory_api import Call, MemoryApi

PREFIX = "/api/v1/namespaces/shop/events/"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingressd.kube.events.FIRST_PAUSE_SECONDS", 0.001)


def report(message: str = "There is no Service shop/web.", name: str = "web") -> EventReport:
    return EventReport(ObjectKey(Kind.INGRESS, "shop", name), "uid-1", "NoService", message, "spec")


class World:
    def __init__(self, **settings: Any) -> None:
        self.api = MemoryApi()
        self.leads = True
        self.recorder = EventRecorder(
            self.api, instance="ingressd-a", leading=lambda: self.leads, settings=EventSettings(**settings)
        )

    @property
    def events(self) -> list[dict[str, Any]]:
        return [found for path, found in self.api.objects.items() if path.startswith(PREFIX)]

    @property
    def counts(self) -> tuple[int, int, int]:
        return (self.recorder.written, self.recorder.dropped, self.recorder.failed)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.recorder.run())
        yield
        task.cancel()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_the_same_report_again_raises_the_count() -> None:
    world = World()
    async with running(world):
        for _ in range(3):
            assert world.recorder.record(report())
        assert world.recorder.record(report("Another thing."))
        await until(lambda: world.recorder.written == 4)
    assert {(found["message"], found["count"]) for found in world.events} == {
        ("There is no Service shop/web.", 3),
        ("Another thing.", 1),
    }
    assert [call.method for call in world.api.calls] == ["POST", "PATCH", "PATCH", "POST"]
    assert world.recorder.has_written(report())
    assert not world.recorder.has_written(report("Never said."))


async def test_an_event_that_the_server_forgot_is_a_first_one_again() -> None:
    world = World()
    async with running(world):
        world.recorder.record(report())
        await until(lambda: world.recorder.written == 1)
        world.api.objects.clear()
        world.recorder.record(report())
        await until(lambda: world.recorder.written == 2)
        world.recorder.record(report())
        await until(lambda: world.recorder.written == 3)
    assert [found["count"] for found in world.events] == [2]


async def test_too_many_about_one_object_are_dropped_and_counted() -> None:
    world = World(object_burst=2)
    assert [world.recorder.record(report(str(number))) for number in range(4)] == [True, True, False, False]
    assert world.recorder.record(report(name="other"))
    assert world.counts == (0, 2, 0)


async def test_the_queue_is_bounded() -> None:
    world = World(queue=2)
    assert [world.recorder.record(report(name=name)) for name in "abc"] == [True, True, False]
    assert world.counts == (0, 1, 0)


async def test_all_together_are_no_faster_than_the_rate() -> None:
    world = World(total_burst=2, total_rate=0.001)
    async with running(world):
        for name in "abc":
            world.recorder.record(report(name=name))
        await until(lambda: world.recorder.written == 2)
        await asyncio.sleep(0.05)
        assert world.counts == (2, 0, 0)


async def test_what_waits_is_let_go_when_leadership_ends() -> None:
    world = World()
    world.leads = False
    async with running(world):
        world.recorder.record(report())
        await until(lambda: not world.recorder._queue)
        world.leads = True
        world.recorder.record(report("Later."))
        await until(lambda: world.recorder.written == 1)
    assert [found["message"] for found in world.events] == ["Later."]


@pytest.mark.parametrize("fault", [ApiFault.UNREACHABLE, ApiFault.THROTTLED, ApiFault.SERVER, ApiFault.CONFLICT])
async def test_what_passes_is_tried_again(fault: ApiFault) -> None:
    world, failures = World(), [ApiError(fault, "Not now."), ApiError(fault, "Not now.")]

    async def fail(call: Call) -> None:
        if failures:
            raise failures.pop()

    world.api.before = fail
    async with running(world):
        world.recorder.record(report())
        await until(lambda: world.recorder.written == 1)
    assert world.counts == (1, 0, 0)
    assert len({call.body["metadata"]["name"] for call in world.api.calls}) == 3


async def test_an_outage_costs_the_event_and_nothing_else() -> None:
    world = World()

    async def fail(call: Call) -> None:
        raise ApiError(ApiFault.UNREACHABLE, "Nobody answers.")

    healthy, world.api.before = world.api.before, fail
    async with running(world):
        world.recorder.record(report())
        await until(lambda: world.recorder.failed == 1)
        assert len(world.api.calls) == ATTEMPTS
        assert world.recorder.trouble.endswith("was not written: Nobody answers.")
        world.api.before = healthy
        world.recorder.record(report())
        await until(lambda: world.recorder.written == 1)
        assert world.recorder.trouble == ""


async def test_what_is_refused_is_not_repeated_and_a_missing_rule_is_named() -> None:
    world = World()

    async def forbid(call: Call) -> None:
        raise ApiError(ApiFault.FORBIDDEN, "events is forbidden", status=403)

    world.api.before = forbid
    async with running(world):
        world.recorder.record(report())
        await until(lambda: world.recorder.failed == 1)
    assert len(world.api.calls) == 1
    assert "resources [events], verbs [create, patch]" in world.recorder.trouble
    assert "(events is forbidden)" in world.recorder.trouble


async def test_the_memory_of_events_is_bounded() -> None:
    world = World(remembered=2)
    async with running(world):
        for name in "abc":
            world.recorder.record(report(name=name))
        await until(lambda: world.recorder.written == 3)
    assert [world.recorder.has_written(report(name=name)) for name in "abc"] == [False, True, True]

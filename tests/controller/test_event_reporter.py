from __future__ import annotations

import asyncio

import pytest

from ingressd.controller.event_reporter import DROPPED_AGAIN_SECONDS, REPEAT_SECONDS, EventReporter
from ingressd.kube.event_limits import EventSettings
from ingressd.kube.events import EventRecorder
from ingressd.resources.change import Applied, Deleted
from ingressd.resources.endpoint_slice import SlicePort
from ingressd.resources.problem import Problem
from ingressd.translate.settings import TranslationSettings
from tests.controller.worlds import Published
from tests.kube.memory_api import MemoryApi
from tests.support.objects import endpoint, endpoint_slice, ingress, ingress_class, path, rule, service


class World:
    """One Ingress that names a Service which does not exist."""

    def __init__(self, **settings: int) -> None:
        self.api = MemoryApi()
        self.leads = True
        self.now = 0.0
        self.followed = Published(
            TranslationSettings(),
            [Applied(ingress_class("ours")), Applied(ingress("web", rule("a.test", path("/")), class_name="ours"))],
        )
        self.recorder = EventRecorder(
            self.api, instance="a", leading=lambda: self.leads, settings=EventSettings(**settings)
        )
        self.reporter = EventReporter(
            self.followed.controller,
            self.recorder,
            leading=lambda: self.leads,
            settle_seconds=0.01,
            clock=lambda: self.now,
        )

    async def reported(self) -> list[tuple[str, int]]:
        """Look once, let everything be written, and return the calls made for it with their counts."""
        before = len(self.api.calls)
        self.reporter.report()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.recorder.run())
            async with asyncio.timeout(20):
                while self.recorder._queue or self.recorder.written + self.recorder.failed < len(self.api.calls):
                    await asyncio.sleep(0.002)
            task.cancel()
        return [(call.method, call.body["count"]) for call in self.api.calls[before:]]


async def test_a_problem_is_reported_once_while_it_stays() -> None:
    world = World()
    assert await world.reported() == [("POST", 1)]
    world.followed.tell(Applied(service("other")))
    world.now = REPEAT_SECONDS - 1
    assert await world.reported() == []
    world.now = REPEAT_SECONDS
    assert await world.reported() == [("PATCH", 2)]


async def test_a_problem_that_comes_back_is_reported_again() -> None:
    world = World()
    await world.reported()
    world.followed.tell(Applied(service("web")))
    world.reporter.report()
    world.followed.tell(Deleted(service("web").key))
    assert ("PATCH", 2) in await world.reported()


async def test_only_the_leader_reports_and_says_nothing_twice() -> None:
    world = World()
    world.leads = False
    assert await world.reported() == []
    world.leads = True
    assert await world.reported() == [("POST", 1)]
    for leads in (False, True):
        world.leads = leads
        assert await world.reported() == []


async def test_what_was_not_written_before_leadership_was_lost_is_reported_when_it_is_back() -> None:
    world = World()
    world.reporter.report()
    world.leads = False
    assert await world.reported() == []
    world.leads = True
    assert await world.reported() == [("POST", 1)]


async def test_what_was_dropped_is_tried_again_later() -> None:
    world = World(queue=0)
    world.reporter.report()
    world.reporter.report()
    assert world.recorder.dropped == 1
    world.now = DROPPED_AGAIN_SECONDS
    world.reporter.report()
    assert world.recorder.dropped == 2


async def test_it_looks_when_it_is_woken_and_survives_a_defect(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    looked = 0

    def look() -> None:
        nonlocal looked
        looked += 1
        if looked == 1:
            raise LookupError("a defect")

    monkeypatch.setattr(world.reporter, "report", look)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.reporter.run())
        async with asyncio.timeout(20):
            while looked < 2:
                world.reporter.wake()
                await asyncio.sleep(0.005)
        task.cancel()
    assert "reporting problems as Events failed" in caplog.text


async def test_changes_that_make_no_problem_are_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.reporter.report()
    problems = world.followed.controller.problems
    looks: list[int] = []

    def counted() -> tuple[Problem, ...]:
        looks.append(1)
        return problems()

    monkeypatch.setattr(world.followed.controller, "problems", counted)
    for port in (8080, 8081):
        slice_ = endpoint_slice("other-x", endpoint("10.0.0.1"), service="other", ports=[SlicePort(name="", port=port)])
        world.followed.tell(Applied(slice_))
        world.reporter.report()
    assert looks == []
    world.followed.tell(Applied(service("web")))
    world.reporter.report()
    assert looks == [1]

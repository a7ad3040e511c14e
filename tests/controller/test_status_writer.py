from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from ingressd.controller.status_addresses import Addresses, AddressesUnknownError, FixedAddresses
from ingressd.controller.status_writer import CONCURRENT_WRITES, StatusWriter
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.replicas import Replicas
from ingressd.kube.resource import INGRESSES
from ingressd.resources.change import Applied
from ingressd.resources.ingress import Ingress
from ingressd.translate.settings import TranslationSettings
from tests.controller.worlds import Published
from tests.kube.memory_api import Call, MemoryApi
from tests.support.objects import backend, endpoint, endpoint_slice, ingress, ingress_class

PUBLISHED = [{"ip": "192.0.2.1"}]
POD = "/api/v1/namespaces/system/pods/a"


class World:
    """An API server with Ingresses, a controller that follows it, and a writer."""

    def __init__(self, *names: str, source: Any = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.api = MemoryApi()
        self.leads = True
        self.followed = Published(TranslationSettings(), [Applied(ingress_class("ours"))])
        self.put_pod()
        for name in names:
            self.put(name)
        self.writer = StatusWriter(
            self.api,
            self.followed.controller,
            source or FixedAddresses(["192.0.2.1"]),
            leading=lambda: self.leads,
            replicas=Replicas(self.api, namespace="system", pod="a"),
            settle_seconds=0.01,
            clock=clock,
        )
        self.api.after = self.watch

    def put(self, name: str, class_name: str = "ours", status: Any = None) -> None:
        """Set an Ingress as its author does, or with another status."""
        found = ingress(name, class_name=class_name, default=backend("web"))
        path = INGRESSES.path("shop", name)
        kept = self.api.objects.get(path, {}).get("status", {})
        self.api.put(path, {**msgspec.to_builtins(found), "status": kept if status is None else status})
        self.tell(path)

    def put_pod(self, **metadata: Any) -> None:
        self.api.put(POD, {"metadata": {"name": "a", "labels": {"app": "x"}, **metadata}, "spec": {}, "status": {}})

    def tell(self, path: str) -> None:
        self.followed.tell(Applied(msgspec.convert(self.api.objects[path], Ingress)))

    async def watch(self, call: Call) -> None:
        if call.method == "PATCH":
            self.tell(call.path.removesuffix("/status"))
            self.writer.wake()

    def status(self, name: str) -> Any:
        return self.api.objects[INGRESSES.path("shop", name)].get("status", {}).get("loadBalancer", {}).get("ingress")

    @property
    def patches(self) -> list[Call]:
        return [call for call in self.api.calls if call.method == "PATCH"]


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.writer.run())
        yield
        task.cancel()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def rounds(world: World, count: int = 5) -> None:
    """Let the writer look again several times."""
    for _ in range(count):
        world.writer.wake()
        await asyncio.sleep(0.03)


def counted(method: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        calls.append(method.__name__)
        return method(*given)

    return call


async def test_each_ingress_is_written_once() -> None:
    world = World(*(f"web-{number}" for number in range(30)))
    async with running(world):
        await until(lambda: all(world.status(f"web-{number}") == PUBLISHED for number in range(30)))
        await rounds(world)
    assert len(world.patches) == world.writer.written == 30
    assert {call.path for call in world.patches} == {
        INGRESSES.path("shop", f"web-{number}", "status") for number in range(30)
    }


async def test_a_follower_writes_nothing_until_it_leads() -> None:
    world = World("web")
    world.leads = False
    async with running(world):
        await rounds(world)
        assert world.api.calls == []
        world.leads = True
        world.writer.wake()
        await until(lambda: world.status("web") == PUBLISHED)


async def test_a_new_ingress_is_written_and_one_that_is_given_up_is_cleared() -> None:
    world = World("web")
    async with running(world):
        await until(lambda: world.status("web") == PUBLISHED)
        world.put("other")
        world.writer.wake()
        await until(lambda: world.status("other") == PUBLISHED)
        world.put("web", class_name="theirs")
        world.writer.wake()
        await until(lambda: world.status("web") is None)
    assert world.status("other") == PUBLISHED


async def test_changes_of_endpoints_do_not_make_it_look_through_all_ingresses(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("web")
    controller = world.followed.controller
    looks: list[str] = []
    for owner, name in ((controller.translation.claims, "all"), (controller.store, "get")):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name), looks))
    async with running(world):
        await until(lambda: world.status("web") == PUBLISHED)
        await rounds(world)
        world.followed.tell(Applied(endpoint_slice("web-1", endpoint("10.0.0.1"))))
        looks.clear()
        await rounds(world)
        assert looks == []
        world.put("web", status={"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}})
        world.writer.wake()
        await until(lambda: world.status("web") == PUBLISHED)


async def test_nothing_is_written_while_the_address_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingressd.controller.status_writer.UNKNOWN_POLL_SECONDS", 0.01)

    class Late:
        poll_seconds = 10.0
        known = False

        async def addresses(self) -> Addresses:
            if not self.known:
                raise AddressesUnknownError("It has no address yet.")
            return await FixedAddresses(["192.0.2.1"]).addresses()

    source = Late()
    world = World("web", source=source)
    async with running(world):
        await until(lambda: world.writer.trouble == "It has no address yet.")
        assert world.patches == []
        source.known = True
        await until(lambda: world.status("web") == PUBLISHED)
        assert world.writer.trouble == ""


async def test_no_more_than_ten_writes_are_under_way() -> None:
    world = World(*(f"web-{number}" for number in range(40)))
    under_way = most = 0
    gate = asyncio.Event()

    async def before(call: Call) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await gate.wait()
        under_way -= 1

    world.api.before = before
    async with running(world):
        await until(lambda: under_way == CONCURRENT_WRITES)
        gate.set()
        await until(lambda: world.writer.written == 40)
    assert most == CONCURRENT_WRITES


@pytest.mark.parametrize("fault", [ApiFault.CONFLICT, ApiFault.THROTTLED, ApiFault.SERVER, ApiFault.UNREACHABLE])
async def test_a_failed_write_is_tried_again(fault: ApiFault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingressd.controller.status_pace.FIRST_DELAY_SECONDS", 0.02)
    world = World("web")
    failures = 2

    async def fail_twice(call: Call) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise ApiError(fault, "Not now.", status=500)

    world.api.before = fail_twice
    async with running(world):
        await until(lambda: world.status("web") == PUBLISHED)
        await until(lambda: world.writer.trouble == "")
    assert (world.writer.failed, world.writer.written) == (2, 1)


async def test_a_missing_rule_is_named() -> None:
    world = World("web")

    async def forbid(call: Call) -> None:
        raise ApiError(ApiFault.FORBIDDEN, "no", status=403)

    world.api.before = forbid
    async with running(world):
        await until(lambda: "resources [ingresses/status], verbs [patch]" in world.writer.trouble)


async def test_an_ingress_that_is_gone_is_no_failure() -> None:
    world = World("web")
    del world.api.objects[INGRESSES.path("shop", "web")]
    async with running(world):
        await until(lambda: len(world.patches) == 1)
        await rounds(world)
    assert (world.writer.failed, world.writer.written, world.writer.trouble) == (0, 0, "")


async def test_another_controller_that_keeps_writing_is_not_answered_in_a_loop() -> None:
    world = World("web", clock=lambda: 0.0)

    async def overwrite(call: Call) -> None:
        if call.method == "PATCH":
            world.put("web", status={"loadBalancer": {"ingress": [{"ip": "192.0.2.66"}]}})
            world.writer.wake()

    world.api.after = overwrite
    async with running(world):
        await until(lambda: world.writer.written == 1)
        await rounds(world, 10)
        assert world.writer.written == 1


async def test_losing_leadership_stops_a_round() -> None:
    world = World(*(f"web-{number}" for number in range(40)))

    async def lose(call: Call) -> None:
        world.leads = len(world.patches) < 15

    world.api.before = lose
    async with running(world):
        await until(lambda: not world.leads)
        await rounds(world)
    assert 15 <= len(world.patches) < 15 + CONCURRENT_WRITES


LEAVING = {"deletionTimestamp": "2026-11-20T10:00:00Z"}


async def written(world: World) -> None:
    async with running(world):
        await until(lambda: world.status("web") == PUBLISHED)


async def test_the_last_replica_takes_its_statuses_back() -> None:
    world = World("web")
    await written(world)
    world.put_pod(**LEAVING)
    await world.writer.withdraw()
    assert world.status("web") is None


async def test_statuses_stay_when_the_container_only_starts_again() -> None:
    world = World("web")
    await written(world)
    await world.writer.withdraw()
    assert world.status("web") == PUBLISHED


async def test_statuses_stay_for_a_sister() -> None:
    world = World("web")
    await written(world)
    world.put_pod(**LEAVING)
    sister = {"metadata": {"name": "b", "labels": {"app": "x"}}}
    world.api.put(POD.removesuffix("a") + "b", sister)
    await world.writer.withdraw()
    assert world.status("web") == PUBLISHED


async def test_statuses_stay_when_nobody_knows_who_is_left(caplog: pytest.LogCaptureFixture) -> None:
    world = World("web")
    await written(world)
    world.api.objects.pop(POD)
    await world.writer.withdraw()
    assert world.status("web") == PUBLISHED
    assert "statuses may have been left behind" in caplog.text


async def test_a_follower_takes_nothing_back() -> None:
    world = World("web")
    await written(world)
    world.put_pod(**LEAVING)
    world.leads = False
    await world.writer.withdraw()
    assert world.status("web") == PUBLISHED


async def test_a_defect_ends_one_round_and_not_the_writer(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        poll_seconds = 10.0
        asked = 0

        async def addresses(self) -> Addresses:
            self.asked += 1
            if self.asked == 1:
                raise LookupError("a defect")
            return await FixedAddresses(["192.0.2.1"]).addresses()

    world = World("web", source=Broken())
    async with running(world):
        await until(lambda: world.status("web") == PUBLISHED)
    assert "writing statuses failed" in caplog.text

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.election import Election
from ingressd.kube.lease import ElectionSettings
from tests.kube.memory_api import Call, MemoryApi

PATH = "/apis/coordination.k8s.io/v1/namespaces/system/leases/ingressd"
QUICK = ElectionSettings(retry=0.02)
SHORT = ElectionSettings(lease=1, renew_deadline=0.6, retry=0.02)
SERVER_DOWN = ApiError(ApiFault.UNREACHABLE, "Nobody answers.")


class Replica:
    """An election, and what it has told so far."""

    def __init__(self, api: MemoryApi, identity: str, settings: ElectionSettings = QUICK) -> None:
        self.identity = identity
        self.told: list[bool] = []
        self.election = Election(
            api, namespace="system", name="ingressd", identity=identity, settings=settings, changed=self.told.append
        )


@asynccontextmanager
async def running(*replicas: Replica) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.election.run()) for one in replicas]
        yield
        for task in tasks:
            task.cancel()


async def until(*replicas: Replica, leading: bool = True) -> Replica:
    """Wait until one of ``replicas`` leads, or no longer does."""
    async with asyncio.timeout(20):
        while True:
            for one in replicas:
                if one.election.leading is leading:
                    return one
            await asyncio.sleep(0.01)


async def test_the_first_creates_the_lease_and_leads() -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    async with running(one):
        await until(one)
        assert api.objects[PATH]["spec"]["holderIdentity"] == "a"
        await asyncio.sleep(0)
        assert one.told == [True]
    assert one.told == [True, False]
    assert not one.election.leading


async def test_one_of_many_leads_and_the_others_do_not() -> None:
    api = MemoryApi()
    replicas = [Replica(api, name) for name in "abc"]
    async with running(*replicas):
        leader = await until(*replicas)
        async with asyncio.timeout(20):
            while len([call for call in api.calls if call.method == "PUT"]) < 5:
                await asyncio.sleep(0.01)
        assert [one for one in replicas if one.election.leading] == [leader]
        assert [one.told for one in replicas if one is not leader] == [[], []]
    assert {call.body["spec"]["holderIdentity"] for call in api.calls if call.method == "PUT"} == {leader.identity}


async def test_every_time_that_is_written_is_one_that_the_server_accepts() -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    async with running(one):
        async with asyncio.timeout(20):
            while len(api.calls) < 5:
                await asyncio.sleep(0.01)
    await one.election.release()
    for call in api.calls:
        if call.body is not None:
            for field in ("acquireTime", "renewTime"):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", call.body["spec"][field])


async def test_a_leader_renews_with_one_call() -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    async with running(one):
        async with asyncio.timeout(20):
            while len(api.calls) < 6:
                await asyncio.sleep(0.01)
    assert [call.method for call in api.calls][:6] == ["GET", "POST", "PUT", "PUT", "PUT", "PUT"]


async def test_a_released_lease_passes_on_at_once() -> None:
    api = MemoryApi()
    one, other = Replica(api, "a"), Replica(api, "b")
    async with running(one):
        await until(one)
    await one.election.release()
    spec = api.objects[PATH]["spec"]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"]) == ("", 1)
    async with running(other):
        await until(other)
        assert api.objects[PATH]["spec"]["leaseTransitions"] == 1


async def test_a_release_finds_a_renewal_that_was_cut_off() -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    async with running(one):
        await until(one)
    found = api.objects[PATH]
    api.put(PATH, {**found, "spec": {**found["spec"], "renewTime": "2026-11-20T10:00:00.000000Z"}})
    await one.election.release()
    assert api.objects[PATH]["spec"]["holderIdentity"] == ""


async def test_what_another_holds_is_not_released() -> None:
    api = MemoryApi()
    one, other = Replica(api, "a"), Replica(api, "b")
    async with running(one):
        await until(one)
        await other.election.release()
        assert one.election.leading
        assert api.objects[PATH]["spec"]["holderIdentity"] == "a"


async def test_a_release_that_fails_fails_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    async with running(one):
        await until(one)

    async def refuse(call: Call) -> None:
        raise SERVER_DOWN

    api.before = refuse
    await one.election.release()
    assert "was not released: Nobody answers." in caplog.text


async def test_who_never_held_the_lease_leaves_without_asking(caplog: pytest.LogCaptureFixture) -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    await one.election.release()

    async def refuse(call: Call) -> None:
        raise SERVER_DOWN

    api.before = refuse
    async with running(one):
        async with asyncio.timeout(20):
            while not one.election.trouble:
                await asyncio.sleep(0.01)
    calls = len(api.calls)
    await one.election.release()
    assert len(api.calls) == calls
    assert "was not released" not in caplog.text


async def test_a_first_write_whose_answer_is_lost_is_taken_back() -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    written = asyncio.Event()

    async def lose_the_answer(call: Call) -> None:
        if call.method == "POST":
            written.set()
            raise SERVER_DOWN

    api.after = lose_the_answer
    async with running(one):
        await written.wait()
    assert not one.election.leading
    await one.election.release()
    assert api.objects[PATH]["spec"]["holderIdentity"] == ""


async def test_a_server_that_is_down_ends_leadership_and_not_the_election(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    api = MemoryApi()
    one = Replica(api, "a", SHORT)

    async def refuse(call: Call) -> None:
        raise SERVER_DOWN

    async with running(one):
        await until(one)
        healthy, api.before = api.before, refuse
        await until(one, leading=False)
        assert one.election.trouble.endswith(": Nobody answers.")
        api.before = healthy
        await until(one)
        assert one.election.trouble == ""
    assert caplog.text.count("Nobody answers.") == 1


async def test_a_call_that_hangs_ends_leadership_in_time() -> None:
    api = MemoryApi()
    one = Replica(api, "a", SHORT)

    async def hang(call: Call) -> None:
        await asyncio.Event().wait()

    async with running(one):
        await until(one)
        api.before = hang
        async with asyncio.timeout(20):
            while one.told != [True, False]:
                await asyncio.sleep(0.01)
        assert one.election.trouble.endswith(": The API server does not answer.")


async def test_a_write_whose_answer_is_lost_is_found_again() -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    lost = asyncio.Event()

    async def lose_the_first_write(call: Call) -> None:
        if call.method == "POST" and not lost.is_set():
            lost.set()
            raise SERVER_DOWN

    api.after = lose_the_first_write
    async with running(one):
        await until(one)
    assert lost.is_set()
    assert [call.method for call in api.calls][:4] == ["GET", "POST", "GET", "PUT"]
    assert api.objects[PATH]["spec"]["leaseTransitions"] == 0


async def test_an_edit_by_somebody_else_is_kept_and_ends_nothing() -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    async with running(one):
        await until(one)
        found = api.objects[PATH]
        api.put(PATH, {**found, "metadata": {**found["metadata"], "labels": {"team": "edge"}}})
        after = len(api.calls)
        async with asyncio.timeout(20):
            while len(api.calls) < after + 6:
                await asyncio.sleep(0.01)
        assert one.told == [True]
        assert api.objects[PATH]["metadata"]["labels"] == {"team": "edge"}


async def test_a_lease_that_is_deleted_is_created_again() -> None:
    api = MemoryApi()
    one = Replica(api, "a")
    async with running(one):
        await until(one)
        del api.objects[PATH]
        async with asyncio.timeout(20):
            while PATH not in api.objects:
                await asyncio.sleep(0.01)
        await until(one)


async def test_a_damaged_lease_is_repaired_once_nobody_renews_it() -> None:
    api = MemoryApi()
    api.put(PATH, {"metadata": {"name": "ingressd"}, "spec": {"holderIdentity": "b", "renewTime": "yesterday"}})
    one = Replica(api, "a", SHORT)
    async with running(one):
        await until(one)
    assert api.objects[PATH]["spec"]["holderIdentity"] == "a"


async def test_a_missing_rule_is_named() -> None:
    api = MemoryApi()
    one = Replica(api, "a")

    async def forbid(call: Call) -> None:
        raise ApiError(ApiFault.FORBIDDEN, "forbidden", status=403)

    api.before = forbid
    async with running(one):
        async with asyncio.timeout(20):
            while not one.election.trouble:
                await asyncio.sleep(0.01)
    assert "a Role in namespace system must grant" in one.election.trouble
    assert "verbs [get, create, update]" in one.election.trouble


async def test_a_process_that_slept_past_its_deadline_does_not_lead_when_it_wakes() -> None:
    times = [100.0]
    api = MemoryApi()
    pauses: list[float] = []
    slept = asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        slept.set()
        await asyncio.Event().wait()

    told: list[bool] = []
    election = Election(
        api,
        namespace="system",
        name="ingressd",
        identity="a",
        changed=told.append,
        clock=lambda: times[-1],
        wall_clock=lambda: datetime(2026, 11, 20, tzinfo=UTC),
        sleep=sleep,
    )

    def leads() -> bool:
        return election.leading

    async with asyncio.TaskGroup() as group:
        task = group.create_task(election.run())
        await slept.wait()
        assert leads()
        assert pauses == [2.0]
        times.append(3700.0)
        assert not leads()
        task.cancel()
    assert told == [True, False]


async def test_a_defect_in_an_attempt_does_not_end_the_election(caplog: pytest.LogCaptureFixture) -> None:
    api = MemoryApi()
    defects = 3

    async def fail(call: Call) -> None:
        nonlocal defects
        if defects:
            defects -= 1
            raise LookupError("nobody has thought of this")

    api.before = fail
    one = Replica(api, "a")
    with caplog.at_level(logging.ERROR, "ingressd.kube.election"):
        async with running(one):
            await until(one)
            async with asyncio.timeout(20):
                while one.election.trouble:
                    await asyncio.sleep(0.01)
    assert [str(record.exc_info and record.exc_info[1]) for record in caplog.records] == ["nobody has thought of this"]

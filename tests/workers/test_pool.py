"""The pool with real worker processes on real sockets."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingressd.routing.difference import TableDifference
from ingressd.routing.endpoint import Endpoint
from ingressd.settings import ProgramSettings
from ingressd.telemetry.metrics import Metrics
from ingressd.workers.pool import RefusalError, RollError
from ingressd.workers.pool_settings import PoolSettings
from tests.support.proxying import table_for
from tests.support.running_proxy import PATIENCE_SECONDS, eventually
from tests.support.steady_clients import steady_clients
from tests.support.upstream import OK, read_message, recording_upstream
from tests.support.worker_pools import GET, read_answer, running_pool, start_message

ALWAYS_DIES = (sys.executable, "-c", "raise SystemExit(3)")
LOGS_TO_NOBODY = """
import os, sys
from ingressd.workers.__main__ import main
reader, writer = os.pipe()
os.dup2(writer, 1)
os.close(reader)
main(sys.argv[1:])
"""
BLOCKS_ON_SIGUSR2 = """
import signal, sys, time
from ingressd.workers.__main__ import main
def block_the_event_loop(number, frame):
    time.sleep(3600)
signal.signal(signal.SIGUSR2, block_the_event_loop)
main(sys.argv[1:])
"""
OF_ANOTHER_VERSION = """
import sys
import ingressd
from ingressd.workers.__main__ import main
ingressd.__version__ = "0.0.1"
main(sys.argv[1:])
"""
TALKS_NONSENSE = """
import socket, sys, time
channel = socket.socket(fileno=int(sys.argv[1]))
channel.sendall({bytes!r})
time.sleep(3600)
"""
STARTS_WHILE_THERE_IS = """
import pathlib, sys
from ingressd.workers.__main__ import main
if not pathlib.Path({permission!r}).exists():
    raise SystemExit(4)
main(sys.argv[1:])
"""
IMPATIENT = PoolSettings(workers=2, dump_after_seconds=0.5, kill_after_seconds=1.5)


ROUNDS = 300
"""Each is 1,000 endpoints: together 100 times what the socket and the transport take."""


def upstreams_with(endpoints: Sequence[Endpoint]) -> TableDifference:
    return TableDifference(upstreams=table_for(endpoints).upstreams)


def requests_counted(metrics: Metrics) -> int:
    return sum(metrics.requests.values())


async def test_all_workers_serve_what_is_published() -> None:
    async with recording_upstream() as upstream, running_pool() as serving:
        pool = serving.pool
        assert not pool.serving
        generation = pool.publish(table_for([upstream.endpoint]))
        await pool.wait_until_serving()
        assert await serving.status_of_a_request() == 200
        await pool.applied(generation)
        assert len(serving.serving_pids) == 2
        assert {worker.generation for worker in pool.status().workers} == {generation}
        removed = pool.publish(TableDifference(hosts={"": None}))
        await pool.applied(removed)
        assert {await serving.status_of_a_request() for _ in range(10)} == {404}


async def test_clients_are_refused_until_there_is_a_table() -> None:
    async with running_pool() as serving:
        await serving.until(lambda: len(serving.pids) == 2)
        with pytest.raises(ConnectionRefusedError):
            await serving.connect()


async def test_a_dead_worker_is_replaced_and_nobody_is_refused() -> None:
    async with recording_upstream() as upstream, running_pool(table_for([upstream.endpoint])) as serving:
        (victim, other) = serving.serving_pids
        async with steady_clients(serving.connect, kept=0) as tally:
            await serving.until(lambda: tally.answered >= 20)
            os.kill(victim, signal.SIGKILL)
            await serving.until(lambda: len(serving.serving_pids - {victim}) == 2)
            answered = tally.answered
            await serving.until(lambda: tally.answered >= answered + 20)
        assert other in serving.serving_pids
        assert serving.pool.respawns == 1
        assert "ConnectionRefusedError on a fresh connection" not in tally.lost
        assert len(tally.lost) <= 10, "at most what the dead worker had"


async def test_with_a_single_worker_clients_wait_for_its_replacement() -> None:
    settings = PoolSettings(workers=1)
    async with (
        recording_upstream() as upstream,
        running_pool(table_for([upstream.endpoint]), settings=settings) as serving,
    ):
        (victim,) = serving.serving_pids
        os.kill(victim, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await serving.until(lambda: victim not in serving.pids)
            assert await serving.status_of_a_request() == 200


async def test_a_replacement_gets_the_table_as_it_is() -> None:
    async with recording_upstream() as upstream:
        differences = (TableDifference(), table_for([upstream.endpoint]))
        async with running_pool(*differences, settings=PoolSettings(workers=1)) as serving:
            (victim,) = serving.serving_pids
            os.kill(victim, signal.SIGKILL)
            await serving.until(lambda: bool(serving.serving_pids - {victim}))
            await serving.pool.applied(2)
            assert await serving.status_of_a_request() == 200


async def test_a_worker_that_always_dies_is_tried_again_and_again_with_pauses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_pool(settings=PoolSettings(workers=1), command=ALWAYS_DIES) as serving:
        await serving.until(lambda: serving.pool.respawns >= 4)
        assert not serving.pool.serving
    failures = [record.args for record in caplog.records if "keeps failing" in record.message]
    pauses = [arguments[1] for arguments in failures if isinstance(arguments, tuple)]
    assert pauses[:3] == [0.1, 0.2, 0.4]
    assert any("exit status 3" in record.message for record in caplog.records)


@pytest.mark.parametrize("command", ["/does/not/exist", "no system\0takes this"])
async def test_a_command_that_cannot_be_started_is_tried_again_and_ends_nothing(
    caplog: pytest.LogCaptureFixture, command: str
) -> None:
    async with running_pool(settings=PoolSettings(workers=1), command=(command,)) as serving:
        await serving.until(lambda: sum("cannot be started" in record.message for record in caplog.records) > 1)
        assert await serving.pool.drain(1.0)


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        (OF_ANOTHER_VERSION, "it runs ingressd 0.0.1 and this is"),
        (TALKS_NONSENSE.format(bytes=b"\0\0\0\1\xc1"), "is killed"),
        (TALKS_NONSENSE.format(bytes=b"\xff\xff\xff\xff"), "a frame claims"),
    ],
    ids=["another version", "no message", "no frame"],
)
async def test_a_worker_that_makes_no_sense_is_killed(
    program: str, complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    command = (sys.executable, "-c", program)
    async with running_pool(settings=PoolSettings(workers=1), command=command) as serving:
        await serving.until(lambda: serving.pool.respawns >= 1)
    assert any(complaint in record.message for record in caplog.records)


async def test_a_roll_replaces_every_worker_and_loses_no_request() -> None:
    async with recording_upstream() as upstream, running_pool(table_for([upstream.endpoint])) as serving:
        before = serving.serving_pids
        fewest = 2
        async with steady_clients(serving.connect) as tally:
            await serving.until(lambda: tally.answered >= 40)
            async with asyncio.TaskGroup() as group:
                rolling = group.create_task(serving.pool.roll())
                while not rolling.done():
                    fewest = min(fewest, len(serving.serving_pids))
                    await asyncio.sleep(0.005)
            await serving.until(lambda: not serving.pids & before)
            answered = tally.answered
            await serving.until(lambda: tally.answered >= answered + 40)
        assert tally.lost == []
        assert fewest == 2, "never fewer serve"
        assert len(serving.serving_pids) == 2
        assert not serving.serving_pids & before
        assert serving.pool.respawns == 0
        await serving.pool.report()
        assert requests_counted(serving.pool.metrics) == tally.answered, "counters outlive their workers"


async def test_a_roll_loses_no_request_over_tls() -> None:
    async with recording_upstream() as upstream, running_pool(table_for([upstream.endpoint])) as serving:
        before = serving.serving_pids
        async with steady_clients(serving.connect_tls, fresh=4, kept=4) as tally:
            await serving.until(lambda: tally.answered >= 10)
            await serving.pool.roll()
            await serving.until(lambda: not serving.pids & before)
            answered = tally.answered
            await serving.until(lambda: tally.answered >= answered + 10)
        assert tally.lost == []


async def test_a_drain_during_a_roll_ends_everything() -> None:
    async with running_pool(TableDifference()) as serving:
        async with asyncio.TaskGroup() as group:
            rolling = group.create_task(outcome_of(serving.pool.roll()))
            await serving.until(lambda: len(serving.pids) == 3)
            assert await serving.pool.drain(PATIENCE_SECONDS)
        assert rolling.result() == "ingressd is ending"
        assert serving.pids == set()


async def outcome_of(roll: Coroutine[Any, Any, None]) -> str:
    try:
        await roll
    except RollError as error:
        return str(error)
    return "rolled"


async def test_rolls_that_are_asked_for_during_a_roll_become_one() -> None:
    async with running_pool(TableDifference(), settings=PoolSettings(workers=1)) as serving:
        seen: set[int] = set()
        async with asyncio.TaskGroup() as group:
            rolls = [group.create_task(serving.pool.roll()) for _ in range(5)]
            while not all(roll.done() for roll in rolls):
                seen |= serving.pids
                assert len(serving.pids) <= 3
                await asyncio.sleep(0.002)
        assert len(seen) == 3, "the first, that of the first roll, and that of all others"


async def test_a_new_worker_that_does_not_start_leaves_the_old_one(tmp_path: Path) -> None:
    permission = tmp_path / "permission"
    permission.touch()
    command = (sys.executable, "-c", STARTS_WHILE_THERE_IS.format(permission=str(permission)))
    async with (
        recording_upstream() as upstream,
        running_pool(table_for([upstream.endpoint]), command=command) as serving,
    ):
        before = serving.serving_pids
        permission.unlink()
        with pytest.raises(RollError, match="did not start"):
            await serving.pool.roll()
        assert serving.serving_pids == before
        assert await serving.status_of_a_request() == 200
        permission.touch()
        await serving.pool.roll()
        assert not serving.serving_pids & before


async def test_a_roll_before_there_is_a_table_changes_nothing() -> None:
    async with running_pool() as serving:
        await serving.until(lambda: len(serving.pids) == 2)
        before = serving.pids
        await serving.pool.roll()
        assert serving.pids == before


async def test_a_drain_finishes_slow_requests_and_event_streams() -> None:
    release = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _ = await read_message(reader)
        if b"/events" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            await release.wait()
            writer.write(b"data: 2\n\n")
            return
        await release.wait()
        writer.write(OK)
        await reader.read()

    async with recording_upstream(slow) as upstream, running_pool(table_for([upstream.endpoint])) as serving:
        clients = [await serving.connect() for _ in range(22)]
        for number, (_, writer) in enumerate(clients):
            writer.write(GET if number < 20 else GET.replace(b"GET / ", b"GET /events "))
        await serving.until(lambda: upstream.received.count(b"\r\n\r\n") == 22)
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(serving.pool.drain(PATIENCE_SECONDS))
            await serving.until(lambda: all(worker.retiring for worker in serving.pool.status().workers))
            release.set()
            answers = [await reader.read() for reader, _ in clients]
        assert draining.result()
        assert [answer.startswith(b"HTTP/1.1 200 OK\r\n") for answer in answers] == [True] * 22
        assert sum(b"data: 2" in answer for answer in answers) == 2
        for _, writer in clients:
            writer.close()
        assert requests_counted(serving.pool.metrics) == 22
        with pytest.raises(ConnectionRefusedError):
            await serving.connect()


async def test_a_drain_takes_over_clients_that_are_connected_and_not_accepted_yet() -> None:
    async with recording_upstream() as upstream, running_pool(table_for([upstream.endpoint])) as serving:
        for pid in serving.serving_pids:
            os.kill(pid, signal.SIGSTOP)
        clients = [await serving.connect() for _ in range(30)]
        for _, writer in clients:
            writer.write(GET)
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(serving.pool.drain(PATIENCE_SECONDS))
            await serving.until(lambda: all(worker.retiring for worker in serving.pool.status().workers))
            for pid in serving.pids:
                os.kill(pid, signal.SIGCONT)
            for reader, writer in clients:
                assert (await read_answer(reader)).status == 200
                writer.close()
        assert draining.result()


async def test_a_worker_that_does_not_drain_is_killed() -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        await reader.read()

    settings = PoolSettings(workers=1, end_slack_seconds=0.1)
    async with (
        recording_upstream(never) as upstream,
        running_pool(table_for([upstream.endpoint]), settings=settings) as serving,
    ):
        (pid,) = serving.serving_pids
        os.kill(pid, signal.SIGSTOP)
        assert not await serving.pool.drain(0.1)
        assert not is_alive(pid)


async def test_a_drain_before_there_is_a_table_ends_the_workers() -> None:
    async with running_pool() as serving:
        await serving.until(lambda: len(serving.pids) == 2)
        assert await serving.pool.drain(5.0)
        assert serving.pids == set()


async def test_closing_ends_every_process() -> None:
    async with running_pool(TableDifference()) as serving:
        pids = serving.pids
        await serving.pool.close()
        assert serving.pids == set()
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        await serving.pool.close()


async def test_a_stopped_worker_is_noticed_and_replaced() -> None:
    start = start_message(report_seconds=0.1)
    async with (
        recording_upstream() as upstream,
        running_pool(table_for([upstream.endpoint]), settings=IMPATIENT, start=start) as serving,
    ):
        victim = min(serving.serving_pids)
        os.kill(victim, signal.SIGSTOP)
        await serving.until(lambda: len(serving.serving_pids - {victim}) >= 2)
        assert victim not in serving.pids
        assert await serving.status_of_a_request() == 200


async def test_a_blocked_worker_shows_its_stacks_before_it_is_killed(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    start = start_message(report_seconds=0.1)
    command = (sys.executable, "-c", BLOCKS_ON_SIGUSR2)
    async with running_pool(TableDifference(), settings=IMPATIENT, start=start, command=command) as serving:
        victim = min(serving.serving_pids)
        os.kill(victim, signal.SIGUSR2)
        await serving.until(lambda: len(serving.serving_pids - {victim}) >= 2)
    errors = capfd.readouterr().err
    assert "in block_the_event_loop" in errors
    assert any(f"worker process {victim} has said nothing" in record.message for record in caplog.records)


async def test_a_supervisor_that_did_not_run_itself_blames_no_worker() -> None:
    jumped = 0.0

    def clock() -> float:
        return time.monotonic() + jumped

    settings = PoolSettings(workers=2)
    start = start_message(report_seconds=3600)
    async with running_pool(TableDifference(), settings=settings, start=start, clock=clock) as serving:
        before = serving.pids
        jumped = 10 * settings.kill_after_seconds
        assert min(worker.silent_seconds for worker in serving.pool.status().workers) > settings.kill_after_seconds
        await serving.until(
            lambda: all(worker.silent_seconds < settings.kill_after_seconds for worker in serving.pool.status().workers)
        )
        assert serving.pids == before


async def test_a_slow_worker_makes_nothing_grow() -> None:
    async with recording_upstream() as upstream, running_pool(table_for([upstream.endpoint])) as serving:
        stopped = min(serving.serving_pids)
        os.kill(stopped, signal.SIGSTOP)
        waiting = []
        for round_number in range(ROUNDS):
            ports = range(round_number + 1, round_number + 1001)
            serving.pool.publish(upstreams_with([Endpoint("127.0.0.1", port) for port in ports]))
            await asyncio.sleep(0)
            waiting.append(max(len(worker._backlog) for worker in serving.pool._workers))
        generation = serving.pool.publish(upstreams_with([upstream.endpoint]))
        assert waiting[-1] == 1, "it is the latest value, and no other"
        assert max(waiting) == 1
        os.kill(stopped, signal.SIGCONT)
        await serving.pool.applied(generation)
        assert {await serving.status_of_a_request() for _ in range(10)} == {200}


async def test_reports_are_added_up_over_the_workers() -> None:
    async with recording_upstream() as upstream, running_pool(table_for([upstream.endpoint])) as serving:
        kept = [await serving.connect() for _ in range(8)]
        for reader, writer in kept:
            writer.write(GET)
            await read_answer(reader)
        await serving.pool.report()
        status = serving.pool.status()
        assert requests_counted(serving.pool.metrics) == 8
        assert (status.connections, status.in_flight, status.tunnels) == (8, 0, 0)
        assert status.generation == 1
        assert all(worker.silent_seconds < PATIENCE_SECONDS for worker in status.workers)
        for _, writer in kept:
            writer.close()


async def test_a_report_does_not_wait_for_a_worker_that_does_not_answer() -> None:
    async with recording_upstream() as upstream, running_pool(table_for([upstream.endpoint])) as serving:
        await serving.status_of_a_request()
        stopped = min(serving.serving_pids)
        os.kill(stopped, signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await serving.pool.report()
        os.kill(stopped, signal.SIGCONT)
        await serving.pool.report()
        assert requests_counted(serving.pool.metrics) == 1


async def test_log_lines_that_nobody_took_are_counted_and_told_of(capfd: pytest.CaptureFixture[str]) -> None:
    command = (sys.executable, "-c", LOGS_TO_NOBODY)
    start = start_message(access_log=True)
    async with (
        recording_upstream() as upstream,
        running_pool(table_for([upstream.endpoint]), start=start, command=command) as serving,
    ):
        for _ in range(10):
            assert await serving.status_of_a_request() == 200
        await serving.pool.drain(5.0)
        assert serving.pool.dropped_log_lines == 10
    assert "WARNING ingressd.workers.worker: lines of the access log are dropped" in capfd.readouterr().err


async def test_workers_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    async with recording_upstream() as upstream:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.supervisor",
            str(upstream.endpoint.port),
            cwd=Path(__file__).parents[2],
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        port, *pids = map(int, (await process.stdout.readline()).split())
        assert len(pids) == 2
        process.kill()
        # The workers hold its standard output too.
        assert await process.stdout.read() == b""
        await process.wait()
        await asyncio.to_thread(eventually, lambda: not any(map(is_alive, pids)))
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


def is_alive(pid: int) -> bool:
    """Also a process that nobody has waited for counts as ended, where the system tells."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


async def test_code_that_cannot_be_loaded_is_told_before_anybody_is_served() -> None:
    start = start_message(programs=ProgramSettings(allowed_handlers={"page": "no_such_module_at_all:factory"}))
    async with running_pool(start=start) as serving:
        serving.pool.publish(table_for([Endpoint("127.0.0.1", 1)]))
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(RefusalError, match=r"^--allow-handler page=no_such_module_at_all:factory: there is no"):
                await serving.pool.wait_until_serving()
        assert not serving.pool.serving


async def test_a_roll_to_code_that_is_broken_keeps_the_old_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "rolled_code.py"
    module.write_text("def factory():\n    return lambda request: None\n")
    monkeypatch.setenv("PYTHONPATH", f"{os.environ.get('PYTHONPATH', '')}:{tmp_path}:{Path(__file__).parents[2]}")
    start = start_message(programs=ProgramSettings(allowed_handlers={"page": "rolled_code:factory"}))
    async with recording_upstream() as upstream, running_pool(table_for([upstream.endpoint]), start=start) as serving:
        before = serving.serving_pids
        module.write_text("raise RuntimeError('half saved')\n")
        with pytest.raises(RollError):
            await serving.pool.roll()
        assert serving.serving_pids == before
        assert await serving.status_of_a_request() == 200

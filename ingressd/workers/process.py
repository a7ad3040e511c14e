"""One worker as the supervisor sees it, from its spawn to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from ingressd import __version__
from ingressd.routing.difference import TableDifference
from ingressd.tasks import OwnedTasks
from ingressd.workers.backlog import Backlog
from ingressd.workers.channel import Channel, ChannelError
from ingressd.workers.codec import NoticeCodec, OrderCodec
from ingressd.workers.messages import Applied, Drain, Hello, Order, Refusal, Report, ReportRequest, Start
from ingressd.workers.signals import STACKS
from ingressd.workers.status import WorkerStatus

_log = logging.getLogger(__name__)

LAST_MOMENTS_SECONDS = 5.0
"""For a process that has closed its channel, to end."""


def worker_command() -> tuple[str, ...]:
    """Return the command of a worker, without the descriptors that follow it.

    Python puts the working directory in front of the places where it looks for modules, unless told otherwise. A worker
    looks there only if this process does: the folder in which somebody starts a service may be writable by others.
    """
    places = {"", str(Path.cwd())}
    unsafe = () if places & set(sys.path) else ("-P",)
    return (sys.executable, *unsafe, "-m", "ingressd.workers")


class WorkerProcess:
    """Sends what is to be sent in order, hears what the worker says, and knows when it has ended.

    ``changed`` is called whenever any of this changes. What the worker counted goes to ``count``.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        channel: Channel,
        *,
        clock: Callable[[], float],
        count: Callable[[Report], None],
        changed: Callable[[], None],
    ) -> None:
        self.pid = process.pid
        self.started = self.heard = clock()
        self.greeted = False
        self.applied: int | None = None
        self.answered = 0
        self.latest = Report()
        self.retiring = False
        self.must_end_at: float | None = None
        self.stacks_dumped = False
        self.killed = False
        self.exit_status: int | None = None
        self.refusal = ""
        self._process = process
        self._channel = channel
        self._clock = clock
        self._count = count
        self._changed = changed
        self._orders = OrderCodec()
        self._notices = NoticeCodec()
        self._start: Start | None = None
        self._backlog = Backlog()
        self._report_wanted = 0
        self._report_asked = 0
        self._drain: Drain | None = None
        self._something_to_say = asyncio.Event()

    @classmethod
    async def spawn(
        cls,
        command: Sequence[str],
        start: Start,
        listening: tuple[socket.socket, socket.socket],
        *,
        clock: Callable[[], float],
        count: Callable[[Report], None],
        changed: Callable[[], None],
    ) -> WorkerProcess:
        """Start a process that serves on the two sockets (HTTP, HTTPS). Raises OSError."""
        ours, theirs = socket.socketpair()
        process: asyncio.subprocess.Process | None = None
        try:
            with theirs:
                descriptors = (theirs.fileno(), *(each.fileno() for each in listening))
                process = await asyncio.create_subprocess_exec(
                    *command, *map(str, descriptors), stdin=asyncio.subprocess.DEVNULL, pass_fds=descriptors
                )
            channel = await Channel.open(ours)
        except BaseException:
            ours.close()
            if process is not None:
                process.kill()
                await process.wait()
            raise
        worker = cls(process, channel, clock=clock, count=count, changed=changed)
        worker._start = start
        worker._something_to_say.set()
        return worker

    @property
    def serving(self) -> bool:
        return self.applied is not None and self.exit_status is None

    @property
    def ended(self) -> bool:
        return self.exit_status is not None

    def status(self, now: float) -> WorkerStatus:
        return WorkerStatus(
            pid=self.pid,
            serving=self.serving,
            retiring=self.retiring,
            generation=self.applied or 0,
            alive_seconds=now - self.started,
            silent_seconds=now - self.heard,
            resident_bytes=resident_bytes(self.pid),
            in_flight=self.latest.in_flight,
            connections=self.latest.connections,
            tunnels=self.latest.tunnels,
        )

    # What the pool says.

    def update(self, generation: int, difference: TableDifference) -> None:
        self._backlog.add(generation, difference)
        self._something_to_say.set()

    def ask_for_report(self, serial: int) -> None:
        self._report_wanted = serial
        self._something_to_say.set()

    def drain(self, order: Drain, *, must_end_at: float) -> None:
        """Tell it to drain, behind everything that it is told before."""
        self.retiring = True
        self.must_end_at = must_end_at
        self._drain = order
        self._something_to_say.set()

    def dump_stacks(self) -> None:
        """To be called once it has greeted: before, the signal would end it."""
        self.stacks_dumped = True
        self._signal(STACKS)

    def kill(self) -> None:
        self.killed = True
        self._signal(signal.SIGKILL)

    # Its life.

    async def run(self) -> None:
        """Speak and listen until the process has ended. It is killed when what it says makes no sense."""
        tasks = OwnedTasks()
        tasks.start(self._speak(), f"speak to worker {self.pid}")
        try:
            await self._listen()
        except (ChannelError, msgspec.DecodeError) as error:
            self._give_up(error)
        except BaseException:
            self.kill()
            raise
        finally:
            await tasks.close()
            await self._channel.abort()
            self.exit_status = await self._wait()
            self._changed()

    def _give_up(self, error: Exception) -> None:
        _log.error("worker %d is killed: %s", self.pid, error)
        self.kill()

    async def _wait(self) -> int:
        try:
            async with asyncio.timeout(LAST_MOMENTS_SECONDS):
                return await self._process.wait()
        except TimeoutError:
            self.kill()
            return await self._process.wait()

    async def _listen(self) -> None:
        while (frame := await self._channel.receive()) is not None:
            notice = self._notices.decode(frame)
            self.heard = self._clock()
            self.stacks_dumped = False
            match notice:
                case Hello(version):
                    if version != __version__:
                        raise ChannelError(f"it runs ingressd {version} and this is {__version__}: restart ingressd")
                    self.greeted = True
                case Refusal(why):
                    self.refusal = why
                case Applied(generation):
                    self.applied = generation
                case Report():
                    self.latest = notice
                    self.answered = notice.serial
                    self._count(notice)
            self._changed()

    async def _speak(self) -> None:
        """Send what is due, one piece after another, as fast as the worker takes it."""
        try:
            while True:
                await self._something_to_say.wait()
                self._something_to_say.clear()
                while (order := self._next_order()) is not None:
                    self._channel.send(self._orders.encode(order))
                    await self._channel.drain()
        except ConnectionError:
            # It is gone: the listening side learns of it too.
            return
        except ChannelError as error:
            self._give_up(error)

    def _next_order(self) -> Order | None:
        if self._start is not None:
            start, self._start = self._start, None
            return start
        if self._backlog:
            return self._backlog.take()
        if self._report_asked < self._report_wanted:
            self._report_asked = self._report_wanted
            return ReportRequest(self._report_asked)
        drain, self._drain = self._drain, None
        return drain

    def _signal(self, number: signal.Signals) -> None:
        # It may have ended by itself meanwhile.
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


def describe_exit(status: int | None) -> str:
    """Return ``exit status 1`` or ``signal SIGKILL``; a negative status is a signal, as in the standard library."""
    if status is None:
        return "exit status unknown"
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"


def resident_bytes(pid: int) -> int | None:
    """Return how much memory a process occupies; None where the system does not tell (proc(5) is Linux's)."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None

"""One worker as a process of its own, with the test as its supervisor."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from ingressd import __version__
from ingressd.routing.difference import TableDifference
from ingressd.telemetry.access_line import AccessLine
from ingressd.workers.channel import Channel
from ingressd.workers.codec import NoticeCodec, OrderCodec
from ingressd.workers.messages import Applied, Drain, Hello, Notice, Order, Report, ReportRequest, TablePart
from tests.support.objects import pem_pair
from tests.support.proxying import table_for
from tests.support.running_proxy import PATIENCE_SECONDS
from tests.support.upstream import OK, RecordingUpstream, read_message, recording_upstream
from tests.support.worker_pools import DEFAULT_CERTIFICATE_NAME, GET, bound_socket, read_answer, start_message
from tls.key_pair import KeyPair

THEN_NAME_MODULES = """
import sys
from ingressd.workers.__main__ import main
main(sys.argv[1:])
print(*sys.modules)
"""
MORE_LINES_THAN_PIPES_HOLD = 1000
"""Each has over 400 bytes; the pipe holds 64 KiB, and the reader of this process twice as much."""
NOT_IN_A_WORKER = ("cryptography", "kubernetes_asyncio", "yaml", "click", "prometheus_client", "watchfiles")


class LoneWorker:
    """A worker process, and the supervisor's end of its channel."""

    def __init__(self, process: asyncio.subprocess.Process, channel: Channel, http_port: int, https_port: int) -> None:
        self.process = process
        self.channel = channel
        self.http_port = http_port
        self.https_port = https_port
        self._orders = OrderCodec()
        self._notices = NoticeCodec()

    def order(self, *orders: Order) -> None:
        for order in orders:
            self.channel.send(self._orders.encode(order))

    async def next_notice(self) -> Notice | None:
        frame = await self.channel.receive()
        return None if frame is None else self._notices.decode(frame)

    async def next_applied(self) -> Applied:
        while not isinstance(notice := await self.next_notice(), Applied):
            assert notice is not None
        return notice

    async def report(self, serial: int) -> Report:
        self.order(ReportRequest(serial))
        while not (isinstance(notice := await self.next_notice(), Report) and notice.serial == serial):
            assert notice is not None
        return notice

    async def end(self) -> tuple[int, str]:
        """Return how it ended, and what it wrote to standard output."""
        output, _ = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, output.decode()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.http_port)

    async def status_of_a_request(self) -> int:
        reader, writer = await self.connect()
        writer.write(GET)
        answer = await read_answer(reader)
        writer.close()
        return answer.status


@asynccontextmanager
async def lone_worker(
    command: Sequence[str] = (sys.executable, "-m", "ingressd.workers"),
) -> AsyncIterator[LoneWorker]:
    ours, theirs = socket.socketpair()
    with theirs, bound_socket() as http, bound_socket() as https:
        descriptors = (theirs.fileno(), http.fileno(), https.fileno())
        process = await asyncio.create_subprocess_exec(
            *command, *map(str, descriptors), pass_fds=descriptors, stdout=asyncio.subprocess.PIPE
        )
        ports = http.getsockname()[1], https.getsockname()[1]
    channel = await Channel.open(ours)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield LoneWorker(process, channel, *ports)
    finally:
        await channel.abort()
        if process.returncode is None:
            process.kill()
        await process.communicate()


def whole(generation: int, difference: TableDifference) -> TablePart:
    return TablePart(generation, difference, last=True)


async def refused(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return True
    writer.close()
    return False


async def test_it_greets_and_accepts_nobody_before_it_has_a_whole_table() -> None:
    async with recording_upstream() as upstream, lone_worker() as worker:
        table = table_for([upstream.endpoint])
        assert await worker.next_notice() == Hello(__version__)
        worker.order(start_message(), TablePart(3, TableDifference(upstreams=table.upstreams), last=False))
        await worker.report(1)
        assert await refused(worker.http_port)
        assert await refused(worker.https_port)
        worker.order(TablePart(3, TableDifference(hosts=table.hosts), last=True))
        assert await worker.next_applied() == Applied(3)
        assert await worker.status_of_a_request() == 200


async def test_it_applies_differences_while_it_serves() -> None:
    async with recording_upstream() as upstream, lone_worker() as worker:
        worker.order(start_message(), whole(1, TableDifference()))
        assert await worker.next_applied() == Applied(1)
        assert await worker.status_of_a_request() == 404
        worker.order(whole(2, table_for([upstream.endpoint])))
        assert await worker.next_applied() == Applied(2)
        assert await worker.status_of_a_request() == 200


async def test_reports_hold_what_was_counted_since_the_last_one() -> None:
    async with recording_upstream() as upstream, lone_worker() as worker:
        worker.order(start_message(report_seconds=3600), whole(1, table_for([upstream.endpoint])))
        await worker.next_applied()
        reader, writer = await worker.connect()
        for _ in range(3):
            writer.write(GET)
            await read_answer(reader)
        first = await worker.report(1)
        assert sum(count for _, count in first.counted.requests) == 3
        assert (first.connections, first.in_flight, first.tunnels) == (1, 0, 0)
        assert (await worker.report(2)).counted.requests == ()
        writer.close()


async def test_it_reports_by_itself() -> None:
    async with lone_worker() as worker:
        worker.order(start_message(report_seconds=0.01))
        assert isinstance(await worker.next_notice(), Hello)
        for _ in range(3):
            assert isinstance(await worker.next_notice(), Report)


async def test_what_is_not_taken_is_reported_later() -> None:
    async with recording_upstream() as upstream, lone_worker() as worker:
        worker.order(start_message(report_seconds=0.0005), whole(1, table_for([upstream.endpoint])))
        await worker.next_applied()
        for _ in range(20):
            assert await worker.status_of_a_request() == 200
        # Nothing has been read meanwhile but what the channel's buffer took.
        counted = 0
        while counted < 20:
            notice = await worker.next_notice()
            assert isinstance(notice, Report)
            counted += sum(count for _, count in notice.counted.requests)
        assert counted == 20


@asynccontextmanager
async def slow_upstream(release: asyncio.Event) -> AsyncIterator[RecordingUpstream]:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        await release.wait()
        writer.write(OK)
        await reader.read()

    async with recording_upstream(slow) as upstream:
        yield upstream


async def test_a_drain_finishes_what_is_in_flight_and_ends_well() -> None:
    release = asyncio.Event()
    async with slow_upstream(release) as upstream, lone_worker() as worker:
        worker.order(start_message(), whole(1, table_for([upstream.endpoint])))
        await worker.next_applied()
        reader, writer = await worker.connect()
        writer.write(GET)
        while not upstream.received:
            await asyncio.sleep(0.01)
        worker.order(Drain(PATIENCE_SECONDS, 0.0))
        while not await refused(worker.http_port):
            await asyncio.sleep(0.01)
        assert (await worker.report(1)).in_flight == 1, "it still answers its supervisor"
        release.set()
        assert (await read_answer(reader)).closes
        writer.close()
        notices = [notice async for notice in all_notices(worker)]
        counted = [notice.counted for notice in notices if isinstance(notice, Report)]
        assert sum(count for delta in counted for _, count in delta.requests) == 1
        assert await worker.end() == (0, "")


async def all_notices(worker: LoneWorker) -> AsyncIterator[Notice]:
    while (notice := await worker.next_notice()) is not None:
        yield notice


async def test_without_its_supervisor_it_finishes_what_is_in_flight_and_ends() -> None:
    release = asyncio.Event()
    async with slow_upstream(release) as upstream, lone_worker() as worker:
        worker.order(start_message(), whole(1, table_for([upstream.endpoint])))
        await worker.next_applied()
        reader, writer = await worker.connect()
        writer.write(GET)
        while not upstream.received:
            await asyncio.sleep(0.01)
        await worker.channel.abort()
        while not await refused(worker.http_port):
            await asyncio.sleep(0.01)
        release.set()
        assert (await read_answer(reader)).status == 200
        writer.close()
        assert await worker.end() == (0, "")


@pytest.mark.parametrize("orders", [(), (start_message(),)], ids=["nothing", "no table"])
async def test_without_its_supervisor_it_ends_before_it_serves(orders: tuple[Order, ...]) -> None:
    async with lone_worker() as worker:
        worker.order(*orders)
        assert isinstance(await worker.next_notice(), Hello)
        await worker.channel.close()
        assert await worker.end() == (0, "")


async def test_it_outlives_the_signals_that_are_for_its_supervisor() -> None:
    async with recording_upstream() as upstream, lone_worker() as worker:
        worker.order(start_message(), whole(1, table_for([upstream.endpoint])))
        await worker.next_applied()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            worker.process.send_signal(number)
        assert await worker.status_of_a_request() == 200
        worker.order(Drain(1.0, 0.0))
        assert (await worker.end())[0] == 0


async def test_hosts_without_a_certificate_get_the_default_one() -> None:
    pair = KeyPair.from_pem(*pem_pair("shop.test"))
    async with recording_upstream() as upstream, lone_worker() as worker:
        table = table_for([upstream.endpoint])
        any_host = table.hosts[""]
        assert any_host is not None
        shop = msgspec.structs.replace(any_host, host="shop.test", certificate="shop/tls")
        worker.order(
            start_message(),
            whole(1, TableDifference({**table.hosts, "shop.test": shop}, table.upstreams, {"shop/tls": pair})),
        )
        await worker.next_applied()
        for server_name, expected in (("other.test", DEFAULT_CERTIFICATE_NAME), ("shop.test", "shop.test")):
            assert await certified_name(worker.https_port, server_name) == expected


async def certified_name(port: int, server_name: str) -> str:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=server_name)
    encoded = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.write(GET)
    assert (await read_answer(reader)).status == 200
    writer.close()
    await writer.wait_closed()
    return KeyPair(ssl.DER_cert_to_PEM_cert(encoded).encode(), b"not needed").names[0]


async def test_each_exchange_is_a_line_of_json() -> None:
    async with recording_upstream() as upstream, lone_worker() as worker:
        worker.order(start_message(access_log=True), whole(1, table_for([upstream.endpoint])))
        await worker.next_applied()
        for _ in range(3):
            await worker.status_of_a_request()
        worker.order(Drain(1.0, 0.0))
        status, output = await worker.end()
        assert status == 0
        lines = [msgspec.json.decode(line, type=AccessLine) for line in output.splitlines()]
        assert [(line.method, line.status, line.origin) for line in lines] == [("GET", 200, "shop/web#0/0")] * 3


async def test_a_log_that_nobody_reads_stops_no_request() -> None:
    async with recording_upstream() as upstream, lone_worker() as worker:
        worker.order(start_message(access_log=True), whole(1, table_for([upstream.endpoint])))
        await worker.next_applied()
        reader, writer = await worker.connect()
        for _ in range(MORE_LINES_THAN_PIPES_HOLD):
            writer.write(GET)
            assert (await read_answer(reader)).status == 200
        writer.close()
        worker.order(Drain(1.0, 0.0))
        assert (await worker.end())[0] == 0


async def test_what_a_worker_does_not_need_it_does_not_load() -> None:
    async with recording_upstream() as upstream, lone_worker((sys.executable, "-c", THEN_NAME_MODULES)) as worker:
        worker.order(start_message(), whole(1, table_for([upstream.endpoint])))
        await worker.next_applied()
        assert await worker.status_of_a_request() == 200
        await certified_name(worker.https_port, "any.test")
        worker.order(Drain(1.0, 0.0))
        status, output = await worker.end()
        assert status == 0
        loaded = {name.partition(".")[0] for name in output.split()}
        assert "ingressd" in loaded
        assert loaded.isdisjoint(NOT_IN_A_WORKER)
        ours = {name for name in output.split() if name.startswith("ingressd.")}
        assert not [name for name in ours if name.startswith(("ingressd.cli", "ingressd.kube", "ingressd.translate"))]


@pytest.mark.parametrize("order", [Drain(1.0, 0.0), ReportRequest(1)], ids=lambda order: type(order).__name__)
async def test_a_first_order_that_is_no_start_ends_it_with_an_error(order: Order) -> None:
    async with lone_worker((sys.executable, "-c", "import sys; sys.stderr.close()" + THEN_NAME_MODULES)) as worker:
        worker.order(order)
        assert (await worker.end())[0] == 1

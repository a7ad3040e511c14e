from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable
from typing import cast

import pytest

from tests.tls.loops import Run, until
from tests.tls.sites import Client, Cut, Site, running, whole
from tls.authority import LocalAuthority
from tls.bounded_reads import BoundedReads
from tls.stream import READ_BYTES, TlsStream

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
LARGE = bytes(range(256)) * (1 << 15)  # 8 MiB: more than the kernel takes on both sides together


def byte_by_byte(data: bytes) -> Iterable[bytes]:
    return [data[position : position + 1] for position in range(len(data))]


class Recorder(asyncio.Protocol):
    """Keeps what it is told. ``stays``: what it answers to the end of the client's data."""

    def __init__(self, *, stays: bool = True) -> None:
        self.stays = stays
        self.received = bytearray()
        self.events: list[str] = []
        self.paused = False
        self.lost: list[Exception | None] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.stream = cast(TlsStream, transport)
        self.stream.set_write_buffer_limits(high=1)
        self.events.append("made")

    def data_received(self, data: bytes) -> None:
        self.received += data

    def eof_received(self) -> bool:
        self.events.append("eof")
        return self.stays

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")
        self.lost.append(exc)


class ReadsOnRequest(Recorder):
    """Stops the client with its first byte."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self.received) == len(data):
            self.stream.pause_reading()


@contextlib.asynccontextmanager
async def connected(site: Site, server: Recorder, version: ssl.TLSVersion | None = None) -> AsyncIterator[Client]:
    """A client whose connection belongs to ``server``."""
    async with (
        running(site.acceptor(protocol_factory=lambda _: server)),
        Client(site, "a.test", version=version) as client,
    ):
        await until(lambda: server.events != [])
        yield client


@pytest.fixture
def site(authority: LocalAuthority) -> Site:
    return Site(authority)


@pytest.fixture(params=VERSIONS, ids=["TLSv1.2", "TLSv1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    return ssl.TLSVersion(request.param)


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
def test_records_arrive_however_they_are_cut(run: Run, site: Site, version: ssl.TLSVersion, cut: Cut) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server, version) as client:
            assert client.tls.version() == version.name.replace("_", ".", 1).replace("v1_", "v1.")
            await client.send(b"first", cut)
            await client.send(b" second", cut)
            await until(lambda: server.received == b"first second")
            server.stream.write(b"answer")
            server.stream.writelines([b" in", b" parts"])
            assert await client.receive(15) == b"answer in parts"

    run(main())


def test_a_client_that_reads_slowly_gets_everything(run: Run, site: Site, version: ssl.TLSVersion) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server, version) as client:
            server.stream.write(LARGE)
            assert server.paused
            # What waits, waits as it was given, and behind it what was written meanwhile.
            assert server.stream.get_write_buffer_size() > len(LARGE) // 2
            assert server.stream._transport.get_write_buffer_size() < 64 * 1024
            server.stream.write(b"behind it")
            assert await client.receive(len(LARGE) + 9) == LARGE + b"behind it"
            await until(lambda: not server.paused)
            assert server.stream.get_write_buffer_size() == 0

    run(main())


def test_a_protocol_that_pauses_leaves_the_rest_in_the_kernel(run: Run, site: Site, version: ssl.TLSVersion) -> None:
    async def main() -> None:
        server = ReadsOnRequest()
        async with connected(site, server, version) as client:
            sending = asyncio.get_running_loop().create_task(client.send(LARGE), name="upload")
            await until(lambda: len(server.received) > 0)
            await asyncio.sleep(0.1)
            assert not sending.done()
            assert len(server.received) <= READ_BYTES
            assert server.stream._incoming.pending <= READ_BYTES
            assert not server.stream.is_reading()
            server.stream.resume_reading()
            await sending
            await until(lambda: len(server.received) == len(LARGE))
            assert server.received == LARGE

    run(main())


def test_much_behind_the_handshake_does_not_stay_in_openssl(run: Run, site: Site, version: ssl.TLSVersion) -> None:
    """A BIO never gives back the memory that it once needed."""

    async def main() -> None:
        server = ReadsOnRequest()
        async with running(site.acceptor(protocol_factory=lambda _: server)):
            async with Client(site, "a.test", version=version, first=LARGE[:60_000]) as client:
                await until(lambda: len(server.received) > 0)
                assert server.stream._incoming.pending <= READ_BYTES
                server.stream.resume_reading()
                await client.send(b"behind it")
                await until(lambda: server.received.endswith(b"behind it"))
                assert server.received == LARGE[:60_000] + b"behind it"

    run(main())


class ReadsInTurns(Recorder):
    """Pauses with every read, and goes on in a later turn of the loop."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.stream.pause_reading()
        asyncio.get_running_loop().call_soon(self.stream.resume_reading)


@pytest.mark.parametrize("fin", [False, True])
@pytest.mark.parametrize("length", [1, READ_BYTES, 100_000, 1_000_000])
def test_a_protocol_that_pauses_again_and_again_gets_everything_in_order(
    run: Run, site: Site, length: int, fin: bool
) -> None:
    async def main() -> None:
        server = ReadsInTurns()
        async with connected(site, server) as client:
            await client.send(LARGE[:length])
            await client.send_close_notify()
            if fin:
                client.send_fin()
            await until(lambda: "eof" in server.events)
            assert server.received == LARGE[:length]
            server.stream.close()
            await until(lambda: server.events == ["made", "eof", "lost"])

    run(main())


def test_what_came_before_a_cut_is_told_to_a_protocol_that_pauses(run: Run, site: Site) -> None:
    async def main() -> None:
        server = ReadsInTurns()
        async with connected(site, server) as client:
            await client.send(LARGE[:100_000])
            client.send_fin()
            await until(lambda: server.events == ["made", "lost"])
            assert server.received == LARGE[:100_000]
            with pytest.raises(ssl.SSLEOFError):
                await client.read_to_end()

    run(main())


def test_reads_are_bounded_when_much_comes(run: Run, site: Site) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server) as client:
            await client.send(b"little")
            await until(lambda: server.received == b"little")
            below = server.stream._transport
            assert below.get_protocol() is cast(asyncio.BaseProtocol, server.stream)
            sending = asyncio.get_running_loop().create_task(client.send(LARGE))
            await until(lambda: len(server.received) == 6 + len(LARGE))
            await sending
            assert server.received[6:] == LARGE
            assert isinstance(below.get_protocol(), BoundedReads)

    run(main())


def test_what_was_read_while_paused_comes_although_nothing_follows(run: Run, site: Site) -> None:
    """More than one record in one read: the second waits inside of the stream."""

    async def main() -> None:
        server = ReadsOnRequest()
        async with connected(site, server) as client:
            client.tls.write(b"one")
            client.tls.write(b"two")
            await client.send_close_notify()
            await until(lambda: server.received == b"one")
            await asyncio.sleep(0.02)
            assert server.events == ["made"]
            server.stream.resume_reading()
            assert server.received == b"one"
            await until(lambda: server.events == ["made", "eof"])
            assert server.received == b"onetwo"
            server.stream.close()
            await until(lambda: server.lost == [None])

    run(main())


@pytest.mark.parametrize("fin", [False, True])
def test_a_client_that_has_ended_its_half_is_answered(run: Run, site: Site, version: ssl.TLSVersion, fin: bool) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server, version) as client:
            await client.send(b"question")
            await client.send_close_notify()
            if fin:
                client.send_fin()
            await until(lambda: server.events == ["made", "eof"])
            await asyncio.sleep(0.02)
            assert not server.stream.is_closing()
            server.stream.write(b"answer")
            server.stream.close()
            assert await client.read_to_end() == b"answer"
            await until(lambda: server.events == ["made", "eof", "lost"])
            assert server.lost == [None]

    run(main())


def test_a_protocol_may_close_when_the_client_ends(run: Run, site: Site) -> None:
    async def main() -> None:
        server = Recorder(stays=False)
        async with connected(site, server) as client:
            await client.send_close_notify()
            assert await client.read_to_end() == b""
            await until(lambda: server.events == ["made", "eof", "lost"])

    run(main())


def test_an_end_without_close_notify_is_no_end_of_data(run: Run, site: Site) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server) as client:
            await client.send(b"cut o")
            client.send_fin()
            await until(lambda: server.events == ["made", "lost"])
            assert server.received == b"cut o"

    run(main())


def test_a_reset_is_told(run: Run, site: Site) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server) as client:
            await client.send(b"x")
            await until(lambda: bool(server.received))
            client.reset()
            await until(lambda: server.events == ["made", "lost"])
            assert isinstance(server.lost[0], ConnectionResetError)
            server.stream.write(b"nobody is there")
            server.stream.close()
            assert server.stream.is_closing()

    run(main())


def test_our_half_ends_before_the_clients(run: Run, site: Site) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server, ssl.TLSVersion.TLSv1_3) as client:
            server.stream.write(LARGE)
            server.stream.write_eof()
            with pytest.raises(RuntimeError, match="after write_eof"):
                server.stream.write(b"more")
            assert await client.read_to_end() == LARGE
            await client.send(b"still here")
            await until(lambda: server.received == b"still here")
            await client.send_close_notify()
            await until(lambda: server.events == ["made", "eof"])
            server.stream.close()
            await until(lambda: server.lost == [None])

    run(main())


def test_closing_delivers_what_was_written(run: Run, site: Site, version: ssl.TLSVersion) -> None:
    async def main() -> None:
        shown: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: shown.append(context))
        server = Recorder()
        async with connected(site, server, version) as client:
            server.stream.write(LARGE)
            server.stream.close()
            server.stream.write(b"too late")
            assert await client.read_to_end() == LARGE
            await until(lambda: server.lost == [None])
        assert shown == []

    run(main())


class ClosesEarly(Recorder):
    """Pauses with the first record, and closes with the second; the third is never read."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self.received) == len(data):
            self.stream.pause_reading()
        else:
            self.stream.close()


def test_an_answer_that_does_not_wait_for_the_rest_ends_whole(run: Run, site: Site) -> None:
    async def main() -> None:
        server = ClosesEarly()
        async with connected(site, server) as client:
            for record in (b"first", b"second", b"third"):
                client.tls.write(record)
            await client.send_close_notify()
            await until(lambda: server.received == b"first")
            # As if the event loop had seen the client's FIN before the pause was over.
            assert server.stream.eof_received()
            server.stream.write(LARGE)
            server.stream.resume_reading()
            assert await client.read_to_end() == LARGE
            assert server.received == b"firstsecond"

    run(main())


class Whole(Recorder):
    """Takes whatever comes for a whole request."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.stream.expect_answer()


def test_session_tickets_leave_with_the_first_answer(run: Run, site: Site) -> None:
    async def main() -> None:
        server = Whole()
        async with running(site.acceptor(protocol_factory=lambda _: server)):
            async with Client(site, "a.test", version=ssl.TLSVersion.TLSv1_3, first=b"question") as client:
                await until(lambda: server.received == b"question")
                assert await client.unread() == b""
                server.stream.write(b"answer")
                assert await client.receive(6) == b"answer"
                assert client.tls.session is not None
                assert client.tls.session.has_ticket

    run(main())


class WholeAtOnce(Recorder):
    """Has its request before the handshake is over for the client, as with a client of RFC 7918."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.stream.expect_answer()


def test_the_end_of_an_older_handshake_does_not_wait_for_an_answer(run: Run, site: Site) -> None:
    async def main() -> None:
        server = WholeAtOnce()
        async with connected(site, server, ssl.TLSVersion.TLSv1_2) as client:
            assert client.tls.version() == "TLSv1.2"

    run(main())


def test_session_tickets_do_not_wait_for_a_late_request(run: Run, site: Site) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server, ssl.TLSVersion.TLSv1_3) as client:
            assert len(await client.unread()) > 0
            await client.send(b"question")
            await until(lambda: server.received == b"question")

    run(main())


def test_session_tickets_do_not_wait_for_the_rest_of_a_request(run: Run, site: Site) -> None:
    """Else a client with Nagle's algorithm would wait for them, or 40 ms."""

    async def main() -> None:
        server = Recorder()
        async with running(site.acceptor(protocol_factory=lambda _: server)):
            async with Client(site, "a.test", version=ssl.TLSVersion.TLSv1_3, first=b"first part") as client:
                await until(lambda: server.received == b"first part")
                assert len(await client.unread()) > 0

    run(main())


@pytest.mark.parametrize("end", ["close", "write_eof"])
def test_what_is_last_leaves_with_its_end(run: Run, site: Site, end: str) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server) as client:
            # Behind the session tickets.
            server.stream.write(b"first")
            assert await client.receive(5) == b"first"
            server.stream.expect_end()
            server.stream.write(b"last")
            assert await client.unread() == b""
            getattr(server.stream, end)()
            assert await client.read_to_end() == b"last"
            server.stream.close()

    run(main())


@pytest.mark.parametrize("length", [1, len(LARGE)])
def test_however_long_what_is_last_arrives(run: Run, site: Site, length: int) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server) as client:
            server.stream.expect_end()
            server.stream.write(LARGE[:length])
            server.stream.close()
            assert await client.receive(length) == LARGE[:length]

    run(main())


def test_a_client_that_takes_nothing_does_not_hold_a_closed_connection(
    run: Run, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tls.stream._STALLED_SECONDS", 0.05)

    async def main() -> None:
        server = Recorder()
        async with connected(site, server):
            server.stream.write(LARGE)
            server.stream.close()
            await until(lambda: server.events == ["made", "lost"])

    run(main())


def test_an_aborted_answer_cannot_be_taken_for_whole(run: Run, site: Site, version: ssl.TLSVersion) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server, version) as client:
            server.stream.write(b"half")
            server.stream.abort()
            with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
                await client.read_to_end()

    run(main())


def test_a_record_that_was_changed_under_way_ends_the_connection(run: Run, site: Site) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server) as client:
            await client.send_unencrypted(b"\x17\x03\x03\x00\x20" + b"x" * 32)
            with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
                await client.read_to_end()
            await until(lambda: server.events == ["made", "lost"])
            assert isinstance(server.lost[0], ssl.SSLError)
            assert server.received == b""

    run(main())


def test_a_session_is_resumed(run: Run, site: Site, version: ssl.TLSVersion) -> None:
    async def main() -> None:
        async with running(site.acceptor()):
            async with Client(site, "a.test", version=version) as first:
                # In TLS 1.3 the ticket comes behind the handshake.
                await first.line()
                assert not first.tls.session_reused
                async with Client(site, "a.test", resuming=first) as second:
                    assert second.tls.session_reused
                    assert await second.line() == "a.test"

    run(main())


def test_what_is_known_of_the_connection(run: Run, site: Site) -> None:
    async def main() -> None:
        server = Recorder()
        async with connected(site, server) as client:
            stream = server.stream
            assert stream.get_extra_info("peername") == client.address()
            assert stream.get_extra_info("sockname") == site.address
            assert isinstance(stream.get_extra_info("ssl_object"), ssl.SSLObject)
            assert isinstance(stream.get_extra_info("sslcontext"), ssl.SSLContext)
            assert stream.get_extra_info("cipher") == client.tls.cipher()
            assert stream.get_extra_info("peercert") is None
            assert stream.get_extra_info("weather", "unknown") == "unknown"
            assert stream.get_protocol() is server
            assert stream.can_write_eof()

    run(main())

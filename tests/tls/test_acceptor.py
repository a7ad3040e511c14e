from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Iterable

import pytest

from tests.tls.clients import hello_of, message_of, records
from tests.tls.loops import Run, connect, receive_to_end, until
from tests.tls.sites import Client, Cut, Site, running, whole
from tls.acceptor import TlsFailure, TlsFailureReason
from tls.authority import LocalAuthority
from tls.contexts import ServerContexts
from tls.key_pair import KeyPairError, KeyPairErrorCode, KeyPairPart
from tls.listening_socket import ListeningSocket
from tls.policy import TlsPolicy


def byte_by_byte(hello: bytes) -> Iterable[bytes]:
    return [hello[position : position + 1] for position in range(len(hello))]


def in_records(hello: bytes) -> Iterable[bytes]:
    return [records(message_of(hello), [1, 3, 5, 60, 200, 201])]


def in_records_byte_by_byte(hello: bytes) -> Iterable[bytes]:
    return byte_by_byte(records(message_of(hello), [1, 3, 5, 60, 200, 201]))


CUTS: list[Cut] = [whole, byte_by_byte, in_records, in_records_byte_by_byte]


@pytest.fixture
def site(authority: LocalAuthority) -> Site:
    return Site(authority)


async def line_of(client: Client) -> str:
    async with client:
        return await client.line()


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", ["a.test", "b.test", "strict.test"])
def test_however_the_hello_is_cut_the_same_host_is_chosen(run: Run, site: Site, cut: Cut, name: str) -> None:
    async def main() -> None:
        async with running(site.acceptor()), Client(site, name, cut) as client:
            assert name in client.names()
            assert await client.line() == name
            await client.say("hello")
            assert await client.line() == "hello"
            assert site.failures == []

    run(main())


@pytest.mark.parametrize(("asked", "told"), [(None, "None"), ("unknown.test", "unknown.test"), ("A.Test", "a.test")])
def test_the_name_is_told_as_it_is_compared(run: Run, site: Site, asked: str | None, told: str) -> None:
    async def main() -> None:
        async with running(site.acceptor()), Client(site, asked) as client:
            assert await client.line() == told
            assert ("a.test" if told == "a.test" else "default.test") in client.names()

    run(main())


def test_a_new_context_is_for_new_connections_only(run: Run, site: Site) -> None:
    async def main() -> None:
        async with running(site.acceptor()), Client(site, "a.test") as before:
            await before.line()
            site.generation = "two"
            async with Client(site, "a.test") as after:
                assert "two.generation.test" in after.names()
                assert "one.generation.test" in before.names()
                await before.say("still here")
                assert await before.line() == "still here"

    run(main())


def test_the_oldest_version_is_the_hosts_own(run: Run, site: Site) -> None:
    async def main() -> None:
        def old(name: str) -> Client:
            client = Client(site, name)
            client.tls.context.maximum_version = ssl.TLSVersion.TLSv1_2
            client.tls = client.tls.context.wrap_bio(client._incoming, client._outgoing, server_hostname=name)
            return client

        async with running(site.acceptor()):
            async with old("a.test") as client:
                assert client.tls.version() == "TLSv1.2"
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await line_of(old("strict.test"))
            await until(lambda: site.reasons == [TlsFailureReason.HANDSHAKE_FAILED])
            assert site.failures[0].server_name == "strict.test"
            assert site.failures[0].detail == "unsupported protocol"

    run(main())


def test_client_certificates_are_demanded_by_the_host_that_wants_them(run: Run, site: Site) -> None:
    def choose(server_name: str | None) -> ssl.SSLContext:
        context = ServerContexts().context_for(site.authority.issue(["a.test"]), TlsPolicy())
        context.verify_mode = ssl.CERT_REQUIRED if server_name == "b.test" else ssl.CERT_NONE
        return context

    async def main() -> None:
        async with running(site.acceptor(choose=choose)):
            async with Client(site, "a.test") as client:
                assert await client.line() == "a.test"
            # In TLS 1.3 the client is done before the server has missed its certificate.
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await line_of(Client(site, "b.test"))
            await until(lambda: site.reasons == [TlsFailureReason.HANDSHAKE_FAILED])

    run(main())


@pytest.mark.parametrize(
    ("sent", "reason", "answer"),
    [
        (b"", TlsFailureReason.HELLO_TIMEOUT, b""),
        (hello_of("a.test")[:100], TlsFailureReason.HELLO_TIMEOUT, b""),
        (hello_of("a.test"), TlsFailureReason.HANDSHAKE_TIMEOUT, b"\x16\x03\x03"),
    ],
)
def test_a_client_that_takes_too_long_is_closed(
    run: Run, site: Site, sent: bytes, reason: TlsFailureReason, answer: bytes
) -> None:
    async def main() -> None:
        async with running(site.acceptor(handshake_timeout_seconds=0.1)):
            with await connect(site.address) as client:
                client.send(sent)
                assert (await receive_to_end(client)).startswith(answer)
                await until(lambda: site.reasons == [reason])
                assert site.failures[0].peer == "{}:{}".format(*client.getsockname())

    run(main())


@pytest.mark.parametrize("sent", [b"", hello_of("a.test")[:100]])
def test_a_client_that_leaves_early_is_reported(run: Run, site: Site, sent: bytes) -> None:
    async def main() -> None:
        async with running(site.acceptor()):
            with await connect(site.address) as client:
                client.send(sent)
            await until(lambda: site.reasons == [TlsFailureReason.CLOSED_BEFORE_HELLO])

    run(main())


def test_a_client_that_leaves_during_the_handshake_is_reported(run: Run, site: Site) -> None:
    async def main() -> None:
        async with running(site.acceptor()):
            with await connect(site.address) as client:
                client.send(hello_of("a.test"))
                await asyncio.get_running_loop().sock_recv(client, 1)
            await until(lambda: site.reasons == [TlsFailureReason.CONNECTION_LOST])
            assert site.failures[0].server_name == "a.test"

    run(main())


def test_a_client_that_distrusts_the_certificate_is_reported(run: Run, site: Site) -> None:
    async def main() -> None:
        stranger = Site(LocalAuthority.ephemeral())
        stranger.listener.close()
        stranger.address = site.address
        async with running(site.acceptor()):
            with pytest.raises(ssl.SSLCertVerificationError):
                await line_of(Client(stranger, "a.test"))
            await until(lambda: site.reasons == [TlsFailureReason.HANDSHAKE_FAILED])
            assert "unknown ca" in site.failures[0].detail

    run(main())


def test_plain_http_is_told_what_this_port_speaks(run: Run, site: Site) -> None:
    async def main() -> None:
        async with running(site.acceptor()):
            with await connect(site.address) as client:
                client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
                answer = await receive_to_end(client)
                client.shutdown(socket.SHUT_WR)
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert b"this port speaks HTTPS" in answer
            await until(lambda: site.reasons == [TlsFailureReason.PLAINTEXT_HTTP])

    run(main())


def test_what_is_neither_is_closed_without_an_answer(run: Run, site: Site) -> None:
    async def main() -> None:
        async with running(site.acceptor()):
            with await connect(site.address) as client:
                client.send(b"SSH-2.0-client\r\n")
                assert await receive_to_end(client) == b""
            await until(lambda: site.reasons == [TlsFailureReason.NOT_TLS])

    run(main())


def test_a_host_without_a_context_is_closed_and_reported(run: Run, site: Site) -> None:
    def choose(server_name: str | None) -> ssl.SSLContext:
        raise KeyPairError(KeyPairErrorCode.REFUSED, KeyPairPart.CERTIFICATE, "No certificate: add one.")

    async def main() -> None:
        async with running(site.acceptor(choose=choose)):
            with await connect(site.address) as client:
                client.send(hello_of("a.test"))
                assert await receive_to_end(client) == b""
                peer = "{}:{}".format(*client.getsockname())
            await until(lambda: bool(site.failures))
            assert site.failures == [
                TlsFailure(TlsFailureReason.NO_CONTEXT, peer, "a.test", "No certificate: add one.")
            ]

    run(main())


def test_a_defect_of_the_caller_is_shown_and_hurts_one_connection(run: Run, site: Site) -> None:
    def choose(server_name: str | None) -> ssl.SSLContext:
        if server_name == "b.test":
            raise RuntimeError("defect")
        return site.choose(server_name)

    async def main() -> None:
        shown: list[BaseException] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: shown.append(context["exception"]))
        async with running(site.acceptor(choose=choose)):
            with await connect(site.address) as client:
                client.send(hello_of("b.test"))
                assert await receive_to_end(client) == b""
            async with Client(site, "a.test") as other:
                assert await other.line() == "a.test"
        assert [str(error) for error in shown] == ["defect"]

    run(main())


class ExhaustedSocket(ListeningSocket):
    """A listening socket of a process that has no descriptors left, for a while."""

    attempts = 0
    failing = 2

    def accept(self) -> tuple[socket.socket, object]:
        self.attempts += 1
        if self.attempts <= self.failing:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_without_descriptors_it_pauses_and_goes_on(run: Run, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tls.acceptor._PAUSE_SECONDS", 0.05)

    async def main() -> None:
        listener = ExhaustedSocket(fileno=site.listener.detach())
        async with running(site.acceptor(listener=listener)), Client(site, "a.test") as client:
            assert await client.line() == "a.test"
            assert site.failures == [TlsFailure(TlsFailureReason.ACCEPT_EXHAUSTED, detail="Too many open files")] * 2
            # Two that failed, one that succeeded, one that found nothing more.
            assert listener.attempts <= 4

    run(main())


def test_a_connection_that_the_loop_cannot_take_over_is_reported(
    run: Run, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refusing(*_: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    async def main() -> None:
        # As if memory were short.
        monkeypatch.setattr(asyncio.get_running_loop(), "connect_accepted_socket", refusing)
        async with running(site.acceptor()) as acceptor:
            with await connect(site.address) as client:
                assert await receive_to_end(client) == b""
                await until(lambda: site.reasons == [TlsFailureReason.CONNECTION_LOST])
                assert site.failures[0].detail == "Cannot allocate memory"
                assert acceptor.pending == 0
            monkeypatch.undo()
            async with Client(site, "a.test") as client_after:
                assert await client_after.line() == "a.test"

    run(main())


def test_no_connection_needs_a_task(run: Run, site: Site) -> None:
    async def main() -> None:
        async with running(site.acceptor()) as acceptor, contextlib.AsyncExitStack() as clients:
            for _ in range(10):
                await clients.enter_async_context(Client(site, "a.test"))
            silent = [socket.create_connection(site.address) for _ in range(10)]
            await until(lambda: acceptor.pending == len(silent))
            assert asyncio.all_tasks() == {asyncio.current_task()}
            for client in silent:
                client.close()
            await until(lambda: acceptor.pending == 0)

    run(main())


def test_over_the_limit_new_connections_wait(run: Run, site: Site) -> None:
    async def main() -> None:
        async with running(site.acceptor(max_pending=2)) as acceptor:
            first, second = await connect(site.address), await connect(site.address)
            await until(lambda: acceptor.pending == 2)
            third = asyncio.get_running_loop().create_task(Client(site, "a.test").__aenter__(), name="third")
            await asyncio.sleep(0.05)
            assert acceptor.pending == 2
            assert not third.done()
            assert repr(acceptor) == "<TlsAcceptor not accepting, 2 pending>"
            first.close()
            client = await third
            assert await client.line() == "a.test"
            await client.__aexit__()
            second.close()

    run(main())


def test_a_silent_connection_makes_room(run: Run, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tls.acceptor._SILENCE_SECONDS", 0.05)

    async def main() -> None:
        async with running(site.acceptor(max_pending=2)) as acceptor:
            silent = await connect(site.address)
            await until(lambda: acceptor.pending == 1)
            with await connect(site.address) as halfway:
                halfway.send(hello_of("a.test"))
                await asyncio.get_running_loop().sock_recv(halfway, 1)
                async with Client(site, "a.test") as client:
                    assert await client.line() == "a.test"
                assert site.reasons == [TlsFailureReason.CROWDED_OUT]
                assert site.failures[0].peer == "{}:{}".format(*silent.getsockname())
                assert await receive_to_end(silent) == b""
                assert acceptor.pending == 1
            silent.close()

    run(main())


def test_who_is_connected_when_accepting_stops_is_served(run: Run, site: Site) -> None:
    async def main() -> None:
        async with running(site.acceptor()) as acceptor:
            queued = socket.create_connection(site.address)
            acceptor.stop_accepting()
            acceptor.stop_accepting()
            assert acceptor.pending == 1
            queued.setblocking(False)
            queued.send(hello_of("a.test"))
            assert await asyncio.get_running_loop().sock_recv(queued, 1) == b"\x16"
            queued.close()
            with pytest.raises(ConnectionRefusedError):
                await connect(site.address)
            assert repr(acceptor).startswith("<TlsAcceptor closed")

    run(main())


def test_a_silent_connection_makes_room_when_accepting_stops(
    run: Run, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tls.acceptor._SILENCE_SECONDS", 0.0)

    async def main() -> None:
        number = site.listener.fileno()
        async with running(site.acceptor(max_pending=1)) as acceptor:
            with await connect(site.address):
                await until(lambda: acceptor.pending == 1)
                with socket.create_connection(site.address):
                    acceptor.stop_accepting()
                    assert site.reasons == [TlsFailureReason.CROWDED_OUT]
                    assert not asyncio.get_running_loop().remove_reader(number), "the loop looks at a closed socket"

    run(main())


def test_everybody_who_waits_when_accepting_stops_is_taken(run: Run, site: Site) -> None:
    """More than are accepted at a time."""

    async def main() -> None:
        async with running(site.acceptor()) as acceptor:
            waiting = [socket.create_connection(site.address) for _ in range(100)]
            acceptor.stop_accepting()
            assert acceptor.pending == len(waiting)
            for client in waiting:
                client.close()

    run(main())


@pytest.mark.parametrize("sent", [b"", hello_of("a.test")])
@pytest.mark.parametrize("steps", [0, 20])
def test_closing_drops_who_has_not_finished(run: Run, site: Site, sent: bytes, steps: int) -> None:
    async def main() -> None:
        acceptor = site.acceptor()
        acceptor.start()
        with socket.create_connection(site.address) as client:
            client.send(sent)
            for _ in range(steps):
                await asyncio.sleep(0.001)
            await acceptor.close()
            assert acceptor.pending == 0
            client.setblocking(False)
            await receive_to_end(client)
        assert site.failures == []

    run(main())


def test_closing_leaves_established_connections_alone(run: Run, site: Site) -> None:
    async def main() -> None:
        acceptor = site.acceptor()
        acceptor.start()
        async with Client(site, "a.test") as client:
            await client.line()
            await acceptor.close()
            await client.say("still here")
            assert await client.line() == "still here"

    run(main())


def test_an_acceptor_is_started_once(run: Run, site: Site) -> None:
    async def main() -> None:
        async with running(site.acceptor()) as acceptor:
            assert repr(acceptor) == "<TlsAcceptor accepting, 0 pending>"
            with pytest.raises(RuntimeError, match="started once"):
                acceptor.start()

    run(main())


def test_limits_that_make_no_sense_are_refused(site: Site) -> None:
    with site.listener:
        with pytest.raises(ValueError, match="handshake_timeout_seconds must be above 0"):
            site.acceptor(handshake_timeout_seconds=0)
        with pytest.raises(ValueError, match="max_pending must be at least 1"):
            site.acceptor(max_pending=0)

"""Opening the three ports."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import pytest

from ingressd.cli.exit_code import CommandError, ExitCode
from ingressd.cli.listening_sockets import open_listening_sockets
from ingressd.settings import ListenSettings, PortChoice
from tests.support.ports import free_port

LOOPBACK = "127.0.0.1"
ANY = PortChoice(0)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that is taken, with a free one after it."""
    while True:
        with socket.create_server((LOOPBACK, 0)) as server:
            port = int(server.getsockname()[1])
            try:
                socket.create_server((LOOPBACK, port + 1)).close()
            except (OSError, OverflowError):
                continue
            yield port
            return


def test_ports_chosen_by_the_system_listen() -> None:
    sockets = open_listening_sockets(ListenSettings(http=ANY, https=ANY, admin=ANY))
    try:
        assert len(set(sockets.ports)) == 3
        assert sockets.notes == ()
        for port in sockets.ports:
            socket.create_connection((LOOPBACK, port)).close()
    finally:
        sockets.close()


def test_the_next_free_port_is_used_and_said(taken: int) -> None:
    sockets = open_listening_sockets(ListenSettings(http=PortChoice(taken), https=ANY, admin=ANY))
    try:
        http = sockets.ports[0]
        assert http != taken
        assert sockets.notes == (f"Port {taken} is taken: HTTP is on port {http} (--http-port chooses another).",)
    finally:
        sockets.close()


def test_a_port_asked_for_that_is_taken_is_an_error(taken: int) -> None:
    with pytest.raises(CommandError) as failure:
        open_listening_sockets(ListenSettings(http=ANY, https=PortChoice(taken, asked_for=True), admin=ANY))
    assert failure.value.message == (
        f"--https-port {taken}: port {taken} on 127.0.0.1 is taken; end the program that has it, or give another port"
    )
    assert failure.value.exit_code is ExitCode.USAGE


def test_a_failure_leaves_no_port_open(taken: int) -> None:
    http = free_port()
    settings = ListenSettings(http=PortChoice(http, asked_for=True), https=ANY, admin=PortChoice(taken, asked_for=True))
    with pytest.raises(CommandError):
        open_listening_sockets(settings)
    with pytest.raises(OSError, match=r".") as refused:
        socket.create_connection((LOOPBACK, http))
    assert refused.value.errno == errno.ECONNREFUSED


def test_a_neighbour_does_not_take_a_port_asked_for(taken: int) -> None:
    asked = taken + 1
    sockets = open_listening_sockets(
        ListenSettings(http=PortChoice(taken), https=ANY, admin=PortChoice(asked, asked_for=True))
    )
    try:
        assert sockets.ports[2] == asked
        assert sockets.ports[0] != asked
    finally:
        sockets.close()


def test_an_address_of_another_machine() -> None:
    with pytest.raises(CommandError, match=r"--bind 192\.0\.2\.1: no interface of this machine has the address"):
        open_listening_sockets(ListenSettings(bind="192.0.2.1", http=ANY, https=ANY, admin=ANY))


def test_the_admin_port_is_not_where_everybody_can_connect() -> None:
    sockets = open_listening_sockets(ListenSettings(bind="0.0.0.0", http=ANY, https=ANY, admin=ANY))
    try:
        assert [each.getsockname()[0] for each in sockets[:3]] == ["0.0.0.0", "0.0.0.0", LOOPBACK]
    finally:
        sockets.close()


def test_an_admin_address_of_another_machine() -> None:
    with pytest.raises(CommandError) as caught:
        open_listening_sockets(ListenSettings(admin_bind="192.0.2.1", http=ANY, https=ANY, admin=ANY))
    assert caught.value.message == (
        "--admin-bind 192.0.2.1: no interface of this machine has the address 192.0.2.1; "
        "give one that it has with --admin-bind ADDRESS"
    )


def test_a_loop_can_use_them() -> None:
    sockets = open_listening_sockets(ListenSettings(http=ANY, https=ANY, admin=ANY))
    try:
        assert [each.getblocking() for each in sockets[:3]] == [False] * 3
    finally:
        sockets.close()

from __future__ import annotations

import socket

import pytest

from tls.listening_socket import ListeningSocket, PlainSocket


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_what_is_accepted_is_as_python_accepts_it(family: socket.AddressFamily, host: str) -> None:
    if family is socket.AF_INET6 and not socket.has_ipv6:
        family, host = socket.AF_INET, "127.0.0.1"
    with ListeningSocket.of(socket.create_server((host, 0), family=family)) as listening:
        with socket.create_connection(listening.getsockname()[:2]) as client:
            accepted, address = listening.accept()
            with accepted:
                assert address == client.getsockname()
                assert (accepted.family, accepted.type) == (client.family, client.type)
                assert not accepted.get_inheritable()
                assert accepted.gettimeout() is None
                client.sendall(b"hello")
                assert accepted.recv(5) == b"hello"


def test_family_and_type_are_plain_numbers() -> None:
    with PlainSocket() as plain:
        assert (type(plain.family), type(plain.type)) == (int, int)
        assert (plain.family, plain.type) == (socket.AF_INET, socket.SOCK_STREAM)


def test_the_descriptor_is_taken_over_once() -> None:
    given = socket.create_server(("127.0.0.1", 0))
    number = given.fileno()
    with ListeningSocket.of(given) as listening:
        assert (given.fileno(), listening.fileno()) == (-1, number)
        assert ListeningSocket.of(listening) is listening

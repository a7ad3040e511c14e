"""From outside, a process accepts connections when it waits for them, and not when it merely has the socket."""

from __future__ import annotations

import os
import select
import socket

from loadtest.support.child_processes import accepts


def test_a_process_accepts_when_it_watches_the_listening_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, select.epoll() as watching:
        port = listening.getsockname()[1]
        assert not accepts(os.getpid(), port)
        watching.register(listening)
        assert accepts(os.getpid(), port)
        watching.unregister(listening)
        assert not accepts(os.getpid(), port)


def test_a_socket_of_another_port_is_another_one() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_server(("127.0.0.1", 0)) as other,
        select.epoll() as watching,
    ):
        watching.register(listening)
        assert not accepts(os.getpid(), other.getsockname()[1])

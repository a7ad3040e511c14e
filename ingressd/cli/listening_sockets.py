"""The sockets that ingressd listens on."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from ingressd.cli.exit_code import CommandError
from ingressd.settings import HIGHEST_PORT, ListenSettings, PortChoice

BACKLOG = 1024
PORTS_TRIED = 50
FIRST_UNPRIVILEGED_PORT = 1024


class ListeningSockets(NamedTuple):
    """What ``dev`` and ``demo`` listen on: bound, listening and non-blocking. ``notes`` say, one sentence each, where a
    port is not the usual one."""

    http: socket.socket
    https: socket.socket
    admin: socket.socket
    notes: tuple[str, ...] = ()

    @property
    def ports(self) -> tuple[int, int, int]:
        return self.http.getsockname()[1], self.https.getsockname()[1], self.admin.getsockname()[1]

    def close(self) -> None:
        for listening in (self.http, self.https, self.admin):
            listening.close()


class _Wanted(NamedTuple):
    purpose: str
    flag: str
    choice: PortChoice
    bind: str
    bind_flag: str = "--bind"


def open_listening_sockets(settings: ListenSettings) -> ListeningSockets:
    """Open all three or none. Raises CommandError, which names the flag to use, when a port cannot be had.

    The sockets listen at once: a port is ours only then, and whoever starts at the same time must see that.
    """
    wanted = (
        _Wanted("HTTP", "--http-port", settings.http, settings.bind),
        _Wanted("HTTPS", "--https-port", settings.https, settings.bind),
        _Wanted("admin", "--admin-port", settings.admin, settings.admin_address, "--admin-bind"),
    )
    opened: dict[str, socket.socket] = {}
    notes: dict[str, str] = {}
    try:
        # A port that was asked for must not go to a neighbour that only looks for a free one.
        for each in sorted(wanted, key=lambda want: not want.choice.asked_for):
            opened[each.purpose] = _open(each)
            port = opened[each.purpose].getsockname()[1]
            if each.choice.number and port != each.choice.number:
                notes[each.purpose] = (
                    f"Port {each.choice.number} is taken: {each.purpose} is on port {port} "
                    f"({each.flag} chooses another)."
                )
    except BaseException:
        for listening in opened.values():
            listening.close()
        raise
    return ListeningSockets(
        opened["HTTP"],
        opened["HTTPS"],
        opened["admin"],
        notes=tuple(notes[each.purpose] for each in wanted if each.purpose in notes),
    )


def open_admin_socket(settings: ListenSettings) -> socket.socket:
    """Open the admin port alone. Raises CommandError."""
    return _open(_Wanted("admin", "--admin-port", settings.admin, settings.admin_address, "--admin-bind"))


def bind_traffic_sockets(settings: ListenSettings) -> tuple[socket.socket, socket.socket]:
    """Bind the HTTP and HTTPS ports, both or none, without listening: clients are refused. Raises CommandError."""
    http = _open(_Wanted("HTTP", "--http-port", settings.http, settings.bind), listen=False)
    try:
        return http, _open(_Wanted("HTTPS", "--https-port", settings.https, settings.bind), listen=False)
    except BaseException:
        http.close()
        raise


def _open(wanted: _Wanted, *, listen: bool = True) -> socket.socket:
    for port in _candidates(wanted.choice):
        try:
            return _bound(wanted.bind, port, listen=listen)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and not wanted.choice.asked_for:
                continue
            raise CommandError(_explanation(error, port, wanted)) from error
    raise CommandError(f"no free port for {wanted.purpose} on {wanted.bind}: choose one with {wanted.flag}")


def _candidates(choice: PortChoice) -> Iterator[int]:
    yield choice.number
    if choice.number and not choice.asked_for:
        nearby = range(choice.number + 1, min(choice.number + PORTS_TRIED, HIGHEST_PORT + 1))
        yield from chain(nearby, (0,))


def _bound(bind: str, port: int, *, listen: bool) -> socket.socket:
    family = socket.AF_INET6 if ipaddress.ip_address(bind).version == 6 else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((bind, port))
        if listen:
            listening.listen(BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def _explanation(error: OSError, port: int, wanted: _Wanted) -> str:
    bind = wanted.bind
    if error.errno == errno.EADDRINUSE:
        return (
            f"{wanted.flag} {port}: port {port} on {bind} is taken; end the program that has it, or give another port"
        )
    if error.errno == errno.EACCES and port < FIRST_UNPRIVILEGED_PORT:
        return (
            f"{wanted.flag} {port}: ports below {FIRST_UNPRIVILEGED_PORT} need privileges; "
            f"give one from {FIRST_UNPRIVILEGED_PORT} to {HIGHEST_PORT}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{wanted.bind_flag} {bind}: no interface of this machine has the address {bind}; "
            f"give one that it has with {wanted.bind_flag} ADDRESS"
        )
    return f"cannot listen on {bind} port {port} for {wanted.purpose}: {error.strerror}"

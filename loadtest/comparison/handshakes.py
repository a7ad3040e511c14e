"""A client that makes a new TLS connection for each request, and never resumes a session.

    python -m loadtest.comparison.handshakes PORT --host localhost --seconds 3

Operations are whole connections: handshake, one request, its answer, close. It prints one JSON object. The sockets are
polled here, without an event loop: a handshake costs a client as much as a server, and what comes on top makes the
client the slow part.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import ssl
import time

from loadtest.comparison.answer_reader import AnswerReader

CONNECTIONS = 32
_READ_BYTES = 65_536
_POLL_SECONDS = 0.1


class Handshake:
    """One connection. Its client context makes a new session for each, since none is ever handed over."""

    def __init__(self, port: int, context: ssl.SSLContext, host: str) -> None:
        # On loopback a connection is there when this returns, so it need not be waited for.
        plain = socket.create_connection(("127.0.0.1", port))
        self.socket = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        self.socket.setblocking(False)
        self._request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii")
        self._answer = AnswerReader()
        self._sent = False

    def advance(self) -> bool | None:
        """Go as far as it goes. Return None before the end, then whether everything was as wanted."""
        try:
            if not self._sent:
                self.socket.do_handshake()
                if self.socket.session_reused:
                    return False
                self.socket.send(self._request)
                self._sent = True
            while data := self.socket.recv(_READ_BYTES):
                right = self._answer.take(data)
                if right is not None:
                    return right
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            return False
        return False


def run(port: int, *, host: str, seconds: float) -> dict[str, float]:
    """Return ``operations``, ``seconds`` and ``wrong``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Whether the certificate is trusted is not what is timed; its signature is checked all the same.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    poll = select.epoll()
    connections: dict[int, Handshake] = {}

    def start() -> None:
        connection = Handshake(port, context, host)
        connection.advance()
        connections[connection.socket.fileno()] = connection
        poll.register(connection.socket, select.EPOLLIN)

    operations = wrong = 0
    begin = time.perf_counter()
    for _ in range(CONNECTIONS):
        start()
    while time.perf_counter() - begin < seconds:
        for descriptor, _ in poll.poll(_POLL_SECONDS):
            connection = connections[descriptor]
            right = connection.advance()
            if right is None:
                continue
            operations += right
            wrong += not right
            del connections[descriptor]
            connection.socket.close()
            start()
    taken = time.perf_counter() - begin
    for connection in connections.values():
        connection.socket.close()
    poll.close()
    return {"operations": operations, "seconds": taken, "wrong": wrong}


def main() -> None:
    options = argparse.ArgumentParser(description="Make TLS connections, one request on each.")
    options.add_argument("port", type=int)
    options.add_argument("--host", required=True, help="server name to ask for")
    options.add_argument("--seconds", type=float, default=3.0, help="how long (default 3)")
    given = options.parse_args()
    print(json.dumps(run(given.port, host=given.host, seconds=given.seconds)))


if __name__ == "__main__":
    main()

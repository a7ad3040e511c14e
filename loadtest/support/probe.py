"""Asks through the proxy until another pod answers."""

from __future__ import annotations

import re
import socket
import time

from loadtest.support.fixed_backend import BODY, HEAD_END
from loadtest.support.manifests import host

_POD = re.compile(rb"\r\nX-Pod: (\d+)\r\n")
_PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.001
_READ_BYTES = 4096


class Probe:
    """One keep-alive connection for the requests of one application; as cheap as can be, for what shares its core."""

    def __init__(self, port: int, number: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS)
        self._request = f"GET / HTTP/1.1\r\nHost: {host(number)}\r\n\r\n".encode("ascii")

    def close(self) -> None:
        self._socket.close()

    def wait_for(self, pod: int) -> float:
        """Return the monotonic time at the end of the first answer of that pod. Raises RuntimeError."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.ask() != pod:
            if time.monotonic() > deadline:
                raise RuntimeError(f"after {_PATIENCE_SECONDS:g} s, requests do not reach the pod on port {pod}")
            time.sleep(_POLL_SECONDS)
        return time.monotonic()

    def ask(self) -> int:
        """Return the port of the pod that answers."""
        self._socket.sendall(self._request)
        answer = b""
        while not answer.endswith(BODY):
            piece = self._socket.recv(_READ_BYTES)
            if not piece:
                raise RuntimeError(f"the connection ended after {answer!r}")
            answer += piece
        pod = _POD.search(answer.partition(HEAD_END)[0] + b"\r\n")
        if pod is None:
            raise RuntimeError(f"no pod answered: {answer!r}")
        return int(pod[1])

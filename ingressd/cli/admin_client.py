"""Requests to the admin port of a running ingressd."""

from __future__ import annotations

import http.client
import ssl
from types import TracebackType
from typing import NamedTuple, NoReturn

from ingressd.cli.admin_url import AdminUrl
from ingressd.cli.exit_code import CommandError
from ingressd.settings import DEFAULT_ADMIN_PORT
from ingressd.telemetry.request_line import printable

TIMEOUT_SECONDS = 5.0
"""How long connecting may take, and the longest pause in an answer."""
MAX_ANSWER_BYTES = 64 * 2**20
"""Beyond the routes of the largest clusters: some 100,000 of them."""
FORWARD_FIRST = (
    "Is ingressd running there? To reach one in a cluster, forward its admin port first: "
    f"kubectl -n NAMESPACE port-forward deploy/ingressd {DEFAULT_ADMIN_PORT}"
)


class Answer(NamedTuple):
    """``redirect`` is the ``Location`` of the answer, ``reason`` its ``X-Ingressd-Reason``; empty without one."""

    status: int
    phrase: str
    redirect: str
    reason: str
    body: bytes


class AdminClient:
    """One connection, for GET requests one after another: all are answered by one replica, even behind a balancer.

    It goes straight to the host of the URL, whatever ``HTTP_PROXY`` says, because an admin port is on this machine or
    inside a cluster, where no proxy leads. It follows no redirects. Everything that fails is a CommandError.
    """

    def __init__(
        self,
        url: AdminUrl,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self.url = url
        self._timeout_seconds = timeout_seconds
        self._max_answer_bytes = max_answer_bytes
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(url.host, url.port, timeout=timeout_seconds)

    def __enter__(self) -> AdminClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str) -> Answer:
        """Return the answer to ``path``, which may have a query."""
        try:
            self._connection.request("GET", path, headers={"Accept": "application/json"})
            with self._connection.getresponse() as response:
                return self._read(response)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            self._failed(error)

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        body = response.read(self._max_answer_bytes + 1)
        if len(body) > self._max_answer_bytes:
            raise CommandError(f"{self.url} answers with more than {self._max_answer_bytes:,} bytes. Is it ingressd?")
        if response.length:
            raise http.client.IncompleteRead(body, response.length)
        return Answer(
            response.status,
            response.reason,
            response.getheader("Location", ""),
            response.getheader("X-Ingressd-Reason", ""),
            body,
        )

    def _failed(self, error: OSError | http.client.HTTPException | UnicodeError) -> NoReturn:
        """End the command with what failed and what to do about it."""
        match error:
            case TimeoutError():
                said = f"did not answer within {self._timeout_seconds:g} seconds. {FORWARD_FIRST}"
            case ssl.SSLCertVerificationError():
                said = f"has a certificate that is not trusted here: {error.verify_message}. Trust its authority first."
            case ssl.SSLError():
                said = f"cannot be asked over TLS: {error.reason}. The admin port itself has none: write http://."
            case http.client.IncompleteRead():
                said = "closed the connection in the middle of an answer. Try again."
            case OSError():
                # RemoteDisconnected, too, which is what a forwarded port gives when nothing listens behind it.
                said = f"cannot be reached: {error.strerror or error}. {FORWARD_FIRST}"
            case UnicodeError():
                said = "cannot be reached: that is no name of a host."
            case _:
                said = "does not speak HTTP. Give the admin port of ingressd."
        raise CommandError(f"{self.url} {printable(said)}") from error

"""Whom a connection to an endpoint tells what comes on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from ingressd.proxy.failures import Failure
from ingressd.proxy.fields import Field
from ingressd.proxy.response_head import ResponseHead

if TYPE_CHECKING:
    from ingressd.proxy.upstreams.connection import UpstreamConnection


class AnswerReceiver(ABC):
    """What a connection tells the exchange that it carries. All calls come from the event loop.

    A class and no ``Protocol``: compiled, its methods are then called without being looked up.
    """

    __slots__ = ()

    @abstractmethod
    def informational_received(self, head: ResponseHead) -> None:
        """An answer 1xx other than 100 and 101."""

    @abstractmethod
    def head_received(self, head: ResponseHead, data: bytes, *, complete: bool) -> None:
        """``data`` is what came of the body with the head, unless ``head.whole``. ``complete``: that is all of it, and
        nothing else follows; the connection has ended its part and may carry the next exchange."""

    @abstractmethod
    def data_received(self, data: bytes) -> None: ...

    @abstractmethod
    def view_received(self, data: memoryview) -> None:
        """As ``data_received``; the bytes are gone after the call."""

    @abstractmethod
    def room(self) -> int:
        """How many bytes the kernel takes for the client at once, as far as that is known; 0 when it is not."""

    @abstractmethod
    def answer_finished(self, trailers: list[Field]) -> None: ...

    @abstractmethod
    def upgraded(self, head: ResponseHead, early_data: bytes) -> None:
        """The endpoint switched protocols; ``early_data`` came right behind its head. The receiver attaches the
        other end (``enter_tunnel``) or closes the connection before it returns."""

    @abstractmethod
    def answer_failed(self, failure: Failure, *, any_byte_received: bool) -> None: ...

    @abstractmethod
    def sending_paused(self) -> None:
        """The endpoint does not take what was sent as fast as it is given."""

    @abstractmethod
    def sending_resumed(self) -> None: ...

    @abstractmethod
    def check(self, now: float) -> None:
        """Give up if the endpoint has been silent for too long. Called about twice a second."""


class ByteReceiver(Protocol):
    """The other end of a tunnel."""

    def write(self, data: bytes) -> None: ...

    def write_eof(self) -> None: ...

    def abort(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class ConnectionOwner(Protocol):
    read_buffer: memoryview
    """Of ``MOST_READ_BYTES``, for all connections: whoever reads is done with it before the next one does."""

    def closed(self, connection: UpstreamConnection) -> None:
        """It carries nothing more. May be called more than once."""

"""Who answers the requests of a client's connection, and what the connection tells them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from ingressd.proxy.failures import Failure
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.request_sketch import RequestSketch

if TYPE_CHECKING:
    from ingressd.proxy.client_connection import ClientConnection


class Answering(Protocol):
    """Whoever answers the current request. It also gets the request's body."""

    def body_received(self, data: bytes, *, complete: bool) -> None: ...

    def body_failed(self, failure: Failure) -> None: ...

    def client_paused(self) -> None:
        """The client takes no more bytes for now."""

    def client_resumed(self) -> None: ...

    def client_half_closed(self) -> None: ...

    def give_up(self) -> None:
        """Nobody will take the rest of the answer: the client is gone, or ingressd ends."""


class Lane(ABC):
    """A way to answer requests. It calls ``answer_with`` first, and ``end_answer`` or ``abort`` last."""

    __slots__ = ()

    @abstractmethod
    def answer(self, connection: ClientConnection, head: RequestHead) -> None: ...

    @abstractmethod
    def refuse(self, connection: ClientConnection, failure: Failure, sketch: RequestSketch) -> None:
        """Answer a request that has no valid head, and close."""


class Attachment(Protocol):
    """What a lane keeps for as long as the connection lasts."""

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def connection_lost(self, exc: BaseException | None) -> None: ...

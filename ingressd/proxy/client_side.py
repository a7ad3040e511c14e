"""What an exchange sees of the client."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ingressd.proxy.failures import Failure
from ingressd.proxy.response_head import ResponseHead

if TYPE_CHECKING:
    from ingressd.proxy.upstreams.connection import UpstreamConnection


class ClientSide(ABC):
    """What an exchange sees of the client. The first call is one of ``begin_answer``, ``fail`` and ``tunnel``.

    A class and no ``Protocol``: compiled, its methods are then called without being looked up.
    """

    __slots__ = ()

    @abstractmethod
    def send_informational(self, head: ResponseHead) -> None: ...

    @abstractmethod
    def begin_answer(self, head: ResponseHead, data: bytes, *, complete: bool) -> None:
        """``data`` is what came of the body with the head, unless ``head.whole``. ``complete``: that is all, and
        ``finish`` is not called."""

    @abstractmethod
    def send_data(self, data: bytes) -> None: ...

    @abstractmethod
    def send_view(self, data: memoryview) -> None:
        """As ``send_data``; the bytes are gone after the call."""

    @abstractmethod
    def finish(self, trailer_lines: bytes = b"") -> None:
        """The answer is whole; ``trailer_lines`` are the fields that go behind its body."""

    @abstractmethod
    def fail(self, failure: Failure) -> None:
        """Answer with the failure; once the answer has begun, end it so that it cannot be taken for whole."""

    @abstractmethod
    def tunnel(self, head: ResponseHead, upstream: UpstreamConnection, early_data: bytes) -> None: ...

    @abstractmethod
    def pause_body(self) -> None:
        """Give no more of the request's body for now."""

    @abstractmethod
    def resume_body(self) -> None: ...

    @abstractmethod
    def unsent_bytes(self) -> int:
        """How much of the answer has been written and not been taken."""

    @abstractmethod
    def room(self) -> int:
        """How much more of it the kernel takes at once, as far as that is known; 0 when it is not."""

"""What an exchange sees of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ingressd.proxy.failures import Failure
from ingressd.proxy.response_head import ResponseHead

if TYPE_CHECKING:
    from ingressd.proxy.upstreams.connection import UpstreamConnection


class ClientSide(Protocol):
    """What an exchange sees of the client. The first call is one of ``begin_answer``, ``fail`` and ``tunnel``."""

    def send_informational(self, head: ResponseHead) -> None: ...

    def begin_answer(self, head: ResponseHead, data: bytes, *, complete: bool) -> None:
        """``data`` is what came of the body with the head. ``complete``: that is all, and ``finish`` is not called."""

    def send_data(self, data: bytes) -> None: ...

    def send_view(self, data: memoryview) -> None:
        """As ``send_data``; the bytes are gone after the call."""

    def finish(self, trailer_lines: bytes = b"") -> None:
        """The answer is whole; ``trailer_lines`` are the fields that go behind its body."""

    def fail(self, failure: Failure) -> None:
        """Answer with the failure; once the answer has begun, end it so that it cannot be taken for whole."""

    def tunnel(self, head: ResponseHead, upstream: UpstreamConnection, early_data: bytes) -> None: ...

    def pause_body(self) -> None:
        """Give no more of the request's body for now."""

    def resume_body(self) -> None: ...

    def unsent_bytes(self) -> int:
        """How much of the answer has been written and not been taken."""

    def room(self) -> int:
        """How much more of it the kernel takes at once, as far as that is known; 0 when it is not."""

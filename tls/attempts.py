"""Calls that mostly end with an exception that is none: OpenSSL or a coroutine has gone as far as it can.

They are not compiled. A compiled function that meets an exception makes a traceback entry for it, with a code object of
its own, which is dearer than the interpreter's.
"""

from __future__ import annotations

import ssl
from collections.abc import Coroutine
from typing import Any


def shake_hands(tls: ssl.SSLObject) -> bool:
    """Go on with the handshake; return whether it is over. Raises ``ssl.SSLError`` if it has failed."""
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def write_close_notify(tls: ssl.SSLObject) -> bool:
    """Write ``close_notify``; return whether the other side may still be heard. Its own need not have come."""
    try:
        tls.unwrap()
    except ssl.SSLWantReadError:
        return True
    except ssl.SSLError:
        return False
    return True


def resume(coroutine: Coroutine[Any, Any, object]) -> None:
    """Let ``coroutine`` go on, for whose end nobody waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return

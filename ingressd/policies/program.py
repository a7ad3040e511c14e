"""Python code in front of a route, or in the place of its upstream."""

from __future__ import annotations

import msgspec


class Program(msgspec.Struct, frozen=True, gc=False):
    """Names that the operator bound to code when ingressd was started; the code itself is never in the table.

    A request passes ``middleware`` from the first to the last. With a ``handler`` it is answered by that, and no
    upstream is asked.
    """

    middleware: tuple[str, ...] = ()
    handler: str = ""

"""Whether the data plane runs compiled."""

from __future__ import annotations

from typing import Final

COMPILED: Final = not __file__.endswith(".py")
"""Where the two want different ways to the same result: compiled, a walk over bytes takes about a nanosecond for each;
interpreted, it would take a hundred, and a regular expression is faster."""

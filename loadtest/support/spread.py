"""Several measurements of the same thing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """In the unit of what was measured."""

    smallest: float
    median: float
    p99: float
    largest: float


def spread(values: Sequence[float]) -> Spread:
    """Return where ``values`` lie. ``p99`` is a value that occurred: the smallest with 99 % at or below it.

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return Spread(ordered[0], statistics.median(ordered), ordered[math.ceil(len(ordered) * 0.99) - 1], ordered[-1])

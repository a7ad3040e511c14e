"""The three ways in which the bytes of a message come: whole, one at a time, and split at random places.

How they are split must never change what they mean.
"""

from __future__ import annotations

import random

import pytest

DELIVERIES = ("whole", "bytes", "split")
LONGEST_BY_THE_BYTE = 2000
RANDOM_CUTS = 5

each_delivery = pytest.mark.parametrize("delivery", DELIVERIES)


def pieces_of(message: bytes, delivery: str) -> list[bytes]:
    """Cut ``message``; the same message is always cut alike. A long one is split where it would come by the byte."""
    if delivery == "whole":
        return [message]
    if delivery == "bytes" and len(message) <= LONGEST_BY_THE_BYTE:
        return [message[index : index + 1] for index in range(len(message))]
    cuts = sorted(random.Random(message).sample(range(1, len(message)), min(RANDOM_CUTS, len(message) - 1)))
    return [message[start:end] for start, end in zip([0, *cuts], [*cuts, len(message)], strict=True)]

"""What an unquoted YAML scalar means to Kubernetes.

kubectl reads YAML with ``sigs.k8s.io/yaml``, whose resolver is that of go-yaml v2: YAML 1.1 with a few things left
out. ``yes`` and ``on`` are booleans and ``017`` is octal, but ``22:22`` is text (no base 60) and so are dates.
The value then passes through JSON, where ``80.0`` and ``80`` are the same number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

Scalar = str | int | float | bool | None

WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}

_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INTEGER = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NUMBER_STARTS = frozenset("+-.0123456789")

_BASES: Mapping[str, int] = {"x": 16, "b": 2, "o": 8}
_UINT64_MAX = 2**64 - 1
# Where Go's JSON encoder starts to write a float with an exponent.
_EXPONENT_FROM = 1e21


def resolve(text: str) -> Scalar:
    """The value of a plain scalar. Raises ValueError, with a sentence for the user, for what JSON cannot hold."""
    if text in WORDS:
        return WORDS[text]
    return _number(text) if text[0] in _NUMBER_STARTS else text


def _number(text: str) -> Scalar:
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that JSON can hold")
    digits = text.replace("_", "")
    integer = _INTEGER.fullmatch(digits)
    if integer is not None:
        sign, magnitude = integer.groups()
        # 2**64 has 64 binary digits: whatever is longer is a float, or nothing.
        if len(magnitude) <= 66:
            value = _integer(magnitude)
            if value <= _UINT64_MAX:
                return -value if sign == "-" else value
    if _FLOAT.fullmatch(digits) is None:
        return text
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("the number is too large")
    return int(number) if number.is_integer() and abs(number) < _EXPONENT_FROM else number


def _integer(magnitude: str) -> int:
    if len(magnitude) == 1 or magnitude[0] != "0":
        return int(magnitude)
    base = _BASES.get(magnitude[1].lower())
    return int(magnitude, 8) if base is None else int(magnitude[2:], base)

"""One measured number, and the limit that it is held to."""

from __future__ import annotations

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``at_most`` and ``at_least`` are in the figure's own ``unit``; with neither, it is told and not judged."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool:
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    @property
    def judged(self) -> bool:
        return self.at_most is not None or self.at_least is not None

    @property
    def target(self) -> str:
        """The limit in words, empty without one."""
        limits = []
        if self.at_most is not None:
            limits.append(f"at most {format_number(self.at_most)}")
        if self.at_least is not None:
            limits.append(f"at least {format_number(self.at_least)}")
        return " and ".join(limits)

    @property
    def verdict(self) -> str:
        if not self.judged:
            return ""
        return "met" if self.met else "MISSED"


def format_number(value: float) -> str:
    """Three figures for what is small, whole numbers for what is large."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"

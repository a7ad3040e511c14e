"""The colours of the command line, by what they mean."""

from __future__ import annotations

import msgspec

_RESET = "\x1b[0m"


class Palette(msgspec.Struct, frozen=True):
    """Each method returns its text painted, or as it is when there are no colours."""

    enabled: bool = False

    def good(self, text: str) -> str:
        return self._painted("32", text)

    def error(self, text: str) -> str:
        return self._painted("31;1", text)

    def warning(self, text: str) -> str:
        return self._painted("33", text)

    def heading(self, text: str) -> str:
        return self._painted("1", text)

    def faint(self, text: str) -> str:
        return self._painted("2", text)

    def _painted(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.enabled and text else text


PLAIN = Palette()

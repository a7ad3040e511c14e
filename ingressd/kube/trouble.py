"""Something that does not work at the moment, told once when it begins and once when it is over."""

from __future__ import annotations

import logging


class Trouble:
    """``sentence`` says what is wrong, for people who ask; it is empty while all is well. ``over`` is logged then."""

    def __init__(self, log: logging.Logger, *, over: str) -> None:
        self.sentence = ""
        self._log = log
        self._over = over

    def begin(self, sentence: str) -> None:
        """It does not work because of ``sentence``, perhaps for another reason than before."""
        if not self.sentence:
            self._log.warning("%s", sentence)
        self.sentence = sentence

    def end(self) -> None:
        if self.sentence:
            self._log.info("%s", self._over)
        self.sentence = ""

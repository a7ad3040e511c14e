"""Which problems there are, by who found them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from ingressd.resources.problem import Problem

_Finder = TypeVar("_Finder", bound=Hashable)


class ProblemRegister(Generic[_Finder]):
    """What each finder (a file, a unit of translation) has found wrong; what it finds replaces what it found.

    ``version`` grows with every difference: whoever has seen it need not go through ten thousand problems again.
    """

    def __init__(self) -> None:
        self.version = 0
        self._found: dict[_Finder, tuple[Problem, ...]] = {}

    def put(self, finder: _Finder, problems: tuple[Problem, ...]) -> None:
        """Set all that ``finder`` finds now; nothing, for one that found everything to be well or is gone."""
        if problems == self._found.get(finder, ()):
            return
        self.version += 1
        if problems:
            self._found[finder] = problems
        else:
            del self._found[finder]

    def all(self) -> Iterator[Problem]:
        """Every problem, in no particular order."""
        for problems in self._found.values():
            yield from problems

"""Whether the modules that are compiled for speed run compiled, or from their sources (``INGRESSD_PURE=1``).

``[tool.ingressd] compiled`` in pyproject.toml lists these modules, and setup.py compiles them. Their sources lie beside
them, and do the same.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import find_spec
from types import ModuleType

PURE_VARIABLE = "INGRESSD_PURE"
LIBRARY = "ingressd.data_plane__mypyc"
"""The compiled code of all modules: the name that setup.py gives, and mypyc's suffix."""


class SourceFinder:
    """A finder for ``sys.meta_path`` that sees the sources of one package, and no extension module in it."""

    def __init__(self, package: str) -> None:
        self._prefix = f"{package}."

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None or not fullname.startswith(self._prefix):
            return None
        for folder in path:
            spec = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(fullname)
            if spec is not None and spec.loader is not None:
                return spec
        return None


def prefer_sources(environment: Mapping[str, str]) -> None:
    """Import the modules of ingressd from their sources from now on, if the environment asks for it."""
    if environment.get(PURE_VARIABLE, "") not in {"", "0"}:
        sys.meta_path.insert(0, SourceFinder("ingressd"))


def runs_compiled() -> bool:
    """Whether the listed modules are compiled here, and this process uses that."""
    if any(isinstance(finder, SourceFinder) for finder in sys.meta_path):
        return False
    return find_spec(LIBRARY) is not None


def describe() -> str:
    return "compiled" if runs_compiled() else "pure Python"

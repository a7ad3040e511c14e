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
PACKAGES = ("ingressd", "tls")
LIBRARY = "ingressd.data_plane__mypyc"
"""The compiled code of all modules: the name that setup.py gives, and mypyc's suffix."""


class SourceFinder:
    """A finder for ``sys.meta_path`` that sees the sources of some packages, and no extension module in them."""

    def __init__(self, *packages: str) -> None:
        self._prefixes = tuple(f"{package}." for package in packages)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None or not fullname.startswith(self._prefixes):
            return None
        for folder in path:
            spec = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(fullname)
            if spec is not None and spec.loader is not None:
                return spec
        return None


def prefer_sources(environment: Mapping[str, str]) -> None:
    """Import our modules from their sources from now on, if the environment asks for it."""
    if environment.get(PURE_VARIABLE, "") not in {"", "0"}:
        sys.meta_path.insert(0, SourceFinder(*PACKAGES))


def runs_compiled() -> bool:
    """Whether the listed modules are compiled here, and this process uses that."""
    if any(isinstance(finder, SourceFinder) for finder in sys.meta_path):
        return False
    return find_spec(LIBRARY) is not None


def describe() -> str:
    return "compiled" if runs_compiled() else "pure Python"

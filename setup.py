"""Compiles the modules that ``[tool.ingressd] compiled`` in pyproject.toml lists, with mypyc. The rest is said there.

``INGRESSD_COMPILE=0`` builds pure Python, ``INGRESSD_COMPILE=1`` fails where nothing can be compiled. Unset, the build
says why it does not compile and goes on: the program is the same, only slower.
"""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError

SETTING = "INGRESSD_COMPILE"
# Not for editable installs, where sources are edited: `make compile` is for a checkout. A source distribution has no C.
COMPILING_COMMANDS = frozenset({"bdist_wheel", "build", "build_ext"})
# All compiled modules are in one library, which is named and lies inside the package.
LIBRARY = "ingressd.data_plane"
C_FOLDER = "build/c"

NEEDS_PYTHON_H = "#include <Python.h>\nint main(void) { return PY_MAJOR_VERSION == 0; }\n"
WHAT_FAILS_WITHOUT_A_COMPILER = (CCompilerError, ExecError, PlatformError, OSError)


class CannotCompileError(Exception):
    """What compiling needs is not here. The text is a clause that says what."""


class BuildLibrary(build_ext):
    """What the compiler does not take, on a machine that has one, is said with the way around it."""

    def run(self) -> None:
        try:
            super().run()
        except WHAT_FAILS_WITHOUT_A_COMPILER as error:
            sys.exit(f"ingressd's C does not compile here: {error}. {SETTING}=0 builds it as pure Python.")


def extensions(commands: frozenset[str], environment: Mapping[str, str]) -> list[Extension]:
    """Return what has to be compiled for these commands of setuptools."""
    setting = environment.get(SETTING, "")
    if setting not in {"", "0", "1"}:
        sys.exit(f"{SETTING} is {setting!r}. Set it to 1 to insist on compiling, to 0 for pure Python, or to nothing.")
    if setting == "0" or commands.isdisjoint(COMPILING_COMMANDS):
        return []
    try:
        require_cpython()
        require_mypyc()
        require_compiler()
        return generate_c()
    except CannotCompileError as error:
        if setting == "1":
            sys.exit(f"ingressd cannot be compiled here: {error}. {SETTING}=0 builds it as pure Python.")
        print(f"WARNING: ingressd is built as pure Python, which is slower: {error}. {SETTING}=1 makes this an error.")
        return []


def require_cpython() -> None:
    implementation = platform.python_implementation()
    if implementation != "CPython":
        raise CannotCompileError(f"this Python is {implementation}, and mypyc compiles for CPython")


def require_mypyc() -> None:
    try:
        import mypyc.build  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise CannotCompileError(f"mypy is not installed ({error})") from error


def require_compiler() -> None:
    """Compile a line of C that needs Python's headers: a failure later would leave half a build."""
    from distutils import ccompiler
    from distutils import sysconfig as compiler_settings

    compiler = ccompiler.new_compiler()
    compiler_settings.customize_compiler(compiler)
    paths = sysconfig.get_paths()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "needs_python_h.c")
        source.write_text(NEEDS_PYTHON_H, encoding="utf-8")
        try:
            compiler.compile(
                [str(source)], output_dir=folder, include_dirs=sorted({paths["include"], paths["platinclude"]})
            )
        except WHAT_FAILS_WITHOUT_A_COMPILER as error:
            raise CannotCompileError(
                f"no C compiler with the headers of Python works ({error}); Debian has them in gcc and python3-dev"
            ) from error


def generate_c() -> list[Extension]:
    """Have mypyc check the listed modules and write their C."""
    from mypyc.build import mypycify

    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    listed: list[str] = project["tool"]["ingressd"]["compiled"]
    try:
        return list(mypycify(listed, target_dir=C_FOLDER, group_name=LIBRARY))
    except SystemExit as error:
        raise CannotCompileError("mypyc refuses the sources, for what it says above") from error


setup(cmdclass={"build_ext": BuildLibrary}, ext_modules=extensions(frozenset(sys.argv), os.environ))

"""How ingressd was called, for command lines that can be pasted."""

from __future__ import annotations

import os
import shlex
import shutil


def program_text(argument: str, path: str) -> str:
    """Return what to type to run ingressd again. ``argument`` is ``sys.argv[0]``, ``path`` the ``PATH``.

    A virtual environment's script is seldom on the ``PATH``: it is shown as it was called.
    """
    name = os.path.basename(argument)
    if name == "__main__.py":
        return "python -m ingressd"
    if os.path.dirname(argument) in path.split(os.pathsep):
        return name
    return _place(argument)


def interpreter_text(executable: str, path: str) -> str:
    """Return what to type to run this Python. ``executable`` is ``sys.executable``, ``path`` the ``PATH``.

    Links are not followed: what makes a virtual environment's Python another one is the place of its link.
    """
    for name in ("python", "python3"):
        found = shutil.which(name, path=path)
        if found is not None and _is_same(found, executable):
            return name
    return _place(executable) if executable else "python"


def _is_same(found: str, executable: str) -> bool:
    in_same_folder = os.path.dirname(os.path.abspath(found)) == os.path.dirname(os.path.abspath(executable))
    return in_same_folder and os.path.realpath(found) == os.path.realpath(executable)


def _place(program: str) -> str:
    relative = os.path.relpath(program)
    return shlex.quote(program if relative.startswith("..") else os.path.join(".", relative))

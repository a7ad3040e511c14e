"""How ingressd was called, for command lines that can be pasted."""

from __future__ import annotations

import os
import shlex


def program_text(argument: str, path: str) -> str:
    """Return what to type to run ingressd again. ``argument`` is ``sys.argv[0]``, ``path`` the ``PATH``.

    A virtual environment's script is seldom on the ``PATH``: it is shown as it was called.
    """
    name = os.path.basename(argument)
    if name == "__main__.py":
        return "python -m ingressd"
    if os.path.dirname(argument) in path.split(os.pathsep):
        return name
    relative = os.path.relpath(argument)
    return shlex.quote(argument if relative.startswith("..") else os.path.join(".", relative))

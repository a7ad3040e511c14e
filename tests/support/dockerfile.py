"""A Dockerfile as its instructions, and what a .dockerignore leaves of a folder. There is no engine in a test run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import msgspec


class Instruction(msgspec.Struct, frozen=True):
    """One instruction with its continued lines joined. ``words`` are split as a shell does."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def array(self) -> list[str]:
        """The JSON form: what is run without a shell."""
        return msgspec.json.decode(self.text, type=list[str])

    @property
    def variables(self) -> dict[str, str]:
        """For ENV and LABEL."""
        return dict(word.split("=", 1) for word in self.words)


class Stage(msgspec.Struct, frozen=True):
    """``name`` is empty for a stage without one."""

    image: str
    name: str
    instructions: tuple[Instruction, ...]

    def each(self, name: str) -> list[Instruction]:
        return [found for found in self.instructions if found.name == name]

    def one(self, name: str) -> Instruction:
        (found,) = self.each(name)
        return found


def stages(text: str) -> tuple[Stage, ...]:
    found: list[Stage] = []
    for instruction in _instructions(text):
        if instruction.name == "FROM":
            image, _, name = re.split(r"( AS |$)", instruction.text, maxsplit=1)
            found.append(Stage(image, name, ()))
        else:
            last = found.pop()
            found.append(Stage(last.image, last.name, (*last.instructions, instruction)))
    return tuple(found)


def is_ignored(path: str, patterns: str) -> bool:
    """Whether ``path`` is kept from the build: the last pattern that fits it, or a folder above it, decides."""
    ignored = False
    for line in patterns.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        kept = pattern.startswith("!")
        if any(_fits(place, pattern.removeprefix("!")) for place in _with_parents(path)):
            ignored = not kept
    return ignored


def files_for_the_build(root: Path, place: str, patterns: str) -> list[str]:
    """Return the files that ``COPY place`` finds."""
    paths = [root / place] if (root / place).is_file() else sorted((root / place).rglob("*"))
    names = (path.relative_to(root).as_posix() for path in paths if path.is_file())
    return [name for name in names if not is_ignored(name, patterns)]


def _instructions(text: str) -> Iterator[Instruction]:
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    joined = "\n".join(lines).replace("\\\n", " ")
    for line in joined.splitlines():
        name, _, rest = line.partition(" ")
        yield Instruction(name, rest.strip())


def _with_parents(path: str) -> list[str]:
    pure = PurePosixPath(path)
    return [pure.as_posix(), *(parent.as_posix() for parent in pure.parents if parent != PurePosixPath("."))]


def _fits(path: str, pattern: str) -> bool:
    """As Go's filepath.Match does, with ``**/`` for any number of folders."""
    if pattern.startswith("**/"):
        return fnmatch(PurePosixPath(path).name, pattern.removeprefix("**/"))
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch, parts, wanted))

from __future__ import annotations

import pytest

from tests.support.dockerfile import is_ignored, stages

PATTERNS = "# all but the program\n*\n!app\n!requirements/a.txt\n**/*.py[co]\n**/__pycache__\n"


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("README.md", True),
        ("app/main.py", False),
        ("app/deep/main.py", False),
        ("app/deep/main.pyc", True),
        ("app/deep/__pycache__/x", True),
        ("application/main.py", True),
        ("requirements/a.txt", False),
        ("requirements/b.txt", True),
        ("tests/app/main.py", True),
    ],
)
def test_the_last_pattern_decides(path: str, ignored: bool) -> None:
    assert is_ignored(path, PATTERNS) is ignored


def test_stages_and_continued_lines() -> None:
    text = '# comment\nFROM a:1 AS build\nRUN one \\\n  # inside\n  && two\nFROM b\nENV A=1 B="2 3"\nCMD ["x", "y"]\n'
    build, last = stages(text)
    assert (build.image, build.name, last.image, last.name) == ("a:1", "build", "b", "")
    assert build.one("RUN").words == ["one", "&&", "two"]
    assert last.one("ENV").variables == {"A": "1", "B": "2 3"}
    assert last.one("CMD").array == ["x", "y"]

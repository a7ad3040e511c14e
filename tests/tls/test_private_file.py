from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tls.private_file import memory_file, private_file, temporary_file

WAYS = [temporary_file, *([memory_file] if sys.platform == "linux" else [])]


@pytest.mark.parametrize("way", WAYS)
def test_the_path_gives_the_bytes_and_then_nothing(way: Callable[[bytes], AbstractContextManager[str]]) -> None:
    content = os.urandom(100_000)
    with way(content) as path:
        assert Path(path).read_bytes() == content
        assert Path(path).read_bytes() == content
    assert not os.path.exists(path)


def test_a_temporary_file_is_for_this_user_only_and_goes_after_an_error() -> None:
    paths: list[str] = []

    def fail_inside() -> None:
        with temporary_file(b"key") as path:
            paths.append(path)
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_inside()
    assert [os.path.exists(path) for path in paths] == [False]


def test_linux_needs_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    if sys.platform == "linux":
        with private_file(b"key") as path:
            assert "memfd:" in os.readlink(path)
    else:
        with pytest.raises(FileNotFoundError), private_file(b"key"):
            raise AssertionError("there is nowhere to write")

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tls.certificates import certify, key_text, new_key
from tls import authority_files
from tls.authority_files import AuthorityError, AuthorityErrorCode, default_directory, load, write_new

KEY = new_key()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    place = tmp_path / "data" / "ca"
    assert authority_files.write_key(place, key_text(KEY))
    assert authority_files.write_certificate(place, certify(KEY))
    return place


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A file where a directory is expected: root, who runs tests in containers, heeds no mode bits."""
    place = tmp_path / "locked"
    place.write_text("not a directory")
    return place


def refusal(directory: Path) -> AuthorityError:
    with pytest.raises(AuthorityError) as caught:
        load(directory)
    assert str(caught.value).startswith(f"{caught.value.path}: ")
    return caught.value


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("environment", "directory"),
    [
        ({"HOME": "/home/a"}, "/home/a/.local/share/ingressd/ca"),
        ({"HOME": "/home/a", "XDG_DATA_HOME": "/data"}, "/data/ingressd/ca"),
        ({"HOME": "/home/a", "XDG_DATA_HOME": "data"}, "/home/a/.local/share/ingressd/ca"),
        ({"XDG_DATA_HOME": "/data"}, "/data/ingressd/ca"),
    ],
)
def test_the_default_directory_follows_the_specification(environment: dict[str, str], directory: str) -> None:
    assert default_directory(environment) == Path(directory)


@pytest.mark.parametrize("environment", [{}, {"HOME": ""}, {"HOME": "relative", "XDG_DATA_HOME": ""}])
def test_without_a_home_there_is_no_default(environment: dict[str, str]) -> None:
    with pytest.raises(AuthorityError, match="set HOME or XDG_DATA_HOME") as caught:
        default_directory(environment)
    assert caught.value.code is AuthorityErrorCode.NO_HOME


def test_only_this_user_reads_the_key(directory: Path) -> None:
    assert mode(directory) == 0o700
    assert mode(directory / "ca.key") == 0o600
    assert sorted(path.name for path in directory.iterdir()) == ["ca.crt", "ca.key"]


def test_what_was_written_is_loaded(directory: Path) -> None:
    pair = load(directory)
    assert pair is not None
    assert pair.private_key == key_text(KEY)


def test_nothing_is_no_error(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    assert load(tmp_path / "nowhere") is None


def test_the_first_writer_wins(directory: Path) -> None:
    before = load(directory)
    other = new_key()
    assert not authority_files.write_key(directory, key_text(other))
    assert not authority_files.write_certificate(directory, certify(other))
    assert load(directory) == before


def test_a_file_is_created_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    assert write_new(tmp_path / "a", b"one", 0o600)
    assert not write_new(tmp_path / "a", b"two", 0o600)
    assert (tmp_path / "a").read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_place_that_cannot_be_written_is_named(locked: Path) -> None:
    actions: list[Callable[[], bool]] = [
        lambda: authority_files.write_key(locked, b"key"),
        lambda: authority_files.write_key(locked / "ca", b"key"),
        lambda: write_new(locked / "tls.crt", b"certificate", 0o600),
    ]
    for action in actions:
        with pytest.raises(AuthorityError, match="cannot be changed") as caught:
            action()
        assert caught.value.code is AuthorityErrorCode.NOT_WRITABLE


def test_a_key_that_others_can_read_is_refused(directory: Path) -> None:
    (directory / "ca.key").chmod(0o640)
    error = refusal(directory)
    assert (error.code, error.path.name) == (AuthorityErrorCode.EXPOSED, "ca.key")
    assert "chmod 600" in str(error)


def test_a_missing_key_is_named(directory: Path) -> None:
    (directory / "ca.key").unlink()
    error = refusal(directory)
    assert (error.code, error.path.name) == (AuthorityErrorCode.INCOMPLETE, "ca.key")
    assert "python -m tls remove" in str(error)


@pytest.mark.parametrize(
    ("name", "content"),
    [("ca.crt", b"garbage"), ("ca.crt", b""), ("ca.key", b"garbage"), ("ca.key", key_text(new_key()))],
)
def test_a_damaged_or_foreign_file_is_named(directory: Path, name: str, content: bytes) -> None:
    (directory / name).write_bytes(content)
    error = refusal(directory)
    assert (error.code, error.path) == (AuthorityErrorCode.INVALID, directory / name)
    assert "python -m tls remove" in str(error)


def test_a_file_that_cannot_be_read_is_named(directory: Path) -> None:
    (directory / "ca.crt").unlink()
    (directory / "ca.crt").mkdir()
    error = refusal(directory)
    assert (error.code, error.path.name) == (AuthorityErrorCode.UNREADABLE, "ca.crt")


def test_removing_leaves_what_others_put_there(directory: Path) -> None:
    (directory / "notes").touch()
    assert [path.name for path in authority_files.remove(directory)] == ["ca.crt", "ca.key"]
    assert [path.name for path in directory.iterdir()] == ["notes"]
    os.unlink(directory / "notes")
    assert authority_files.remove(directory) == ()
    assert not directory.exists()
    assert authority_files.remove(directory) == ()

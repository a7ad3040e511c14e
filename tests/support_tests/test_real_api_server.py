from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.real_api_credentials import make_credentials
from tests.support.real_api_server import ASSETS, PROGRAMS, assets


def test_without_a_folder_named_there_is_no_real_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ASSETS, raising=False)
    assert assets() is None


def test_a_folder_that_lacks_a_program_is_an_error_and_not_a_run_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "etcd").touch(mode=0o700)
    monkeypatch.setenv(ASSETS, str(tmp_path))
    with pytest.raises(AssertionError, match="has no program kube-apiserver"):
        assets()


def test_a_folder_with_both_programs_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in PROGRAMS:
        (tmp_path / name).touch(mode=0o700)
    monkeypatch.setenv(ASSETS, str(tmp_path))
    assert assets() == tmp_path


def test_credentials_do_not_show_their_token(tmp_path: Path) -> None:
    credentials = make_credentials(tmp_path)
    assert credentials.token in credentials.token_file.read_text()
    assert credentials.token not in repr(credentials)

"""The local CA of dev and demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingressd.cli.exit_code import CommandError
from ingressd.cli.local_authority import open_authority


def test_it_is_kept_on_disk(tmp_path: Path) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path)}
    first, second = open_authority(environment), open_authority(environment)
    assert first.authority.certificate_path == tmp_path / "ingressd/ca/ca.crt"
    assert first.authority.fingerprint == second.authority.fingerprint
    assert first.note == ""


def test_without_a_home_it_lives_in_memory_and_says_so() -> None:
    opened = open_authority({})
    assert opened.authority.certificate_path is None
    assert opened.note.startswith("The local CA lives in memory only")


def test_one_that_cannot_be_used_is_not_replaced(tmp_path: Path) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path)}
    open_authority(environment)
    certificate = tmp_path / "ingressd/ca/ca.crt"
    certificate.chmod(0o600)
    certificate.write_text("not a certificate")
    with pytest.raises(CommandError, match=r"local CA: .*ca\.crt"):
        open_authority(environment)
    assert certificate.read_text() == "not a certificate"

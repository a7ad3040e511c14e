from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from tests.tls.certificates import certify, key_text, new_key
from tests.tls.clients import client_context, shake_hands
from tls.authority import AuthorityError, AuthorityErrorCode, LocalAuthority
from tls.certificate import new_root
from tls.contexts import ServerContexts
from tls.key_pair import KeyPair
from tls.policy import TlsPolicy

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

OPEN = "import sys, pathlib; from tls.authority import LocalAuthority; sys.stdin.read(1); " + (
    "print(LocalAuthority.open(pathlib.Path(sys.argv[1])).fingerprint)"
)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def trusts(authority: LocalAuthority, pair: KeyPair, name: str) -> bool:
    shake_hands(ServerContexts().context_for(pair, TlsPolicy()), client_context(authority), name)
    return True


def test_it_is_created_on_first_use_and_found_again(tmp_path: Path) -> None:
    first = LocalAuthority.open(tmp_path / "ca")
    second = LocalAuthority.open(tmp_path / "ca")
    assert first.fingerprint == second.fingerprint
    assert first.certificate_path == tmp_path / "ca" / "ca.crt"
    assert (tmp_path / "ca" / "ca.crt").read_bytes() == first.certificate
    assert trusts(first, second.issue(["a.test"]), "a.test")


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(tmp_path / "ca")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    fingerprints = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert fingerprints == {LocalAuthority.open(tmp_path / "ca").fingerprint}


def test_a_key_without_a_certificate_is_completed(tmp_path: Path) -> None:
    first = LocalAuthority.open(tmp_path)
    key = (tmp_path / "ca.key").read_bytes()
    (tmp_path / "ca.crt").unlink()
    second = LocalAuthority.open(tmp_path)
    assert (tmp_path / "ca.key").read_bytes() == key
    assert second.subject == first.subject


@pytest.mark.parametrize("text", [b"garbage", key_text(ed25519.Ed25519PrivateKey.generate())])
def test_a_key_that_cannot_be_completed_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "ca.key").write_bytes(text)
    (tmp_path / "ca.key").chmod(0o600)
    with pytest.raises(AuthorityError, match="python -m tls remove") as caught:
        LocalAuthority.open(tmp_path)
    assert (caught.value.code, caught.value.path) == (AuthorityErrorCode.INVALID, tmp_path / "ca.key")


def test_an_ephemeral_authority_has_no_file() -> None:
    authority = LocalAuthority.ephemeral()
    assert authority.certificate_path is None
    assert trusts(authority, authority.issue(["a.test"]), "a.test")


def test_an_authority_with_an_rsa_key_can_be_brought_along() -> None:
    authority = LocalAuthority(new_root(NOW, rsa.generate_private_key(65537, 2048)), clock=Clock())
    assert trusts(authority, authority.issue(["a.test"]), "a.test")


@pytest.mark.parametrize("names", [["a.test", "*.a.test", "10.0.0.1"], ["*.localhost"], ["::1"]])
def test_it_issues_what_was_asked_for(authority: LocalAuthority, names: list[str]) -> None:
    assert authority.issue(names).names == tuple(names)


def test_the_same_names_give_the_same_pair(authority: LocalAuthority) -> None:
    pair = authority.issue(["a.test", "b.test"])
    assert authority.issue(["B.test", "a.test."]) is pair
    assert authority.issue(["a.test"]) != pair


def test_a_name_that_is_none_is_refused(authority: LocalAuthority) -> None:
    with pytest.raises(ValueError, match="'a b' is no name"):
        authority.issue(["a b"])


def test_a_pair_is_replaced_before_it_expires() -> None:
    clock = Clock()
    authority = LocalAuthority.ephemeral(clock=clock)
    pair = authority.issue(["a.test"])
    clock.now = pair.not_after - timedelta(days=31)
    assert authority.issue(["a.test"]) is pair
    clock.now = pair.not_after - timedelta(days=29)
    assert authority.issue(["a.test"]) != pair


def test_near_its_own_end_it_does_not_sign_the_same_again_and_again() -> None:
    clock = Clock()
    authority = LocalAuthority.ephemeral(clock=clock)
    clock.now = authority.not_after - timedelta(days=5)
    pair = authority.issue(["a.test"])
    clock.now = authority.not_after - timedelta(days=4)
    assert authority.issue(["a.test"]) is pair


def test_an_expired_authority_says_what_to_do(tmp_path: Path) -> None:
    clock = Clock()
    authority = LocalAuthority.open(tmp_path, clock=clock)
    clock.now = authority.not_after + timedelta(seconds=1)
    for action in (lambda: authority.issue(["a.test"]), lambda: LocalAuthority.open(tmp_path, clock=clock)):
        with pytest.raises(AuthorityError, match=r"expired on 2036-11-19: .* `python -m tls remove`") as caught:
            action()
        assert (caught.value.code, caught.value.path) == (AuthorityErrorCode.EXPIRED, tmp_path / "ca.crt")


def test_a_certificate_that_is_no_authority_is_refused(tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / "ca.crt").write_bytes(certify(key))
    (tmp_path / "ca.key").write_bytes(key_text(key))
    (tmp_path / "ca.key").chmod(0o600)
    with pytest.raises(AuthorityError, match="is not the certificate of an authority") as caught:
        LocalAuthority.open(tmp_path)
    assert caught.value.code is AuthorityErrorCode.INVALID


def test_the_pairs_it_remembers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tls.authority._LEAF_CAPACITY", 2)
    authority = LocalAuthority.ephemeral()
    a, b = authority.issue(["a.test"]), authority.issue(["b.test"])
    assert authority.issue(["a.test"]) is a
    authority.issue(["c.test"])
    assert authority.issue(["a.test"]) is a
    assert authority.issue(["b.test"]) != b


def test_no_printed_form_shows_the_key(tmp_path: Path) -> None:
    authority = LocalAuthority.open(tmp_path)
    assert repr(authority) == f"<LocalAuthority {authority.fingerprint[:16]} in {tmp_path}>"
    assert "in memory" in repr(LocalAuthority.ephemeral())

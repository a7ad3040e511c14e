from __future__ import annotations

import base64
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tls.__main__ import main
from tls.authority import LocalAuthority
from tls.key_pair import KeyPair


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "ca"


def run(place: Path, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["--dir", str(place), *arguments], input=typed)


def test_show_creates_the_authority_and_says_how_to_trust_it(place: Path) -> None:
    result = run(place, "show")
    authority = LocalAuthority.open(place)
    assert result.exit_code == 0
    assert result.output.replace(":", "").lower().count(authority.fingerprint) == 1
    assert f"curl --cacert {place / 'ca.crt'}" in result.output
    for program in ("Debian", "macOS", "Windows", "Firefox", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"):
        assert program in result.output


def test_colours_are_for_terminals_that_want_them(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" not in run(place, "show").output
    assert "\x1b[" in CliRunner().invoke(main, ["--dir", str(place), "show"], color=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in CliRunner().invoke(main, ["--dir", str(place), "show"], color=True).output


def test_issue_writes_a_pair_that_is_for_this_user_only(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "certs"
    result = run(place, "issue", "a.test", "*.a.test", "127.0.0.1", "--out", str(out))
    assert (result.exit_code, result.output) == (0, f"wrote {out / 'tls.crt'}\nwrote {out / 'tls.key'}\n")
    pair = KeyPair.from_pem((out / "tls.crt").read_bytes(), (out / "tls.key").read_bytes())
    assert pair.names == ("a.test", "*.a.test", "127.0.0.1")
    assert stat.S_IMODE((out / "tls.key").stat().st_mode) == 0o600


def test_issue_replaces_files_only_when_told_to(place: Path, tmp_path: Path) -> None:
    (tmp_path / "tls.key").write_text("precious")
    refused = run(place, "issue", "a.test", "--out", str(tmp_path))
    assert refused.exit_code == 1
    assert f"{tmp_path / 'tls.key'} exists" in refused.output
    assert (tmp_path / "tls.key").read_text() == "precious"
    assert not (tmp_path / "tls.crt").exists()
    assert run(place, "issue", "a.test", "--out", str(tmp_path), "--force").exit_code == 0
    pair = KeyPair.from_pem((tmp_path / "tls.crt").read_bytes(), (tmp_path / "tls.key").read_bytes())
    assert pair.names == ("a.test",)


@pytest.mark.parametrize("namespace", [None, "web"])
def test_secret_prints_a_manifest(place: Path, namespace: str | None) -> None:
    options = [] if namespace is None else ["-n", namespace]
    result = run(place, "secret", "true", "a.test", "b.test", *options)
    assert result.exit_code == 0
    manifest = yaml.safe_load(result.output)
    data = manifest.pop("data")
    metadata = {"name": "true"} if namespace is None else {"name": "true", "namespace": namespace}
    assert manifest == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "kubernetes.io/tls",
    }
    pair = KeyPair.from_pem(base64.b64decode(data["tls.crt"]), base64.b64decode(data["tls.key"]))
    assert pair.names == ("a.test", "b.test")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["secret", "A_b", "a.test"], "NAME must be a DNS name"),
        (["secret", 'x"\ny: z', "a.test"], "NAME must be a DNS name"),
        (["secret", "x", "a.test", "-n", "a.b"], "--namespace must be a DNS name"),
        (["secret", "x"], "Missing argument 'HOST...'"),
        (["issue", "a b"], "'a b' is no name for a certificate"),
        (["issue"], "Missing argument 'NAME...'"),
        (["destroy"], "No such command"),
    ],
)
def test_wrong_use_exits_with_2(place: Path, arguments: list[str], words: str) -> None:
    result = run(place, *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_what_cannot_be_done_exits_with_1_and_names_the_file(place: Path) -> None:
    place.mkdir()
    (place / "ca.crt").write_text("garbage")
    result = run(place, "show")
    assert result.exit_code == 1
    assert str(place / "ca.key") in result.output


def test_remove_asks_first(place: Path) -> None:
    LocalAuthority.open(place)
    assert run(place, "remove", typed="n\n").exit_code == 1
    assert run(place, "remove", typed="").exit_code == 1
    assert (place / "ca.key").exists()
    assert run(place, "remove", typed="y\n").exit_code == 0
    assert not place.exists()
    again = run(place, "remove", "--yes")
    assert (again.exit_code, again.output) == (0, f"there is no authority in {place}\n")


def test_without_a_home_it_says_what_to_set() -> None:
    result = CliRunner().invoke(main, ["show"], env={"HOME": None, "XDG_DATA_HOME": None})
    assert result.exit_code == 1
    assert "set HOME or XDG_DATA_HOME" in result.output


def test_it_runs_as_a_module() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tls", "--help"], check=False, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0
    assert "Usage: python -m tls" in result.stdout
    assert "kubectl apply -f -" in result.stdout

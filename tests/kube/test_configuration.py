from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from ingressd.kube.client import open_client
from ingressd.kube.configuration import ClusterConfigurationError, ClusterSettings, load_configuration

SECRET = "s3cr3t-t0k3n"


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def write(
    path: Path, server: str = "http://127.0.0.1:1", user: object = None, changed: Mapping[str, object] = {}
) -> str:
    content = {
        "current-context": "a",
        "contexts": [
            {"name": "a", "context": {"cluster": "a", "user": "me"}},
            {"name": "b", "context": {"cluster": "b", "user": "me"}},
        ],
        "clusters": [
            {"name": "a", "cluster": {"server": server}},
            {"name": "b", "cluster": {"server": "http://127.0.0.1:2"}},
        ],
        "users": [{"name": "me", "user": {"token": SECRET} if user is None else user}],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({**content, **changed}))
    return str(path)


def service_account(folder: Path, monkeypatch: pytest.MonkeyPatch, token: str = SECRET) -> ClusterSettings:
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_text("a certificate")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return ClusterSettings(token_file=str(folder / "token"), certificate_file=str(folder / "ca.crt"))


async def refusal(settings: ClusterSettings) -> str:
    with pytest.raises(ClusterConfigurationError) as caught:
        async with open_client(settings):
            pass
    assert SECRET not in str(caught.value)
    return str(caught.value)


async def test_a_named_file_and_one_of_its_contexts(tmp_path: Path) -> None:
    path = write(tmp_path / "config")
    loaded = await load_configuration(ClusterSettings(kubeconfig=path))
    assert (loaded.server, loaded.origin, loaded.context) == ("http://127.0.0.1:1", path, "a")
    loaded = await load_configuration(ClusterSettings(kubeconfig=path, context="b"))
    assert (loaded.server, loaded.context) == ("http://127.0.0.1:2", "b")
    assert SECRET not in repr(loaded)


async def test_the_order_in_which_places_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "home" / ".kube" / "config", "http://home")
    assert (await load_configuration(ClusterSettings())).server == "http://home"
    pod = service_account(tmp_path, monkeypatch)
    assert (await load_configuration(pod)).server == "https://[fd00::1]:443"
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "variable", "http://variable"))
    assert (await load_configuration(pod)).server == "http://variable"
    named = write(tmp_path / "named", "http://named")
    assert (await load_configuration(ClusterSettings(kubeconfig=named))).server == "http://named"


async def test_several_files_are_merged_as_kubectl_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(tmp_path / "first", changed={"contexts": [], "users": []})
    second = write(tmp_path / "second", "http://second")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join((first, str(tmp_path / "missing"), second)))
    loaded = await load_configuration(ClusterSettings())
    assert (loaded.server, loaded.context) == ("http://127.0.0.1:1", "a")


async def test_without_anything_it_says_what_was_looked_for() -> None:
    said = await refusal(ClusterSettings())
    assert "KUBECONFIG is not set" in said
    assert "this is no pod (KUBERNETES_SERVICE_HOST is not set)" in said
    assert ".kube/config does not exist" in said
    assert "--kubeconfig" in said


async def test_a_pod_without_a_mounted_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = service_account(tmp_path, monkeypatch)
    (tmp_path / "token").unlink()
    assert f"it has no service account token at {tmp_path / 'token'}" in await refusal(settings)


async def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = str(tmp_path / "missing")
    assert await refusal(ClusterSettings(kubeconfig=missing)) == (
        f"{missing} does not exist. Name a kubeconfig file that does."
    )
    monkeypatch.setenv("KUBECONFIG", missing)
    assert "(from KUBECONFIG) does not exist" in await refusal(ClusterSettings())


@pytest.mark.parametrize(
    ("user", "word"),
    [
        ({"token": "two\nlines"}, "no token has"),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/no/such/plugin"}}, "/no/such/plugin"),
        ({"exec": {"apiVersion": "v1", "command": "sh", "args": ["-c", "echo >&2 log in first; exit 1"]}}, "log in"),
        ({"exec": {"apiVersion": "v1", "command": "echo", "args": ["no JSON"]}}, "decode"),
        ({"exec": {"args": [SECRET]}}, "command"),
        ({"exec": SECRET}, "missing key"),
        ({"client-certificate": "missing", "client-key": "missing"}, "missing"),
        ({"client-certificate-data": "AAAA", "client-key-data": "AAAA"}, "certificates"),
    ],
)
async def test_users_that_cannot_be_used(tmp_path: Path, user: object, word: str) -> None:
    path = write(tmp_path / "config", "https://127.0.0.1:1", user=user)
    assert word in await refusal(ClusterSettings(kubeconfig=path))


@pytest.mark.parametrize(
    "changed",
    [
        {"current-context": "other"},
        {"contexts": [{"name": "a", "token": SECRET}]},
        {"clusters": []},
        {"clusters": [{"name": "a", "token": SECRET}]},
        {"users": [{"token": SECRET}]},
        {"contexts": SECRET},
    ],
)
async def test_files_that_are_not_as_they_should_be(tmp_path: Path, changed: dict[str, object]) -> None:
    path = write(tmp_path / "config", changed=changed)
    assert (await refusal(ClusterSettings(kubeconfig=path))).startswith(f"{path} cannot be used: ")


async def test_a_file_that_is_no_yaml_names_the_line_and_repeats_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(f"users:\n- name: me\n  token: {SECRET}: {{\n")
    assert "line 3 is no YAML" in await refusal(ClusterSettings(kubeconfig=str(path)))


async def test_a_token_file_may_end_in_a_line_break(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    path = write(tmp_path / "config", user={"tokenFile": "token"})
    loaded = await load_configuration(ClusterSettings(kubeconfig=path))
    assert loaded.library.api_key == {"BearerToken": f"Bearer {SECRET}"}


def run(code: str, **environment: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_nothing_imports_the_library_before_a_cluster_is_asked_for() -> None:
    code = (
        "import sys, ingressd.app, ingressd.cli.main, ingressd.kube.client, ingressd.sources.kubernetes; "
        "print('kubernetes_asyncio' in sys.modules)"
    )
    assert run(code, PATH=os.environ["PATH"]).strip() == "False"


def test_a_user_without_a_home_can_import_it() -> None:
    code = """
import os, pwd
def unknown(user):
    raise KeyError(user)
pwd.getpwuid = unknown
from ingressd.kube.configuration import _library_imported
with _library_imported() as (client, _config):
    print(client.__name__, "HOME" in os.environ)
"""
    assert run(code, PATH=os.environ["PATH"]).strip() == "kubernetes_asyncio.client False"

"""The image has what the program needs, and runs it the way the pods expect."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ingressd import __version__
from ingressd.cli.main import COMMANDS
from ingressd.settings import DEFAULT_ADMIN_PORT, DEFAULT_HTTP_PORT, DEFAULT_HTTPS_PORT
from tests.support.dockerfile import Stage, files_for_the_build, is_ignored, stages
from tests.support.rendered_manifests import pods_of, rendered_objects

ROOT = Path(__file__).parents[2]
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILD, FINAL = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
PIN = re.compile(r"^([a-z0-9-]+)==(\S+).*\\$", re.MULTILINE)


def _sources(stage: Stage) -> list[str]:
    return [source for copy in stage.each("COPY") if "--from" not in copy.text for source in copy.words[:-1]]


def _pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")))


@pytest.mark.parametrize("source", _sources(BUILD))
def test_what_is_copied_is_there(source: str) -> None:
    assert files_for_the_build(ROOT, source, IGNORED)


def test_every_package_and_its_data_is_copied() -> None:
    wanted = {pattern.removesuffix("*") for pattern in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    wanted |= {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    assert wanted <= set(_sources(BUILD))
    copied = files_for_the_build(ROOT, "ingressd", IGNORED)
    assert "ingressd/demo/manifests/cluster.yaml" in copied
    assert not [name for name in copied if "__pycache__" in name or name.endswith(".so")]


@pytest.mark.parametrize("name", [".git/HEAD", ".venv/bin/python", "tests/conftest.py", "requirements/dev.txt", ".env"])
def test_nothing_else_reaches_the_build(name: str) -> None:
    assert is_ignored(name, IGNORED)


def test_both_stages_have_the_same_python_of_the_same_debian() -> None:
    assert BUILD.image == "python:3.13-slim-trixie"
    assert FINAL.image == "gcr.io/distroless/python3-debian13:nonroot"
    assert FINAL.one("ENTRYPOINT").array[0] == "/usr/bin/python3.13"


def test_the_final_stage_runs_no_command_and_takes_everything_from_the_first() -> None:
    assert FINAL.each("RUN") == []
    assert [copy.words[0] for copy in FINAL.each("COPY")] == [f"--from={BUILD.name}"]


def test_the_data_plane_is_compiled_or_there_is_no_image() -> None:
    """The compiler stays in the first stage, as the final one takes only the program from it."""
    (with_compiler,) = (run for run in BUILD.each("RUN") if "apt-get install" in run.text)
    assert {"gcc", "libc6-dev"} <= set(with_compiler.words)
    (installs_program,) = (run for run in BUILD.each("RUN") if "--no-build-isolation" in run.text)
    assert "INGRESSD_COMPILE=1 python -m pip install" in installs_program.text
    assert "setup.py" in _sources(BUILD)


def test_every_requirement_is_pinned_by_hash() -> None:
    installs = [line for run in BUILD.each("RUN") for line in run.text.split("&&") if "pip install" in line]
    files = [re.search(r"--requirement (\S+)", line) for line in installs]
    assert [found[1] for found in files if found] == ["requirements/build.txt", "requirements/cluster.txt"]
    for line, found in zip(installs, files, strict=True):
        assert "--require-hashes" in line if found else "--no-deps" in line


def test_the_image_has_what_the_tests_ran_with() -> None:
    """The same versions as in development, and all of the program's requirements with those of a cluster."""
    cluster, dev = _pins("cluster"), _pins("dev")
    assert cluster.items() <= dev.items()
    assert _pins("runtime").items() <= cluster.items()
    extra = PROJECT["project"]["optional-dependencies"]["cluster"]
    named = {re.split(r"[<>=;\s]", text)[0].lower().replace("_", "-") for text in extra}
    assert named <= cluster.keys()
    assert _pins("build").items() <= dev.items()


def test_the_user_is_a_number_that_is_not_root_and_the_one_of_the_pods() -> None:
    """Only of a number can the kubelet tell that it is not root (``runAsNonRoot``)."""
    user = FINAL.one("USER").text
    context = pods_of(rendered_objects("load-balancer")).spec["securityContext"]
    assert user == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert int(user.partition(":")[0]) > 0


def test_it_runs_the_program_without_a_shell() -> None:
    assert FINAL.one("ENTRYPOINT").array[1:] == ["-m", "ingressd"]
    (command,) = FINAL.one("CMD").array
    assert command in COMMANDS


def test_it_writes_nothing_and_imports_nothing_from_where_it_runs() -> None:
    variables = FINAL.one("ENV").variables
    assert variables["PYTHONPATH"] == FINAL.one("COPY").words[-1]
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONSAFEPATH", "PYTHONUNBUFFERED"):
        assert variables[name] == "1"


def test_the_ports_are_those_of_the_program() -> None:
    assert FINAL.one("EXPOSE").words == [str(p) for p in (DEFAULT_HTTP_PORT, DEFAULT_HTTPS_PORT, DEFAULT_ADMIN_PORT)]
    assert list(pods_of(rendered_objects("load-balancer")).ports.values()) == [8080, 8443, 9090]


def test_one_version_everywhere() -> None:
    labels = FINAL.one("LABEL").variables
    assert labels["org.opencontainers.image.version"] == PROJECT["project"]["version"] == __version__
    assert pods_of(rendered_objects("load-balancer")).container["image"] == f"ingressd:{__version__}"

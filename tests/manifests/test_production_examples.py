"""The systemd unit and the compose file start the program with a command line that it takes, and let it drain."""

from __future__ import annotations

import configparser
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from ingressd.cli.run import run
from ingressd.cli.run_flags import refuse_senseless, run_settings, translation_of_files
from ingressd.settings import RunSettings
from tests.support.rendered_manifests import pods_of, rendered_objects

FOLDER = Path(__file__).parents[2] / "manifests/examples/production"
README = (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")


class Example(NamedTuple):
    """``arguments`` are those after ``ingressd``."""

    arguments: list[str]
    stop_seconds: int


def _systemd() -> Example:
    unit = _unit()
    program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "ingressd"
    return Example(arguments, int(unit["Service"]["TimeoutStopSec"]))


def _compose() -> Example:
    service = _compose_file()["services"]["ingressd"]
    return Example(service["command"], int(service["stop_grace_period"].removesuffix("s")))


EXAMPLES = {"ingressd.service": _systemd, "compose.yaml": _compose}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_program_takes_the_command_line(name: str) -> None:
    settings, flags = _parsed(EXAMPLES[name]().arguments)
    assert flags["paths"] == ("/etc/ingressd",)
    assert settings.serving.listen.admin.number == 9090


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_given_the_time_to_drain(name: str) -> None:
    example = EXAMPLES[name]()
    _, flags = _parsed(example.arguments)
    assert example.stop_seconds > flags["drain_wait"] + flags["drain_grace"]


def test_every_production_example_is_in_the_table() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(EXAMPLES)
    assert [name for name in EXAMPLES if f"`production/{name}`" not in README] == []


def test_compose_publishes_ports_that_are_listened_on() -> None:
    settings, flags = _parsed(_compose().arguments)
    listen = settings.serving.listen
    published = [port.rpartition(":") for port in _compose_file()["services"]["ingressd"]["ports"]]
    assert [int(port) for _, _, port in published] == [listen.http.number, listen.https.number, listen.admin.number]
    assert flags["admin_bind"] == "0.0.0.0"
    assert published[-1][0].startswith("127.0.0.1:")


def test_compose_maps_to_a_service_of_its_own() -> None:
    (mapping,) = translation_of_files(_parsed(_compose().arguments)[1]).local_endpoints.entries
    assert mapping.endpoint.address in _compose_file()["services"]


def test_compose_runs_the_image_of_the_manifests_from_where_its_dockerfile_is() -> None:
    service = _compose_file()["services"]["ingressd"]
    assert service["image"] == pods_of(rendered_objects("load-balancer")).container["image"]
    assert (FOLDER / service["build"] / "Dockerfile").is_file()
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_the_unit_reloads_without_ending_and_ends_without_killing() -> None:
    service = _unit()["Service"]
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["KillMode"] == "mixed"
    assert service["AmbientCapabilities"] == service["CapabilityBoundingSet"] == "CAP_NET_BIND_SERVICE"


def _parsed(arguments: list[str]) -> tuple[RunSettings, dict[str, Any]]:
    command, *rest = arguments
    assert command == "run"
    with run.make_context("ingressd run", rest) as context:
        refuse_senseless(context, files=True)
        return run_settings(context.params), context.params


def _unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case of names
    parser.read_string((FOLDER / "ingressd.service").read_text(encoding="utf-8"))
    return parser


def _compose_file() -> Any:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))

"""What a command is asked about."""

from __future__ import annotations

import click
import pytest

from ingressd.cli.exit_code import CommandError, ExitCode
from ingressd.cli.flags import ManifestFlags, ProgramFlags
from ingressd.cli.manifests import Manifests
from ingressd.cli.replica import Replica
from ingressd.cli.subject import subject_of
from tests.support.admin_ports import ControllerView, admin_port

ADMIN = "http://localhost:9090"


@pytest.fixture
def context() -> click.Context:
    return click.Context(click.Command("check"))


def test_paths_are_manifests(context: click.Context, shop: object) -> None:
    subject = subject_of(context, paths=[str(shop)], flags=ManifestFlags(mappings=("cart=3000",)), admin=None)
    assert isinstance(subject, Manifests)
    assert [row.addresses for row in subject.routes()] == [("127.0.0.1:3000",)]


def test_a_url_is_a_replica(context: click.Context) -> None:
    view = ControllerView()
    view.ready = True
    with admin_port(view) as url, context:
        subject = subject_of(context, paths=(), flags=ManifestFlags(), admin=str(url))
        assert isinstance(subject, Replica)
        assert subject.routes() == view.routes()


@pytest.mark.parametrize(
    ("paths", "flags", "named"),
    [
        (("k8s", "more"), ManifestFlags(), "PATH... (k8s, more)"),
        (("-",), ManifestFlags(mappings=("web=3000",)), "PATH... (-)"),
        ((), ManifestFlags(mappings=("web=3000",)), "--map (web=3000)"),
        ((), ManifestFlags(ingress_classes=("nginx",)), "--ingress-class (nginx)"),
        ((), ManifestFlags(programs=ProgramFlags(allowed_handlers=("page",))), "--allow-handler (page)"),
    ],
)
def test_not_both(context: click.Context, paths: tuple[str, ...], flags: ManifestFlags, named: str) -> None:
    with pytest.raises(CommandError) as caught:
        subject_of(context, paths=paths, flags=flags, admin=ADMIN)
    assert caught.value.message.startswith(f"{named} cannot be used with --admin, which asks a running ingressd")
    assert caught.value.exit_code is ExitCode.USAGE


def test_neither(context: click.Context) -> None:
    with pytest.raises(CommandError, match=r"there is nothing to read\. .* with --admin http://localhost:9090\."):
        subject_of(context, paths=(), flags=ManifestFlags(), admin=None)

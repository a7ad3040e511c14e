"""Manifests read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingressd.cli.exit_code import CommandError
from ingressd.cli.flags import ManifestFlags, translation_settings
from ingressd.cli.manifests import Manifests
from ingressd.demo.pods import Pod
from ingressd.demo.slices import endpoint_slices
from tests.support.command_line import SHOP

SETTINGS = translation_settings(ManifestFlags())
CART_POD = Pod("shop", "cart", "cart-1", "")


def test_problems_have_places_in_order(shop: Path) -> None:
    (shop / "a.yaml").write_text("kind: [\n")
    found = Manifests([str(shop)], SETTINGS).problems()
    assert [problem.location.file for problem in found if problem.location] == [
        str(shop / "a.yaml"),
        str(shop / "shop.yaml"),
    ]


def test_added_objects_count_as_if_they_were_in_a_file(shop: Path) -> None:
    manifests = Manifests([str(shop)], SETTINGS, added=endpoint_slices({CART_POD: 3000}))
    assert manifests.problems() == ()
    [upstream] = manifests.controller.table.upstreams.values()
    assert [str(endpoint) for endpoint in upstream.endpoints] == ["127.0.0.1:3000"]
    assert manifests.serves_something


def test_nothing_to_serve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "service.yaml").write_text(SHOP.partition("---\n")[2])
    manifests = Manifests([str(tmp_path)], SETTINGS)
    assert not manifests.serves_something
    with pytest.raises(CommandError, match="there is no Ingress in"):
        manifests.require_something()
    assert capsys.readouterr().out == ""


def test_problems_come_before_the_explanation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.yaml").write_text("kind: [\n")
    with pytest.raises(CommandError):
        Manifests([str(tmp_path)], SETTINGS).require_something()
    assert "broken.yaml:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("paths", "message"), [([], "there is nothing to read"), (["missing"], "missing: there is no")]
)
def test_paths_that_cannot_be_read(paths: list[str], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        Manifests(paths, SETTINGS)
    assert caught.value.message.startswith(message)

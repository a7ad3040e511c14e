"""Arguments of ``explain`` that were left out or mixed up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingressd.cli.exit_code import CommandError
from ingressd.cli.url_argument import require_url


@pytest.mark.parametrize(
    "url",
    ["http://shop.localhost/cart", "HTTPS://shop.localhost", "shop.localhost/api//v1/../v2", "k8s", "http://[::1]:80/"],
)
def test_what_may_be_a_url(url: str) -> None:
    require_url("GET", url, ["k8s"])


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("./k8s", '"./k8s" is a place of manifests: the URL comes before it'),
        ("../k8s", '"../k8s" is a place of manifests'),
        ("-", '"-" is a place of manifests'),
        (".", '"." is a place of manifests'),
        ("/path", '"/path" names no host'),
        ("ftp://x/", '"ftp://x/" begins with ftp'),
        ("http://", '"http://" names no host'),
        ("https:///cart", '"https:///cart" names no host'),
        ("http://:80/", '"http://:80/" names no host'),
    ],
)
def test_what_is_no_url(url: str, says: str) -> None:
    with pytest.raises(CommandError) as caught:
        require_url("GET", url, ["k8s"])
    assert caught.value.message.startswith(f"URL must be http(s)://host/path, and {says}")


def test_a_folder_in_place_of_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "k8s").mkdir()
    monkeypatch.chdir(tmp_path)
    require_url("GET", "k8s", ["k8s"])
    with pytest.raises(CommandError, match='"k8s" is a place of manifests'):
        require_url("GET", "k8s", [])


def test_a_url_in_place_of_the_method() -> None:
    with pytest.raises(CommandError, match=r'METHOD comes first, such as GET, and "http://shop\.localhost/" is none'):
        require_url("http://shop.localhost/", "./k8s", [])

"""One spelling of a path is matched and forwarded (RFC 3986 section 6.2.2), so that no rule can be walked around."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.manifests import ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, serving

HOST = "shop.test"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with (
        running_pods("site", "admin", "cafe") as pods,
        serving(
            tmp_path_factory.mktemp("normalisation"),
            ingress(
                "shop",
                rule(
                    HOST,
                    path("/", "site"),
                    path("/admin", "admin"),
                    path("/café", "cafe"),
                    path("/a b", "cafe", kind="Exact"),
                ),
            ),
            arguments=pods.maps(),
        ) as running,
    ):
        yield running


@pytest.mark.parametrize(
    ("asked", "pod", "forwarded"),
    [
        ("/admin", "admin", "/admin"),
        ("//admin", "admin", "/admin"),
        ("/%61dmin", "admin", "/admin"),
        ("/site/../admin", "admin", "/admin"),
        ("/site/%2e%2E/admin", "admin", "/admin"),
        ("/./admin/.", "admin", "/admin/"),
        ("/admin/../site", "site", "/site"),
        ("/admin//users///1", "admin", "/admin/users/1"),
        ("/admin%2Fusers", "site", "/admin%2Fusers"),
        ("/admin%2fusers", "site", "/admin%2Fusers"),
        ("/site?next=/../admin//%61", "site", "/site?next=/../admin//%61"),
        ("/admin?", "admin", "/admin?"),
        ("/caf%C3%A9/menu", "cafe", "/caf%C3%A9/menu"),
        ("/caf%c3%a9", "cafe", "/caf%C3%A9"),
        ("/a%20b", "cafe", "/a%20b"),
        ("/~user", "site", "/~user"),
        ("/%7Euser", "site", "/~user"),
        ("/...", "site", "/..."),
        ("/a;b=c/d", "site", "/a;b=c/d"),
    ],
)
def test_what_is_matched_is_forwarded(dev: RunningDev, asked: str, pod: str, forwarded: str) -> None:
    answer = dev.get(asked, host=HOST)
    assert answer.pod == pod
    assert answer.seen.path == forwarded


@pytest.mark.parametrize("asked", ["/..", "/../admin", "/site/../../admin", "/%2e%2e/admin", "/100%", "/%zz", "/a\\b"])
def test_a_path_without_a_canonical_form_is_refused(dev: RunningDev, asked: str) -> None:
    answer = dev.get(asked, host=HOST)
    assert answer.status == 400
    assert answer.reason == "malformed_request"

from __future__ import annotations

import pytest

from ingressd.translate.external_names import read_external_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("api.example.com", "api.example.com"),
        ("API.Example.com.", "api.example.com"),
        ("10.0.0.1", "10.0.0.1"),
        ("web.other.svc.cluster.local", "web.other.svc.cluster.local"),
        ("FD00::1", "fd00::1"),
        ("db", "db"),
    ],
)
def test_names_that_may_be_connected_to(text: str, name: str) -> None:
    assert read_external_name(text, loopback=False) == (name, "")


@pytest.mark.parametrize(
    "text",
    ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "::1", "0.0.0.0", "169.254.169.254", "::ffff:127.0.0.1"],
)
def test_the_controllers_own_machine_is_refused_unless_allowed(text: str) -> None:
    assert read_external_name(text, loopback=False)[1]
    assert read_external_name(text, loopback=True)[1] == ""


@pytest.mark.parametrize(
    "text", ["", "a b", "a/b", "-a.test", "a..b", "é.test", "127.1", "0x7f.1", "2130706433", "a.test:80", "a" * 64]
)
@pytest.mark.parametrize("loopback", [False, True])
def test_what_is_no_name_is_refused_always(text: str, loopback: bool) -> None:
    assert read_external_name(text, loopback=loopback)[1]

"""Start-up settings."""

from __future__ import annotations

import ipaddress

import msgspec
import pytest

from ingressd.settings import (
    MAX_TRUSTED_PROXIES,
    ControllerSettings,
    ListenSettings,
    ObjectName,
    PortChoice,
    ProxySettings,
    RunSettings,
    ServingSettings,
    SettingRow,
    SettingsError,
    parse_networks,
    proxy_settings_table,
)


@pytest.mark.parametrize("name", ProxySettings.__struct_fields__)
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_every_limit_is_positive_and_finite(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be greater than 0"):
        msgspec.structs.replace(ProxySettings(), **{name: value})


def test_a_header_line_fits_into_a_header_block() -> None:
    with pytest.raises(SettingsError, match=r"header_line_bytes \(64\) must not exceed header_block_bytes \(63\)"):
        ProxySettings(header_line_bytes=64, header_block_bytes=63)


def test_the_table_documents_every_setting() -> None:
    rows = proxy_settings_table()
    assert tuple(row.name for row in rows) == ProxySettings.__struct_fields__
    assert all(row.unit and row.meaning for row in rows)
    defaults = {row.name: (row.default, row.unit) for row in rows}
    assert defaults["header_line_bytes"] == ("8192", "bytes")
    assert defaults["keep_alive_seconds"] == ("75", "seconds")
    assert defaults["upstream_idle_seconds"] == ("4", "seconds")
    assert defaults["header_fields"] == ("100", "fields")


@pytest.mark.parametrize(
    "row", [row for row in proxy_settings_table() if row.unit in ("seconds", "bytes")], ids=lambda row: row.name
)
def test_a_name_says_its_unit(row: SettingRow) -> None:
    assert row.name.endswith(f"_{row.unit}")


@pytest.mark.parametrize("number", [-1, 65536])
def test_a_port_is_in_range(number: int) -> None:
    with pytest.raises(SettingsError, match="from 0 to 65535"):
        PortChoice(number)


def test_the_bind_address_is_an_address() -> None:
    with pytest.raises(SettingsError, match="must be an IP address such as"):
        ListenSettings(bind="localhost")


def test_the_bind_address_of_the_admin_port_is_an_address() -> None:
    with pytest.raises(SettingsError, match=r"bind address of the admin port must be an IP address such as .* 'x' is"):
        ListenSettings(admin_bind="x")


@pytest.mark.parametrize(
    ("bind", "admin_bind", "address"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("0.0.0.0", None, "127.0.0.1"),
        ("::", None, "::1"),
        ("0.0.0.0", "0.0.0.0", "0.0.0.0"),
        ("127.0.0.1", "::1", "::1"),
    ],
)
def test_the_admin_port_stays_on_loopback_unless_asked(bind: str, admin_bind: str | None, address: str) -> None:
    assert ListenSettings(bind=bind, admin_bind=admin_bind).admin_address == address


def test_ports_asked_for_differ() -> None:
    with pytest.raises(SettingsError, match="must differ"):
        ListenSettings(http=PortChoice(8000, asked_for=True), https=PortChoice(8000, asked_for=True))


def test_a_port_asked_for_may_be_the_default_of_another() -> None:
    listen = ListenSettings(http=PortChoice(8443, asked_for=True))
    assert listen.https == PortChoice(8443)


def test_two_ports_may_both_be_chosen_by_the_system() -> None:
    listen = ListenSettings(http=PortChoice(0, asked_for=True), https=PortChoice(0, asked_for=True))
    assert listen.http.number == listen.https.number == 0


@pytest.mark.parametrize(("bind", "loopback"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False)])
def test_loopback(bind: str, loopback: bool) -> None:
    assert ListenSettings(bind=bind).loopback is loopback


def test_the_log_level_is_one_that_there_is() -> None:
    assert RunSettings(serving=ServingSettings(), workers=1, log_level="debug").log_level == "debug"
    with pytest.raises(SettingsError, match="the log level must be one of debug, info, warning, error, and is 'loud'"):
        RunSettings(serving=ServingSettings(), workers=1, log_level="loud")


def test_networks() -> None:
    assert parse_networks(["10.0.0.0/8", "::1"]) == (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("::1/128"),
    )


@pytest.mark.parametrize("text", ["10.0.0.1/8", "ten", ""])
def test_a_wrong_network_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="is not a network: write an address"):
        parse_networks([text])


def test_trusted_proxies_are_bounded() -> None:
    with pytest.raises(SettingsError, match="at most 256"):
        ServingSettings(trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),) * (MAX_TRUSTED_PROXIES + 1))


@pytest.mark.parametrize("name", ["", "..", "a,b", "a/b", "Shop", "-a", "a" * 64, "a\n"])
def test_what_is_no_namespace_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="the namespace to watch cannot be"):
        ControllerSettings(namespaces=("shop", name))
    with pytest.raises(SettingsError, match="the namespace of the election cannot be"):
        ControllerSettings(election_namespace=name)
    with pytest.raises(SettingsError, match="is not NAMESPACE/NAME"):
        ObjectName.parse(f"{name}/web")


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "a" * 254, "a\n"])
def test_what_is_no_name_of_an_object_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="the Lease of the election cannot be named"):
        ControllerSettings(election_name=name)
    with pytest.raises(SettingsError, match="is not NAMESPACE/NAME"):
        ObjectName.parse(f"shop/{name}")


def test_names_of_objects() -> None:
    settings = ControllerSettings(namespaces=("a", "a" * 63), election_name="a.b-c", election_namespace="kube-system")
    assert settings.namespaces == ("a", "a" * 63)
    assert ObjectName.parse("shop/web-1.x") == ObjectName("shop", "web-1.x")

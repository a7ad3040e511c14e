"""Flags, as click gives them, into settings; what cannot be used ends the command with one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ingressd.cli.exit_code import CommandError
from ingressd.settings import (
    DEFAULT_ADMIN_PORT,
    DEFAULT_HTTP_PORT,
    DEFAULT_HTTPS_PORT,
    LaneName,
    ListenSettings,
    PortChoice,
    ProxySettings,
    ServingSettings,
    SettingsError,
    parse_networks,
)
from ingressd.translate.local_endpoints import LocalEndpoint, LocalEndpointError
from ingressd.translate.settings import TranslationSettings


class ManifestFlags(msgspec.Struct, frozen=True, kw_only=True):
    """``--map`` and ``--ingress-class``."""

    mappings: tuple[str, ...] = ()
    ingress_classes: tuple[str, ...] = ()


class ListenFlags(msgspec.Struct, frozen=True, kw_only=True):
    """``--bind``, ``--admin-bind``, the three ports (None when not given), ``--trusted-proxy`` and ``--lane``;
    ``timeouts`` by their names in ``ProxySettings``."""

    bind: str
    admin_bind: str | None = None
    http_port: int | None = None
    https_port: int | None = None
    admin_port: int | None = None
    trusted_proxies: tuple[str, ...] = ()
    lane: LaneName = LaneName.RELAY
    timeouts: dict[str, float] = {}


def translation_settings(flags: ManifestFlags) -> TranslationSettings:
    """Return how manifests are translated on a developer's machine; raises CommandError."""
    if "" in flags.ingress_classes:
        raise CommandError("--ingress-class: the name of a class is not empty")
    try:
        return TranslationSettings.development(
            served=flags.ingress_classes, local_endpoints=map(LocalEndpoint.parse, flags.mappings)
        )
    except LocalEndpointError as error:
        raise CommandError(f"--map: {error}") from error


def serving_settings(flags: ListenFlags) -> ServingSettings:
    """Return what the data plane runs with; raises CommandError."""
    try:
        networks = parse_networks(flags.trusted_proxies)
    except SettingsError as error:
        raise CommandError(f"--trusted-proxy: {error}") from error
    try:
        listen = ListenSettings(
            bind=flags.bind,
            admin_bind=flags.admin_bind,
            http=_port(flags.http_port, DEFAULT_HTTP_PORT),
            https=_port(flags.https_port, DEFAULT_HTTPS_PORT),
            admin=_port(flags.admin_port, DEFAULT_ADMIN_PORT),
        )
        return ServingSettings(
            listen=listen, proxy=proxy_settings(flags.timeouts), lane=flags.lane, trusted_proxies=networks
        )
    except SettingsError as error:
        raise CommandError(str(error)) from error


def proxy_settings(flags: Mapping[str, Any]) -> ProxySettings:
    """Return the settings with those of ``flags`` that are named like one. Raises SettingsError."""
    asked = {name: flags[name] for name in ProxySettings.__struct_fields__ if name in flags}
    return msgspec.structs.replace(ProxySettings(), **asked)


def _port(asked: int | None, default: int) -> PortChoice:
    return PortChoice(default) if asked is None else PortChoice(asked, asked_for=True)

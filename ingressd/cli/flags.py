"""Flags, as click gives them, into settings; what cannot be used ends the command with one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ingressd.cli.exit_code import CommandError
from ingressd.settings import (
    DEFAULT_ADMIN_PORT,
    DEFAULT_HTTP_PORT,
    DEFAULT_HTTPS_PORT,
    LaneName,
    ListenSettings,
    Network,
    PortChoice,
    ProgramSettings,
    ProxySettings,
    ServingSettings,
    SettingsError,
    parse_networks,
    require_factory,
    require_program_name,
)
from ingressd.translate.annotations.programs import AllowedPrograms
from ingressd.translate.local_endpoints import LocalEndpoint, LocalEndpointError, LocalEndpoints
from ingressd.translate.settings import TranslationSettings


class ProgramFlags(msgspec.Struct, frozen=True, kw_only=True):
    """``--middleware``, ``--allow-middleware`` and ``--allow-handler``."""

    middleware: tuple[str, ...] = ()
    allowed_middleware: tuple[str, ...] = ()
    allowed_handlers: tuple[str, ...] = ()


NO_PROGRAMS = ProgramFlags()


class ManifestFlags(msgspec.Struct, frozen=True, kw_only=True):
    """``--map``, ``--ingress-class``, and the Python code that manifests may ask for."""

    mappings: tuple[str, ...] = ()
    ingress_classes: tuple[str, ...] = ()
    programs: ProgramFlags = NO_PROGRAMS


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
    return TranslationSettings.development(
        served=class_names(flags.ingress_classes),
        local_endpoints=local_endpoints(flags.mappings).entries,
        programs=allowed_programs(flags.programs),
    )


def class_names(names: Iterable[str]) -> frozenset[str]:
    """Return the names of ``--ingress-class``; raises CommandError."""
    found = frozenset(names)
    if "" in found:
        raise CommandError("--ingress-class: the name of a class is not empty")
    return found


def local_endpoints(mappings: Iterable[str]) -> LocalEndpoints:
    """Return the mappings of ``--map``; raises CommandError."""
    try:
        return LocalEndpoints(tuple(map(LocalEndpoint.parse, mappings)))
    except LocalEndpointError as error:
        raise CommandError(f"--map: {error}") from error


def trusted_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of ``--trusted-proxy``; raises CommandError."""
    try:
        return parse_networks(texts)
    except SettingsError as error:
        raise CommandError(f"--trusted-proxy: {error}") from error


def allowed_programs(flags: ProgramFlags) -> AllowedPrograms:
    """Return what Ingresses may ask for: names alone, since reading manifests needs no code. Raises CommandError."""
    return AllowedPrograms(
        everywhere=flags.middleware,
        middleware=tuple(_names("--allow-middleware", flags.allowed_middleware)),
        handlers=tuple(_names("--allow-handler", flags.allowed_handlers)),
    )


def program_settings(flags: ProgramFlags) -> ProgramSettings:
    """Return the Python code to load; raises CommandError."""
    for reference in flags.middleware:
        _require_factory(f"--middleware {reference}", reference)
    return ProgramSettings(
        middleware=flags.middleware,
        allowed_middleware=_bindings("--allow-middleware", flags.allowed_middleware),
        allowed_handlers=_bindings("--allow-handler", flags.allowed_handlers),
    )


def _bindings(flag: str, texts: Iterable[str]) -> dict[str, str]:
    bound = _names(flag, texts)
    for name, reference in bound.items():
        if not reference:
            raise CommandError(f"{flag} {name}: say where the code is, as {name}=package.module:factory")
        _require_factory(f"{flag} {name}={reference}", reference)
    return bound


def _require_factory(flag: str, reference: str) -> None:
    try:
        require_factory(reference)
    except SettingsError as error:
        raise CommandError(f"{flag}: {error}") from error


def _names(flag: str, texts: Iterable[str]) -> dict[str, str]:
    """Read ``NAME=MODULE:FACTORY``, or a name alone; raises CommandError."""
    bound: dict[str, str] = {}
    for text in texts:
        name, _, reference = text.partition("=")
        try:
            require_program_name(name)
        except SettingsError as error:
            raise CommandError(f"{flag}: {error}") from error
        if name in bound:
            raise CommandError(f"{flag}: {name} is given twice; give each name once")
        bound[name] = reference
    return bound


def serving_settings(flags: ListenFlags, programs: ProgramFlags = NO_PROGRAMS) -> ServingSettings:
    """Return what the data plane runs with; raises CommandError."""
    code = program_settings(programs)
    networks = trusted_networks(flags.trusted_proxies)
    try:
        listen = ListenSettings(
            bind=flags.bind,
            admin_bind=flags.admin_bind,
            http=_port(flags.http_port, DEFAULT_HTTP_PORT),
            https=_port(flags.https_port, DEFAULT_HTTPS_PORT),
            admin=_port(flags.admin_port, DEFAULT_ADMIN_PORT),
        )
        return ServingSettings(
            listen=listen,
            proxy=proxy_settings(flags.timeouts),
            lane=flags.lane,
            trusted_proxies=networks,
            programs=code,
        )
    except SettingsError as error:
        raise CommandError(str(error)) from error


def proxy_settings(flags: Mapping[str, Any]) -> ProxySettings:
    """Return the settings with those of ``flags`` that are named like one. Raises SettingsError."""
    asked = {name: flags[name] for name in ProxySettings.__struct_fields__ if name in flags}
    return msgspec.structs.replace(ProxySettings(), **asked)


def _port(asked: int | None, default: int) -> PortChoice:
    return PortChoice(default) if asked is None else PortChoice(asked, asked_for=True)

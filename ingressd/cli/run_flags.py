"""The flags of ``ingressd run`` into settings; what cannot be used ends the command with one line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ingressd.cli.exit_code import CommandError
from ingressd.cli.flags import (
    ProgramFlags,
    allowed_programs,
    class_names,
    local_endpoints,
    program_settings,
    proxy_settings,
    trusted_networks,
)
from ingressd.cli.processors import default_workers, usable_processors
from ingressd.cli.run_options import CLUSTER_ONLY, FILES_ONLY, SELECTORS
from ingressd.settings import (
    DEFAULT_BIND,
    ControllerSettings,
    LaneName,
    ListenSettings,
    ObjectName,
    PortChoice,
    RunSettings,
    ServingSettings,
    SettingsError,
    StatusSettings,
)
from ingressd.translate.classes import ClassSelection
from ingressd.translate.settings import TranslationSettings

NAMESPACE_OF_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
DEFAULT_NAMESPACE = "default"

Flags = Mapping[str, Any]
"""By parameter name, as click gives them."""


def refuse_senseless(context: click.Context, *, files: bool) -> None:
    """Raise CommandError for a flag that was given and says nothing here; ``files``: with ``--from``."""
    senseless = CLUSTER_ONLY if files else FILES_ONLY
    why = "it is about a cluster, and --from serves files" if files else "it goes with --from"
    for parameter in context.command.params:
        given = parameter.name and context.get_parameter_source(parameter.name) is not ParameterSource.DEFAULT
        if parameter.name in senseless and given:
            raise CommandError(f"{parameter.opts[0]}: {why}; leave it out")


def run_settings(flags: Flags) -> RunSettings:
    """Return what the processes run with; raises CommandError."""
    files = bool(flags["paths"])
    networks = trusted_networks(flags["trusted_proxies"])
    try:
        return RunSettings(
            serving=ServingSettings(
                listen=ListenSettings(
                    bind=flags["bind"],
                    admin_bind=flags["admin_bind"] or (DEFAULT_BIND if files else flags["bind"]),
                    http=PortChoice(flags["http_port"], asked_for=True),
                    https=PortChoice(flags["https_port"], asked_for=True),
                    admin=PortChoice(flags["admin_port"], asked_for=True),
                ),
                proxy=proxy_settings({**flags, "drain_grace_seconds": flags["drain_grace"]}),
                lane=LaneName(flags["lane"]),
                trusted_proxies=networks,
                programs=program_settings(_program_flags(flags)),
            ),
            workers=flags["workers"] or default_workers(usable_processors()),
            drain_wait_seconds=flags["drain_wait"],
            access_log=flags["access_log"],
            log_level=flags["log_level"],
        )
    except SettingsError as error:
        raise CommandError(str(error)) from error


def controller_settings(flags: Flags, environment: Mapping[str, str]) -> ControllerSettings:
    """Return how the API server is used; the pod tells who it is by POD_NAME and POD_NAMESPACE. Raises CommandError."""
    name, namespace = environment.get("POD_NAME", ""), environment.get("POD_NAMESPACE", "")
    status = _status_settings(flags)
    try:
        return ControllerSettings(
            kubeconfig=flags["kubeconfig"] or "",
            context=flags["context"] or "",
            namespaces=tuple(dict.fromkeys(flags["namespaces"])),
            selectors={plural: flags[flag] for flag, plural in SELECTORS.items() if flags[flag]},
            status=status,
            pod=ObjectName(namespace, name) if name and namespace else None,
            election_name=flags["election_id"],
            election_namespace=flags["election_namespace"] or namespace or _namespace_of_account(),
        )
    except SettingsError as error:
        raise CommandError(str(error)) from error


def translation_of_cluster(flags: Flags) -> TranslationSettings:
    """Return how the objects of a cluster are translated, where authors do not trust each other."""
    return TranslationSettings(
        classes=ClassSelection(
            controller_name=flags["controller_name"],
            served=class_names(flags["ingress_classes"]),
            without_class=flags["watch_ingress_without_class"],
        ),
        external_names=flags["allow_external_names"],
        loopback=flags["allow_local_endpoints"],
        programs=allowed_programs(_program_flags(flags)),
    )


def translation_of_files(flags: Flags) -> TranslationSettings:
    """Return how the files of an operator are translated: every class is theirs, and so is the machine."""
    return TranslationSettings(
        classes=ClassSelection(
            served=class_names(flags["ingress_classes"]), every_class=True, without_class=True, emulate_admission=True
        ),
        local_endpoints=local_endpoints(flags["mappings"]),
        external_names=flags["allow_external_names"],
        loopback=True,
        advise_local_endpoints=True,
        suggest_services=True,
        programs=allowed_programs(_program_flags(flags)),
    )


def _namespace_of_account(file: Path = NAMESPACE_OF_ACCOUNT) -> str:
    """Return the namespace that a pod's service account is in; outside a pod, what kubectl would use."""
    try:
        return file.read_text(encoding="utf-8").strip() or DEFAULT_NAMESPACE
    except (OSError, UnicodeDecodeError):
        return DEFAULT_NAMESPACE


def _program_flags(flags: Flags) -> ProgramFlags:
    return ProgramFlags(
        middleware=flags["middleware"],
        allowed_middleware=flags["allowed_middleware"],
        allowed_handlers=flags["allowed_handlers"],
    )


def _status_settings(flags: Flags) -> StatusSettings | None:
    if flags["no_status"]:
        if flags["publish_service"] or flags["status_addresses"]:
            raise CommandError("--no-status: no status is written, so there is no address to give; leave one out")
        return None
    try:
        return StatusSettings(
            service=ObjectName.parse(flags["publish_service"]) if flags["publish_service"] else None,
            addresses=tuple(dict.fromkeys(flags["status_addresses"])),
        )
    except SettingsError as error:
        raise CommandError(f"--publish-service: {error}") from error

"""What an operator decided about translation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from ingressd.translate.annotations.programs import NOTHING_ALLOWED, AllowedPrograms
from ingressd.translate.classes import ClassSelection
from ingressd.translate.local_endpoints import LocalEndpoint, LocalEndpoints


class TranslationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The defaults are those of a cluster, where the authors of manifests do not trust each other.

    ``external_names``: Services of type ExternalName are served. Off, because one reaches any name that the
    controller can resolve, in any namespace. ``loopback``: endpoints may have loopback, link-local and unspecified
    addresses, which belong to the machine of the controller. ``unsupported_security``: what becomes of the routes of
    an Ingress that asks for protection which ingressd does not have: ``deny`` answers every request to them with 503.
    ``advise_local_endpoints``: advice names the ``--map`` flag, which only exists where files are served.
    ``suggest_services``: who names a Service that does not exist is told of those with its name in other namespaces
    and with a similar one. Off, because in a cluster not everyone may know them.
    ``local_authority``: a host whose Secret is missing or unusable gets a certificate of the local authority, so that
    neither is an error. ``programs`` is the Python code that an Ingress may ask for.
    """

    classes: ClassSelection = ClassSelection()
    local_endpoints: LocalEndpoints = LocalEndpoints()
    external_names: bool = False
    loopback: bool = False
    unsupported_security: Literal["deny", "warn"] = "deny"
    advise_local_endpoints: bool = False
    suggest_services: bool = False
    local_authority: bool = False
    programs: AllowedPrograms = NOTHING_ALLOWED

    @classmethod
    def development(
        cls,
        *,
        served: Iterable[str] = (),
        local_endpoints: Iterable[LocalEndpoint] = (),
        programs: AllowedPrograms = NOTHING_ALLOWED,
    ) -> TranslationSettings:
        """For manifests of the person who runs ingressd, on their own machine, without a cluster.

        Raises LocalEndpointError when two mappings say the same Service.
        """
        return cls(
            classes=ClassSelection(
                served=frozenset(served), every_class=True, without_class=True, emulate_admission=True
            ),
            local_endpoints=LocalEndpoints(tuple(local_endpoints)),
            external_names=True,
            loopback=True,
            unsupported_security="warn",
            advise_local_endpoints=True,
            suggest_services=True,
            local_authority=True,
            programs=programs,
        )

"""Mappings of ``--map`` that change nothing: misspelt, in the wrong namespace, or for a port that nobody uses."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingressd.resources.problem import Problem, Severity
from ingressd.resources.store import Store
from ingressd.routing.upstream import UpstreamKey
from ingressd.translate.local_endpoints import LocalEndpoint, LocalEndpoints
from ingressd.translate.upstream_name import UpstreamName
from ingressd.translate.upstreams import find_port

MAX_REPORTED = 20
MAX_NAMES_SHOWN = 10
MAX_NAMES_COMPARED = 1000
MAX_NAME_LENGTH = 63
"""Looking for the nearest name takes time in the length of both, and their number."""


class _Used(NamedTuple):
    """A Service port that an Ingress names, as written and in all its spellings."""

    name: UpstreamName
    spellings: frozenset[str]


def unused_mappings(mappings: LocalEndpoints, upstreams: Iterable[UpstreamKey], store: Store) -> tuple[Problem, ...]:
    """Return a warning for each mapping that no backend gets its endpoint from, in the order of the mappings.

    ``upstreams`` are those that Ingresses name; ``store`` knows their Services, whose ports have several spellings.
    """
    if not mappings.entries:
        return ()
    used = [_used(UpstreamName.of(key), store) for key in sorted(upstreams)]
    chosen = {mappings.lookup(each.name.namespace, each.name.service, *each.spellings) for each in used}
    unused = [mapping for mapping in mappings.entries if mapping not in chosen]
    found = [_problem(mapping, used) for mapping in unused[:MAX_REPORTED]]
    if len(unused) > MAX_REPORTED:
        found.append(
            _warning(
                f"{len(unused) - MAX_REPORTED} more mappings of --map have no effect.",
                "Correct or remove those above to see the others.",
            )
        )
    return tuple(found)


def _used(name: UpstreamName, store: Store) -> _Used:
    service = store.service(name.namespace, name.service)
    port = find_port(service, name.port) if service is not None else None
    return _Used(name, frozenset((name.port, *((port.name, str(port.port)) if port is not None else ()))))


def _problem(mapping: LocalEndpoint, used: Sequence[_Used]) -> Problem:
    flag = f"--map {mapping.written}"
    same_service = [each for each in used if each.name.service == mapping.service]
    same_object = [each for each in same_service if mapping.namespace in ("", each.name.namespace)]
    if any(not mapping.service_port or mapping.service_port in each.spellings for each in same_object):
        return _warning(
            f"{flag} has no effect: every Service port that it stands for is mapped more precisely.",
            "Remove it, or the --map that has a namespace or a port.",
        )
    where = f" in namespace {mapping.namespace}" if mapping.namespace else ""
    if same_object:
        ports = _listed(each.name.port for each in same_object)
        return _warning(
            f"{flag} has no effect: no Ingress that is served uses port {mapping.service_port} of Service "
            f"{mapping.service}{where}.",
            f"Ingresses use its {ports}: name that, or leave the port out.",
        )
    message = f"{flag} has no effect: no Ingress that is served uses a Service {mapping.service}{where}."
    if same_service:
        namespaces = _listed((each.name.namespace for each in same_service), "namespace")
        return _warning(message, f"Ingresses use one in {namespaces}: write that one, or leave the namespace out.")
    return _warning(message, _nearest(mapping, used))


def _nearest(mapping: LocalEndpoint, used: Sequence[_Used]) -> str:
    names = list(dict.fromkeys(each.name.service for each in used if mapping.namespace in ("", each.name.namespace)))
    compared = [name for name in names[:MAX_NAMES_COMPARED] if len(name) <= MAX_NAME_LENGTH]
    close = difflib.get_close_matches(mapping.service[:MAX_NAME_LENGTH], compared, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    if names:
        return f"Ingresses use {_listed(names, 'Service')}: correct the name, or remove the mapping."
    where = f" in namespace {mapping.namespace}" if mapping.namespace else ""
    return f"No Ingress{where} uses any Service: check the paths of the manifests, or remove the mapping."


def _listed(names: Iterable[str], noun: str = "port") -> str:
    known = sorted(set(names))
    shown = ", ".join(known[:MAX_NAMES_SHOWN]) + (", …" if len(known) > MAX_NAMES_SHOWN else "")
    return f"{noun} {shown}" if len(known) == 1 else f"{noun}s {shown}"


def _warning(message: str, advice: str) -> Problem:
    return Problem(Severity.WARNING, "unused_mapping", message, advice=advice)

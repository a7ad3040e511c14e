"""One virtual host, from the claims of every Ingress that names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ingressd.resources.problem import Problem
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.virtual_host import VirtualHost
from ingressd.translate.certificate_choice import choose_certificate
from ingressd.translate.claims import Claims
from ingressd.translate.conflicts import settle, settle_fallback
from tls.key_pair import KeyPair


class HostTranslation(msgspec.Struct, frozen=True):
    """``virtual_host`` is None when nobody claims the host any more."""

    virtual_host: VirtualHost | None
    problems: tuple[Problem, ...] = ()


def translate_host(host: str, claims: Iterable[Claims], key_pairs: Mapping[str, KeyPair]) -> HostTranslation:
    """Translate the canonical ``host``, in whatever order the claims come; ``key_pairs`` are those in use now.

    The paths of all Ingresses are merged. A rule without paths only makes the host exist: its requests go to the
    default backend of its Ingress, and without one to that of any host.
    """
    ordered = sorted(claims, key=lambda claim: claim.precedence)
    wanted = [found for claim in ordered if (found := claim.hosts.get(host)) is not None]
    choice = choose_certificate(host, ordered, key_pairs)
    if not wanted:
        if choice.name is None:
            return HostTranslation(None, choice.problems)
        tls_only = VirtualHost(host=host, paths=PathTrie(()), routed=False, certificate=choice.name)
        return HostTranslation(tls_only, choice.problems)
    settlement = settle(route for claim in wanted for route in claim.routes)
    fallback, fallback_problems = settle_fallback(claim.fallback for claim in wanted if claim.fallback is not None)
    return HostTranslation(
        VirtualHost(host=host, paths=PathTrie(settlement.routes), fallback=fallback, certificate=choice.name),
        settlement.problems + fallback_problems + choice.problems,
    )

"""Why a request goes where it goes, as data: printed by ``ingressd explain`` and served by the admin API.

Every struct is encodable by msgspec; ``why`` is always one sentence.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ingressd.resources.problem import Location, Problem


class Spelling(msgspec.Struct, frozen=True):
    """A part of the URL as it was written and as it is compared; ``changes`` say what differs."""

    written: str
    canonical: str
    changes: tuple[str, ...] = ()


class HostCandidate(msgspec.Struct, frozen=True):
    """``host`` is canonical, and empty for any host. At most one candidate is chosen."""

    host: str
    kind: Literal["exact", "wildcard", "any"]
    matched: bool
    chosen: bool
    why: str


class RouteCandidate(msgspec.Struct, frozen=True):
    """A path of the chosen host. ``kind`` is exact, prefix or regex; ``origin`` reads ``namespace/name#rule/path``."""

    kind: str
    path: str
    origin: str
    matched: bool
    won: bool
    why: str


class Winner(msgspec.Struct, frozen=True):
    """The rule that takes the request. ``rule`` and ``path`` are indexes from 0, both None for a default backend.
    ``annotations`` are those that have an effect. ``forwarded_path`` is what the upstream is asked for; empty when
    the rewrite leads above the root, which is refused. ``middleware`` is the Python code that the request passes, from
    the outermost on; ``handler`` answers it in place of an upstream."""

    namespace: str
    ingress: str
    rule: int | None
    path: int | None
    location: Location | None
    class_name: str
    class_why: str
    annotations: dict[str, str]
    rewrite: str
    captures: tuple[str, ...]
    forwarded_path: str
    middleware: tuple[str, ...] = ()
    handler: str = ""


LOCAL_AUTHORITY = "local_authority"


class CertificateExplanation(msgspec.Struct, frozen=True):
    """What a TLS client gets that asks for the host. ``secret`` is ``namespace/name``, empty when it comes from none;
    ``step`` is listed or covering for one from a Secret, else default (the listener's) or ``LOCAL_AUTHORITY``, which
    issues one for the name asked for; ``host`` is the virtual host that chose it."""

    secret: str
    step: str
    host: str
    ingress: str
    why: str


class EndpointExplanation(msgspec.Struct, frozen=True):
    """Conditions as the slice states them: None where it says nothing."""

    address: str
    slice: str
    pod: str
    ready: bool | None
    serving: bool | None
    terminating: bool | None
    used: bool
    why: str


class BackendExplanation(msgspec.Struct, frozen=True):
    """``port`` is what the Ingress wrote; ``service_port`` and ``target_port`` are what the Service says of it."""

    namespace: str
    service: str
    port: str
    service_port: str
    target_port: str
    endpoints: tuple[EndpointExplanation, ...]
    used: tuple[str, ...]
    why: str


class FinalAnswer(msgspec.Struct, frozen=True):
    """``status`` is None and ``reason`` empty when the request is forwarded, or answered by a handler; else they are
    the error that ingressd answers with itself."""

    forwarded: bool
    status: int | None
    reason: str
    why: str

    @property
    def refused(self) -> bool:
        return not self.forwarded and self.status is not None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The whole decision for one request, in the order in which it is made.

    ``routes_left_out`` counts the paths of the host that are not listed; those that match always are. ``problems``
    are those that touch this request; ``problems_left_out`` counts the others of the Ingress that takes it, or, when
    none does, of those that name the host.
    """

    method: str
    url: str
    host: Spelling
    path: Spelling
    hosts: tuple[HostCandidate, ...] = ()
    routes: tuple[RouteCandidate, ...] = ()
    routes_left_out: int = 0
    winner: Winner | None = None
    certificate: CertificateExplanation
    backend: BackendExplanation | None = None
    answer: FinalAnswer
    problems: tuple[Problem, ...] = ()
    problems_left_out: int = 0

"""Problems as warnings about the Ingresses that they concern."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ingressd.controller.controller import Controller
from ingressd.kube.event import EventReport
from ingressd.resources.endpoint_slice import EndpointSlice
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Problem


class Concerned(NamedTuple):
    """An Ingress, and the place in it."""

    ingress: ObjectKey
    path: str


def event_reports(controller: Controller) -> tuple[EventReport, ...]:
    """Return one warning for each problem and each Ingress of ours that it concerns, in the order of the problems.

    An Ingress concerns itself; a Secret, a Service or an EndpointSlice those that use it, an IngressClass those that
    name it: authors look at their Ingress. What concerns no Ingress of ours gives none.
    """
    reports: dict[EventReport, None] = {}
    for problem in controller.problems():
        for concerned in _concerned(controller, problem):
            ingress = controller.store.ingress(concerned.ingress.namespace, concerned.ingress.name)
            if ingress is not None and _is_ours(controller, concerned.ingress, problem):
                report = EventReport(
                    concerned.ingress,
                    ingress.metadata.uid,
                    event_reason(problem.code),
                    _message(problem, concerned.ingress),
                    concerned.path,
                )
                reports[report] = None
    return tuple(reports)


def event_reason(code: str) -> str:
    """``no_service`` as Events spell it: ``NoService``."""
    return "".join(word.capitalize() for word in code.split("_"))


def _concerned(controller: Controller, problem: Problem) -> Iterator[Concerned]:
    key = problem.key
    if key is None:
        return
    claims = controller.translation.claims
    if key.kind is Kind.INGRESS:
        yield Concerned(key, problem.path)
    elif key.kind is Kind.SECRET:
        for use in sorted(claims.uses_of_secret(f"{key.namespace}/{key.name}")):
            yield Concerned(use.ingress, f"spec.tls[{use.entry}].secretName")
    elif key.kind is Kind.SERVICE:
        yield from _users_of_service(controller, key.namespace, key.name)
    elif key.kind is Kind.ENDPOINT_SLICE:
        found = controller.store.get(key)
        if isinstance(found, EndpointSlice) and found.service_name:
            yield from _users_of_service(controller, key.namespace, found.service_name)
    elif key.kind is Kind.INGRESS_CLASS:
        for ingress in sorted(controller.store.ingresses_of_class(key.name)):
            yield Concerned(ingress, "spec.ingressClassName")


def _users_of_service(controller: Controller, namespace: str, service: str) -> Iterator[Concerned]:
    """Each Ingress once, at the first backend that names the Service."""
    claims = controller.translation.claims
    seen: set[ObjectKey] = set()
    for upstream in sorted(claims.upstreams_of_service(namespace, service)):
        for use in sorted(claims.uses_of_upstream(upstream)):
            if use.ingress not in seen:
                seen.add(use.ingress)
                yield Concerned(use.ingress, use.path)


def _is_ours(controller: Controller, ingress: ObjectKey, problem: Problem) -> bool:
    """Also when the decision that it is none of ours is what the problem is about."""
    claims = controller.translation.claims.get(ingress)
    return claims is not None and (claims.decision.served or problem in claims.decision.problems)


def _message(problem: Problem, about: ObjectKey) -> str:
    """The advice too; and the object that has the problem, unless it is the Ingress itself or named anyway."""
    text = f"{problem.message} {problem.advice}".rstrip()
    key = problem.key
    if key is None or key == about or f"{key.namespace}/{key.name}".lstrip("/") in problem.message:
        return text
    return f"{key}: {text}"

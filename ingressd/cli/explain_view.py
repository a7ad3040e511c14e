"""A decision as text, in the order in which it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingressd.cli.palette import PLAIN, Palette
from ingressd.cli.problem_view import counted, format_problems
from ingressd.controller.explanation import (
    LOCAL_AUTHORITY,
    BackendExplanation,
    CertificateExplanation,
    EndpointExplanation,
    Explanation,
    Spelling,
    Winner,
)
from ingressd.telemetry.request_line import printable

CHOSEN = "✓"
REFUSED = "✗"
ANY_HOST_TEXT = "(any host)"
_INDENT = "  "


def format_explanation(explanation: Explanation, *, palette: Palette = PLAIN) -> tuple[str, ...]:
    """Return a section for each step, and the answer last, where the eye is after a long text.

    An ``http://`` URL meets no certificate, so there is no section for it.
    """
    lines = [palette.heading(printable(f"{explanation.method} {explanation.url}"))]
    for title, section in _sections(explanation, palette):
        lines.append(palette.heading(title))
        lines.extend(f"{_INDENT}{line}" for line in section)
    if explanation.problems or explanation.problems_left_out:
        lines.append(palette.heading("Problems"))
        lines.extend(f"{_INDENT}{line}" for line in format_problems(explanation.problems, palette=palette))
        lines.extend(f"{_INDENT}{line}" for line in _left_out(explanation))
    lines.append(_answer(explanation, palette))
    return tuple(lines)


def _sections(explanation: Explanation, palette: Palette) -> Iterator[tuple[str, Iterable[str]]]:
    yield "Host", [*_spelling(explanation.host), *_hosts(explanation, palette)]
    if not explanation.url.lower().startswith("http://"):
        yield "TLS certificate", _certificate(explanation.certificate, explanation.host.canonical)
    yield "Path", [*_spelling(explanation.path), *_paths(explanation, palette)]
    if explanation.winner is not None:
        yield "Rule", _winner(explanation.winner)
    if explanation.winner is not None and (explanation.winner.middleware or explanation.winner.handler):
        yield "Python code", _code(explanation.winner)
    if explanation.backend is not None:
        yield "Backend", _backend(explanation.backend, palette)


def _spelling(spelling: Spelling) -> Iterator[str]:
    written, canonical = printable(spelling.written), printable(spelling.canonical)
    yield canonical if written == canonical else f"{written} is compared as {canonical or 'nothing'}"
    yield from (f"{_INDENT}{printable(change)}" for change in spelling.changes)


def _hosts(explanation: Explanation, palette: Palette) -> Iterator[str]:
    for candidate in explanation.hosts:
        yield _marked(candidate.chosen, candidate.host or ANY_HOST_TEXT, candidate.why, palette)


def _paths(explanation: Explanation, palette: Palette) -> Iterator[str]:
    for candidate in explanation.routes:
        name = f"{candidate.kind} {candidate.path} of {candidate.origin}"
        yield _marked(candidate.won, name, candidate.why, palette)
    if explanation.routes_left_out:
        yield f"… and {explanation.routes_left_out} more paths that do not match"


def _certificate(certificate: CertificateExplanation, host: str) -> Iterator[str]:
    if certificate.secret:
        yield printable(f"Secret {certificate.secret}")
    elif certificate.step == LOCAL_AUTHORITY:
        yield printable(f"a certificate of the local CA for {host or 'localhost'}")
    else:
        yield "the listener's default certificate"
    yield f"{_INDENT}{printable(certificate.why)}"


def _winner(winner: Winner) -> Iterator[str]:
    place = f" at {winner.location}" if winner.location is not None else ""
    yield printable(f"Ingress {winner.namespace}/{winner.ingress}, {_rule(winner)}{place}")
    yield f"{_INDENT}{printable(winner.class_why)}"
    for name, value in sorted(winner.annotations.items()):
        yield f"{_INDENT}{printable(f'annotation {name}: {value}')}"
    if winner.rewrite:
        captured = ", ".join(f"${number} = {text!r}" for number, text in enumerate(winner.captures, start=1))
        how = f"{winner.rewrite} with {captured}" if captured else winner.rewrite
        path = winner.forwarded_path or "one above the root, which is refused"
        yield f"{_INDENT}{printable(f'the path becomes {path}: {how}')}"


def _code(winner: Winner) -> Iterator[str]:
    yield from (printable(f"middleware {name}") for name in winner.middleware)
    if winner.handler:
        yield printable(f"handler {winner.handler}")


def _rule(winner: Winner) -> str:
    if winner.rule is None:
        return "its default backend"
    return f"rule {winner.rule}" if winner.path is None else f"rule {winner.rule}, path {winner.path}"


def _backend(backend: BackendExplanation, palette: Palette) -> Iterator[str]:
    port = f", which is Service port {backend.service_port}" if backend.service_port else ""
    target = f" to container port {backend.target_port}" if backend.target_port else ""
    yield printable(f"Service {backend.namespace}/{backend.service}, port {backend.port}{port}{target}")
    yield f"{_INDENT}{printable(backend.why)}"
    for endpoint in backend.endpoints:
        yield _marked(endpoint.used, _endpoint(endpoint), endpoint.why, palette)
    listed = {endpoint.address for endpoint in backend.endpoints}
    yield from (f"{palette.good(CHOSEN)} {printable(address)}" for address in backend.used if address not in listed)


def _endpoint(endpoint: EndpointExplanation) -> str:
    pod = f" pod {endpoint.pod}" if endpoint.pod else ""
    conditions = ", ".join(
        f"{name} {'not set' if value is None else str(value).lower()}"
        for name, value in (
            ("ready", endpoint.ready),
            ("serving", endpoint.serving),
            ("terminating", endpoint.terminating),
        )
    )
    return f"{endpoint.address}{pod} in EndpointSlice {endpoint.slice} ({conditions})"


def _left_out(explanation: Explanation) -> Iterator[str]:
    if not explanation.problems_left_out:
        return
    winner = explanation.winner
    whose = f"Ingress {winner.namespace}/{winner.ingress}" if winner is not None else "the Ingresses of this host"
    count = counted(explanation.problems_left_out, "more problem" if explanation.problems else "problem")
    yield printable(f"{count} of {whose} that this request does not touch: ingressd check")


def _answer(explanation: Explanation, palette: Palette) -> str:
    answer = explanation.answer
    why = printable(answer.why)
    if answer.forwarded:
        return f"{palette.good('Forwarded:')} {why}"
    if not answer.refused:
        return f"{palette.good('Answered here:')} {why}"
    return f"{palette.error(f'{answer.status} {answer.reason}:')} {why}"


def _marked(chosen: bool, name: str, why: str, palette: Palette) -> str:
    mark = palette.good(CHOSEN) if chosen else palette.faint(REFUSED)
    return f"{mark} {printable(name)}: {printable(why)}"

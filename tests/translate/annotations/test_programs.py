from __future__ import annotations

import pytest

from ingressd.policies.program import Program
from ingressd.resources.findings import Findings
from ingressd.resources.problem import Problem, Severity
from ingressd.translate.annotations.effects import Effects, read_effects
from ingressd.translate.annotations.programs import HANDLER, MAX_MIDDLEWARE, MIDDLEWARE, AllowedPrograms

ALLOWED = AllowedPrograms(middleware=("cors", "api-key"), handlers=("page",))


def read(annotations: dict[str, str], allowed: AllowedPrograms = ALLOWED) -> tuple[Effects, tuple[Problem, ...]]:
    problems = Findings()
    return read_effects(annotations, "warn", problems, allowed), problems.problems(None)


@pytest.mark.parametrize(
    ("annotations", "program", "in_force"),
    [
        ({}, None, ()),
        ({MIDDLEWARE: "", HANDLER: " "}, None, ()),
        ({MIDDLEWARE: "api-key"}, Program(("api-key",)), (MIDDLEWARE,)),
        ({MIDDLEWARE: " api-key ,cors,"}, Program(("api-key", "cors")), (MIDDLEWARE,)),
        ({HANDLER: "page"}, Program((), "page"), (HANDLER,)),
        ({HANDLER: "page", MIDDLEWARE: "cors"}, Program(("cors",), "page"), (HANDLER, MIDDLEWARE)),
    ],
)
def test_names_that_are_allowed(
    annotations: dict[str, str], program: Program | None, in_force: tuple[str, ...]
) -> None:
    effects, problems = read(annotations)
    assert (effects.program, effects.in_force, effects.denied, problems) == (program, in_force, "", ())


@pytest.mark.parametrize(
    ("annotations", "code", "advice"),
    [
        ({MIDDLEWARE: "api-keys"}, "unknown_middleware", "Allowed here: api-key, cors. Name one of them, or start"),
        ({MIDDLEWARE: "cors, os:system"}, "unknown_middleware", "--allow-middleware NAME=package.module:factory"),
        ({MIDDLEWARE: "page"}, "unknown_middleware", "--allow-middleware page=package.module:factory"),
        ({HANDLER: "page, page"}, "unknown_handler", "Allowed here: page."),
        ({HANDLER: "PAGE"}, "unknown_handler", "--allow-handler PAGE=package.module:factory"),
        ({MIDDLEWARE: ",".join(f"m{n}" for n in range(MAX_MIDDLEWARE + 1))}, "too_many_middlewares", "Make one"),
    ],
)
def test_anything_else_denies_the_routes_also_on_a_developers_machine(
    annotations: dict[str, str], code: str, advice: str
) -> None:
    effects, (problem,) = read(annotations)
    assert (problem.severity, problem.code) == (Severity.ERROR, code)
    assert advice in problem.advice
    assert "503" in problem.message
    [name] = annotations
    assert name in effects.denied
    assert effects.program is None
    assert "cors" not in effects.denied


def test_where_nothing_is_allowed() -> None:
    effects, (problem,) = read({MIDDLEWARE: "cors"}, AllowedPrograms())
    assert effects.denied
    assert problem.advice.startswith("No middleware is allowed here: start ingressd with --allow-middleware cors=")


def test_a_name_twice_is_once() -> None:
    effects, (problem,) = read({MIDDLEWARE: "cors, cors"})
    assert effects.program == Program(("cors",))
    assert (problem.severity, problem.code) == (Severity.WARNING, "repeated_middleware")


@pytest.mark.parametrize("name", ["ingressd.dev/middlewares", "ingressd.dev/middelware", "ingressd.dev/handlers"])
def test_a_misspelt_annotation_denies(name: str) -> None:
    problems = Findings()
    effects = read_effects({name: "cors"}, "deny", problems, ALLOWED)
    [problem] = problems.problems(None)
    assert problem.code == "misspelt_security_annotation"
    assert "ingressd.dev/" in problem.advice
    assert effects.denied


def test_behind_the_prefix_of_another_controller_it_is_no_annotation() -> None:
    effects, (problem,) = read({"nginx.ingress.kubernetes.io/middleware": "cors"})
    assert (problem.code, effects.program) == ("unknown_annotation", None)
    assert "ingressd.dev/middleware" in problem.advice

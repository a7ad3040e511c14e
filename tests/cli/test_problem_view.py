"""Problems as text."""

from __future__ import annotations

import pytest

from ingressd.cli.palette import Palette
from ingressd.cli.problem_view import counted, format_problem, format_problems, summarise
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location, Problem, Severity

SERVICE_MISSING = Problem(
    severity=Severity.ERROR,
    code="no_service",
    message="Service shop/cart does not exist.",
    key=ObjectKey(Kind.INGRESS, "shop", "web"),
    path="spec.rules[0].http.paths[1].backend",
    advice="Add the Service, or map it to a local port: --map shop/cart=3000.",
    location=Location("k8s/shop.yaml", 12),
)
CLASS_WIDE = Problem(
    severity=Severity.WARNING, code="x", message="It is odd.", key=ObjectKey(Kind.INGRESS_CLASS, "", "nginx")
)
FILE_WIDE = Problem(
    severity=Severity.ERROR, code="not_utf8", message="The file is not UTF-8.", location=Location("a.yaml", 1)
)


def test_a_problem_with_everything() -> None:
    assert format_problem(SERVICE_MISSING) == (
        "k8s/shop.yaml:12: error: Ingress shop/web spec.rules[0].http.paths[1].backend: "
        "Service shop/cart does not exist.",
        "    Add the Service, or map it to a local port: --map shop/cart=3000.",
    )


def test_a_problem_without_a_place_or_field() -> None:
    assert format_problem(CLASS_WIDE) == ("warning: IngressClass nginx: It is odd.",)


def test_a_problem_of_a_file() -> None:
    assert format_problem(FILE_WIDE) == ("a.yaml:1: error: The file is not UTF-8.",)


def test_colours() -> None:
    first, second = format_problem(SERVICE_MISSING, palette=Palette(enabled=True))
    assert first.startswith("k8s/shop.yaml:12: \x1b[31;1merror:\x1b[0m Ingress shop/web")
    assert second.startswith("\x1b[2m    Add")
    assert format_problem(CLASS_WIDE, palette=Palette(enabled=True))[0].startswith("\x1b[33mwarning:\x1b[0m")


def test_text_from_a_file_cannot_act_on_the_terminal() -> None:
    problem = Problem(severity=Severity.ERROR, code="x", message="bad \x1b[2J", advice="\r", location=Location("\n", 1))
    assert format_problem(problem) == ("\\n:1: error: bad \\x1b[2J", "    \\r")


def test_problems_keep_their_order() -> None:
    assert format_problems([FILE_WIDE, CLASS_WIDE]) == (*format_problem(FILE_WIDE), *format_problem(CLASS_WIDE))


@pytest.mark.parametrize(
    ("problems", "text"),
    [
        ([], "no problems"),
        ([FILE_WIDE], "1 error"),
        ([CLASS_WIDE], "1 warning"),
        ([FILE_WIDE, CLASS_WIDE, SERVICE_MISSING], "2 errors, 1 warning"),
    ],
)
def test_summary(problems: list[Problem], text: str) -> None:
    assert summarise(problems) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(0, "file", "0 files"), (1, "Ingress", "1 Ingress"), (2, "Ingress", "2 Ingresses"), (10, "error", "10 errors")],
)
def test_counted(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text

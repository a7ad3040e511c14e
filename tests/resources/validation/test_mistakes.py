from __future__ import annotations

import pytest

from ingressd.resources.ingress import (
    CLASS_ANNOTATION,
    Backend,
    HttpPath,
    HttpRule,
    Ingress,
    IngressSpec,
    Rule,
    ServiceBackend,
    ServicePort,
    Tls,
)
from ingressd.resources.metadata import Metadata
from ingressd.resources.problem import Problem
from ingressd.resources.validation import validate
from ingressd.resources.validation.mistakes import REGEX_ANNOTATION, REWRITE_ANNOTATION

WEB = Backend(ServiceBackend("web", ServicePort(number=80)))


def path(text: str, path_type: str = "Prefix") -> HttpPath:
    return HttpPath(path=text, path_type=path_type, backend=WEB)


def warnings(
    *rules: Rule,
    annotations: dict[str, str] | None = None,
    class_name: str | None = None,
    tls_hosts: tuple[str, ...] = (),
) -> list[Problem]:
    spec = IngressSpec(rules=rules, ingress_class_name=class_name, tls=(Tls(tls_hosts, "tls"),), default_backend=WEB)
    metadata = Metadata(name="web", namespace="shop", annotations=annotations or {})
    problems = validate(Ingress(metadata=metadata, spec=spec))
    assert all(problem.severity == "warning" and problem.advice for problem in problems)
    return list(problems)


@pytest.mark.parametrize(
    ("annotation", "class_name", "expected"),
    [("nginx", "nginx", 0), ("nginx", None, 0), (None, "nginx", 0), ("nginx", "other", 1), ("", "nginx", 1)],
)
def test_class(annotation: str | None, class_name: str | None, expected: int) -> None:
    annotations = {} if annotation is None else {CLASS_ANNOTATION: annotation}
    found = warnings(annotations=annotations, class_name=class_name)
    assert [problem.code for problem in found] == ["class_mismatch"] * expected
    assert all(problem.path == f"metadata.annotations[{CLASS_ANNOTATION}]" for problem in found)


@pytest.mark.parametrize(
    ("annotations", "path_type", "text", "expected"),
    [
        ({}, "ImplementationSpecific", "/foo(/|$)(.*)", 1),
        ({}, "ImplementationSpecific", "/favicon.ico", 0),
        ({}, "ImplementationSpecific", "", 0),
        ({}, "Prefix", "/a+b", 0),
        ({}, "Prefix", "/$metadata", 0),
        ({}, "Prefix", "/foo(/|$)(.*)", 1),
        ({}, "Prefix", "/e/*", 1),
        ({}, "Prefix", "/foo$", 1),
        ({}, "Prefix", "/users/{id}", 1),
        ({REGEX_ANNOTATION: "true"}, "Prefix", "/foo(/|$)(.*)", 0),
        ({REWRITE_ANNOTATION: "/$2"}, "Prefix", "/foo(/|$)(.*)", 0),
        ({}, "Exact", "/a+b", 0),
        ({}, "Exact", "/e/*", 1),
        ({REGEX_ANNOTATION: "true"}, "Exact", "/e/*", 1),
        ({REGEX_ANNOTATION: "true"}, "ImplementationSpecific", "/a+", 0),
        ({REGEX_ANNOTATION: "false"}, "ImplementationSpecific", "/a+", 1),
        ({REWRITE_ANNOTATION: "/$2"}, "ImplementationSpecific", "/foo(/|$)(.*)", 0),
    ],
)
def test_a_regular_expression_that_is_none(
    annotations: dict[str, str], path_type: str, text: str, expected: int
) -> None:
    found = warnings(Rule("a", HttpRule((path(text, path_type),))), annotations=annotations)
    assert [(problem.code, problem.path) for problem in found] == [
        ("literal_regex", "spec.rules[0].http.paths[0].path")
    ] * expected


@pytest.mark.parametrize(
    ("annotations", "path_type", "advice"),
    [
        ({}, "Prefix", f'Add the annotation "{REGEX_ANNOTATION}: \\"true\\"" if it is one.'),
        (
            {},
            "Exact",
            'An Exact path never is one: if it should be, write "pathType: ImplementationSpecific" and add the '
            f'annotation "{REGEX_ANNOTATION}: \\"true\\"".',
        ),
        (
            {REGEX_ANNOTATION: "true"},
            "Exact",
            'An Exact path never is one: if it should be, write "pathType: ImplementationSpecific".',
        ),
    ],
)
def test_what_makes_it_a_regular_expression(annotations: dict[str, str], path_type: str, advice: str) -> None:
    (problem,) = warnings(Rule("a", HttpRule((path("/e/*", path_type),))), annotations=annotations)
    assert problem.message == '"/e/*" looks like a regular expression, but it is matched literally.'
    assert problem.advice == advice


@pytest.mark.parametrize(
    ("rule_hosts", "tls_host", "expected"),
    [
        (["a.example"], "a.example", 0),
        (["a.example"], "b.example", 1),
        (["a.example"], "*.example", 0),
        (["*.example"], "a.example", 0),
        (["*.example"], "*.example", 0),
        (["*.example"], "a.b.example", 1),
        (["a.b.example"], "*.example", 1),
        (["a.example", ""], "b.example", 0),
        ([], "b.example", 0),
    ],
)
def test_a_tls_host_without_a_rule(rule_hosts: list[str], tls_host: str, expected: int) -> None:
    found = warnings(*[Rule(host) for host in rule_hosts], tls_hosts=(tls_host,))
    assert [(problem.code, problem.path) for problem in found] == [
        ("unused_tls_host", "spec.tls[0].hosts[0]")
    ] * expected


def test_the_advice_lists_few_hosts() -> None:
    (problem,) = warnings(*[Rule(f"h{index}") for index in range(9)], tls_hosts=("b.example",))
    assert problem.advice.endswith("h0, h1, h2, h3, h4 and 4 more.")

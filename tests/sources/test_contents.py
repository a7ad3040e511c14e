from __future__ import annotations

import json

import pytest

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location
from ingressd.sources.contents import OTHER_DOCUMENT, Contents, read_contents

NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: {name}
"""


def read(*documents: str) -> Contents:
    return read_contents("---\n".join(documents).encode(), "a.yaml")


def key(name: str) -> ObjectKey:
    return ObjectKey(Kind.NAMESPACE, "", name)


def test_objects_in_order_and_with_origins() -> None:
    contents = read(NAMESPACE.format(name="b"), NAMESPACE.format(name="a"))
    assert [placed.object.key for placed in contents.objects] == [key("b"), key("a")]
    assert [placed.origin.source.first_line for placed in contents.objects] == [1, 5]
    assert (contents.problems, contents.invalid, contents.unknown_part) == ((), frozenset(), False)


def test_an_invalid_object_is_named() -> None:
    contents = read(NAMESPACE.format(name="a"), NAMESPACE.format(name="B"))
    assert [placed.object.key for placed in contents.objects] == [key("a")]
    assert contents.invalid == {key("B")}
    assert not contents.unknown_part
    (problem,) = contents.problems
    assert (problem.key, problem.path, problem.location) == (key("B"), "metadata.name", Location("a.yaml", 9))


def test_an_object_that_does_not_decode_is_named() -> None:
    contents = read(NAMESPACE.format(name="a") + "  labels: {b: true}\n")
    assert contents.objects == ()
    assert contents.invalid == {key("a")}
    assert contents.problems[0].location == Location("a.yaml", 5)


def test_an_object_without_a_name_could_be_any() -> None:
    contents = read("apiVersion: v1\nkind: Namespace\nmetadata: {}\n")
    assert (contents.objects, contents.invalid, contents.unknown_part) == ((), frozenset(), True)
    assert contents.problems[0].location == Location("a.yaml", 3)


def test_a_syntax_error_could_be_any() -> None:
    contents = read(NAMESPACE.format(name="a"), "a: b: c\n", NAMESPACE.format(name="b"))
    assert [placed.object.key for placed in contents.objects] == [key("a"), key("b")]
    assert contents.unknown_part


def test_a_document_that_is_no_object_is_only_a_warning() -> None:
    contents = read("replicaCount: 1\n", NAMESPACE.format(name="a"))
    assert len(contents.objects) == 1
    assert not contents.unknown_part
    assert [(problem.severity, problem.code) for problem in contents.problems] == [("warning", "not_an_object")]


def test_lists() -> None:
    items = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in "aB"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [*items, {"kind": "Secret"}]}, indent=1)
    contents = read_contents(text.encode(), "a.json")
    assert [placed.origin.prefix for placed in contents.objects] == ["items[0]"]
    lines = text.split("\n")
    assert [problem.path for problem in contents.problems] == ["metadata.name", "items[2].apiVersion"]
    places = [problem.location for problem in contents.problems]
    assert places[0] == Location("a.json", 1 + lines.index('    "name": "B"'))
    assert places[1] == Location("a.json", lines.index('   "kind": "Secret"'))


def test_problems_come_in_the_order_of_lines() -> None:
    contents = read("a: 1\n", "a: b: c\n", NAMESPACE.format(name="A"), "a: 1\na: 2\n")
    assert [str(problem.location) for problem in contents.problems] == [
        "a.yaml:1",
        "a.yaml:3",
        "a.yaml:8",
        "a.yaml:11",
    ]


def test_passed_over_kinds_are_counted() -> None:
    pod = "apiVersion: v1\nkind: Pod\n"
    assert read(pod, pod, NAMESPACE.format(name="a")).passed_over == {"v1/Pod": 2}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("package.json", '{"name": "shop", "scripts": {}}'),
        ("tsconfig.json", '{\n  // comment\n  "compilerOptions": {},\n}'),
        ("data.json", "[1, 2]"),
        ("latin.json", "\udce4"),
        ("docker-compose.yml", "services:\n  web: {image: nginx}\n"),
        ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("values.yaml", "replicaCount: 1\n"),
        ("kustomization.yaml", "resources: [web.yaml]\n"),
        ("playbook.yaml", "- hosts: all\n"),
    ],
)
def test_a_file_for_somebody_else_is_only_counted(name: str, content: str) -> None:
    encoded = content.encode("utf-8", "surrogateescape")
    contents = read_contents(encoded, name, may_be_other=True)
    assert (contents.problems, contents.objects, contents.unknown_part) == ((), (), False)
    assert contents.passed_over == {OTHER_DOCUMENT: 1}
    assert read_contents(encoded, name).problems


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.yaml", "a: b: c\n", "syntax_error"),
        ("a.yaml", "kind: Ingress\n", "missing_field"),
        ("a.yaml", "metadata: {name: web}\nspec: {}\n", "not_an_object"),
        ("a.yaml", "apiVersion: v1\nmetadata: {name: web}\n", "missing_field"),
        ("a.json", '{"apiVersion": "v1", "kind": "Secret",, }', "syntax_error"),
        ("a.json", '{"apiVersion": "v1", "kind": "List", "items": [{"a": 1}]}', "not_an_object"),
    ],
)
def test_what_may_be_meant_for_us_is_reported(name: str, content: str, code: str) -> None:
    contents = read_contents(content.encode(), name, may_be_other=True)
    assert [problem.code for problem in contents.problems] == [code]
    assert contents.passed_over == {}


def test_an_empty_document_is_not_counted() -> None:
    assert read_contents(b"# nothing\n--- null\n", "a.yaml", may_be_other=True).passed_over == {}


def test_objects_beside_something_else_are_read() -> None:
    text = f"replicaCount: 1\n---\n{NAMESPACE.format(name='a')}---\n{NAMESPACE.format(name='B')}"
    contents = read_contents(text.encode(), "a.yaml", may_be_other=True)
    assert [placed.object.key for placed in contents.objects] == [key("a")]
    assert contents.invalid == {key("B")}
    assert contents.passed_over == {OTHER_DOCUMENT: 1}

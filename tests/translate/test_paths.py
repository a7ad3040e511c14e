from __future__ import annotations

import pytest

from ingressd.policies.rewrite import Rewrite
from ingressd.resources.findings import Findings
from ingressd.routing.route import PathKind
from ingressd.translate.annotations.rewrite import PathRewriting
from ingressd.translate.paths import LONGEST_PATH, MAX_ELEMENTS, PathMatch, read_path
from tests.support.objects import path

PLAIN = PathRewriting()
PATTERNS = PathRewriting(by_pattern=True)
REWRITTEN = PathRewriting(True, Rewrite("/$2"))


@pytest.mark.parametrize(
    ("text", "kind", "rewriting", "expected"),
    [
        ("/a", "Exact", PLAIN, PathMatch(PathKind.EXACT, "/a")),
        ("/a", "Prefix", PLAIN, PathMatch(PathKind.PREFIX, "/a")),
        ("/a", "ImplementationSpecific", PLAIN, PathMatch(PathKind.PREFIX, "/a")),
        ("", "ImplementationSpecific", PLAIN, PathMatch(PathKind.PREFIX, "/")),
        ("/café", "Prefix", PLAIN, PathMatch(PathKind.PREFIX, "/caf%C3%A9")),
        ("/a", "Exact", PATTERNS, PathMatch(PathKind.EXACT, "/a")),
        ("/a.*", "Prefix", PATTERNS, PathMatch(PathKind.REGEX, "/a.*")),
        ("/a.*", "ImplementationSpecific", PATTERNS, PathMatch(PathKind.REGEX, "/a.*")),
        ("/a(/|$)(.*)", "Prefix", REWRITTEN, PathMatch(PathKind.REGEX, "/a(/|$)(.*)", Rewrite("/$2"))),
        ("/", "Prefix", PathRewriting(True, Rewrite("/")), PathMatch(PathKind.REGEX, "/")),
        ("/a", "Exact", PathRewriting(True, Rewrite("/b")), PathMatch(PathKind.EXACT, "/a", Rewrite("/b"))),
    ],
)
def test_how_a_path_is_matched(text: str, kind: str, rewriting: PathRewriting, expected: PathMatch) -> None:
    problems = Findings()
    assert read_path(path(text, kind=kind), rewriting, "there", problems) == expected
    assert problems.problems(None) == ()


@pytest.mark.parametrize(
    ("text", "kind", "rewriting", "code", "field"),
    [
        ("/a", "", PLAIN, "invalid_path_type", "pathType"),
        ("/a", "prefix", PLAIN, "invalid_path_type", "pathType"),
        ("a", "Prefix", PLAIN, "invalid_path", "path"),
        ("", "Prefix", PLAIN, "invalid_path", "path"),
        ("^/a", "Prefix", PATTERNS, "invalid_path", "path"),
        ("/../a", "Prefix", PLAIN, "invalid_path", "path"),
        ("/" + "a" * LONGEST_PATH, "Prefix", PLAIN, "invalid_path", "path"),
        ("/a" * (MAX_ELEMENTS + 1), "Prefix", PLAIN, "invalid_path", "path"),
        ("/(", "Prefix", PATTERNS, "invalid_pattern", "path"),
        ("/(?!a)", "ImplementationSpecific", PATTERNS, "invalid_pattern", "path"),
    ],
)
def test_a_path_that_cannot_be_matched_is_left_out(
    text: str, kind: str, rewriting: PathRewriting, code: str, field: str
) -> None:
    problems = Findings()
    assert read_path(path(text, kind=kind), rewriting, "there", problems) is None
    (problem,) = problems.problems(None)
    assert (problem.code, problem.path) == (code, f"there.{field}")


@pytest.mark.parametrize(("text", "kind"), [("/a(.*)", "Prefix"), ("/a", "Exact")])
def test_a_reference_without_a_group_is_reported(text: str, kind: str) -> None:
    problems = Findings()
    match = read_path(path(text, kind=kind), REWRITTEN, "there", problems)
    assert match is not None
    assert match.rewrite == Rewrite("/$2")
    assert [problem.code for problem in problems.problems(None)] == ["rewrite_without_group"]

from __future__ import annotations

import pytest
import yaml

from ingressd.sources import composition
from ingressd.sources.composition import DEEPEST, MOST_REPEATED, compose
from ingressd.sources.composition_error import CompositionError


def values(text: str) -> list[object]:
    return [composed.value for composed in compose(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, {c: }]\n", {"a": 1, "b": ["x", {"c": None}]}),
        ("{}", {}),
        ("text", "text"),
        ("a: 'yes'\nb: \"5\"\nc: |\n  5\n", {"a": "yes", "b": "5", "c": "5\n"}),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("!!int '5'", 5),
        ("!local 5", "5"),
        ("!!map {a: !!seq [1]}", {"a": [1]}),
        ("8080: a\n'x': b", {"8080": "a", "x": "b"}),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("&k a: 1\nb: *k\n", {"a": 1, "b": "a"}),
        ("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}),
        ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        ("a: &x {b: 1}\nd: {c: 3, <<: [*x, {b: 2, e: 5}]}", {"a": {"b": 1}, "d": {"b": 1, "c": 3, "e": 5}}),
        ("'<<': 1", {"<<": 1}),
        ("<<: {a: 1}\n", {"a": 1}),
        ("- <<\n", ["<<"]),
        ('{"a": "\\u003c", "b": 1e3}', {"a": "<", "b": 1000}),
    ],
)
def test_values(text: str, value: object) -> None:
    assert values(text) == [value]


def test_several_documents_have_their_own_anchors_and_lines() -> None:
    composed = list(compose("a: &x 1\n---\n\nb: 2\n...\n---\n- 3\n", first_line=10))
    assert [(one.value, one.line) for one in composed] == [({"a": 1}, 10), ({"b": 2}, 13), ([3], 16)]
    with pytest.raises(CompositionError, match="refers to no anchor"):
        values("a: &x 1\n---\nb: *x\n")


@pytest.mark.parametrize(
    ("text", "code", "line", "message", "advice"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate_key", 3, 'The key "a" is already in this mapping, on line 1.', "Remove"),
        ("a: 1\n'a': 3\n", "duplicate_key", 2, 'The key "a" is already in this mapping, on line 1.', "Remove"),
        ("80: 1\n'80': 3\n", "duplicate_key", 2, 'The key "80" is already', "Remove"),
        ("on: 1\n", "invalid_key", 1, "A key of this mapping is true, not a text.", "Quote"),
        ("1.5: 1\n", "invalid_key", 1, "A key of this mapping is 1.5, not a text.", "Quote"),
        ("~: 1\n", "invalid_key", 1, "A key of this mapping is null, not a text.", "Quote"),
        ("? [a]\n: 1\n", "invalid_key", 1, "A key of this mapping is a list or a mapping, not a text.", "Quote"),
        ("a: &x [1]\n*x : 1\n", "invalid_key", 2, "A key of this mapping is", "Quote"),
        ("a: .inf\n", "invalid_value", 1, '".inf" cannot be read: ', "Quote"),
        ("a: !!binary aGk=\n", "unsupported_tag", 1, 'The tag "!!binary" has no meaning', "Remove"),
        ("a: !!set {}\n", "unsupported_tag", 1, 'The tag "!!set" has no meaning', "Remove"),
        ("a: *x\n", "bad_alias", 1, 'The alias "*x" refers to no anchor', ""),
        ("a: &x\n  b: *x\n", "bad_alias", 2, 'The alias "*x" stands inside', ""),
        ("a: &x 1\nb: &x [*x]\n", "bad_alias", 2, 'The alias "*x" stands inside', ""),
        ("<<: 1\n", "bad_merge", 1, "The value of the merge key", ""),
        ("a: [\n", "syntax_error", 1, "The YAML ends too early: ", ""),
        ("a: b: c\n", "syntax_error", 1, "The YAML is not valid at column 5: ", "Check the indentation"),
        ("a:\n\tb: c\n", "syntax_error", 2, "The YAML is not valid at column 1: ", "Indent with spaces"),
        ("a:\n  - b\n\t- c\n", "syntax_error", 3, "The YAML is not valid at column 1: ", "Indent with spaces"),
        ("a: @b\n", "syntax_error", 1, "The YAML is not valid at column 4: ", "Quote the value."),
        ("a: 1\n b: 2\n", "syntax_error", 2, "The YAML is not valid at column 3: ", "Check the indentation"),
        ("a: 'b\n", "syntax_error", 1, "The YAML ends too early: ", "Close the quotes"),
        ("a: 1\nb: \x01\n", "syntax_error", 2, "A character here is not allowed in YAML", "Remove the character."),
        ("a: {{ .Values.a }}\n", "invalid_key", 1, "A key of this mapping is", "This looks like a template"),
        ("{{- if .Values.a }}\na: 1\n", "invalid_key", 1, "A key of this mapping is", "This looks like a template"),
        ("a: b\n{{- end }}\n", "syntax_error", 2, "The YAML ends too early: ", "This looks like a template"),
    ],
)
def test_errors(text: str, code: str, line: int, message: str, advice: str) -> None:
    with pytest.raises(CompositionError) as caught:
        values(text)
    error = caught.value
    assert (error.code, error.line) == (code, line)
    assert error.message.startswith(message)
    assert error.message.endswith(".")
    assert error.advice.startswith(advice)


def test_lines_of_errors_count_from_the_first_line() -> None:
    for text in ("a: 1\na: 2\n", "a: 1\nb: c: d\n", "a: 1\nb: .nan\n", "a: 1\nb: \x01"):
        with pytest.raises(CompositionError) as caught:
            list(compose(text, first_line=100))
        assert caught.value.line == 101


@pytest.mark.parametrize(("depth", "fits"), [(DEEPEST, True), (DEEPEST + 1, False), (50_000, False)])
def test_depth_is_bounded(depth: int, fits: bool) -> None:
    text = "[" * depth + "]" * depth
    if fits:
        assert len(values(text)) == 1
    else:
        with pytest.raises(CompositionError, match="nested more than"):
            values(text)


def test_what_aliases_stand_for_is_bounded() -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, previous in zip("bcdefghi", "abcdefgh", strict=True):
        laughs += f"{name}: &{name} [{', '.join([f'*{previous}'] * 10)}]\n"
    with pytest.raises(CompositionError, match=f"more than {MOST_REPEATED} values") as caught:
        values(laughs)
    assert caught.value.code == "too_many_aliases"


def test_merge_keys_count_as_aliases() -> None:
    text = "a: &a {" + ", ".join(f"k{index}: 1" for index in range(1000)) + "}\n"
    text += "".join(f"m{index}: {{<<: *a}}\n" for index in range(200))
    with pytest.raises(CompositionError, match=f"more than {MOST_REPEATED} values"):
        values(text)


def test_half_a_character_is_refused_by_either_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    for loader in {composition.LOADER, yaml.SafeLoader}:
        monkeypatch.setattr(composition, "LOADER", loader)
        assert values('a: "\\U0001F600"') == [{"a": "\U0001f600"}]
        with pytest.raises(CompositionError):
            values('a: "\\uD83D"')

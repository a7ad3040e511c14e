from __future__ import annotations

import pytest
import yaml

from ingressd.sources.composition import LOADER
from ingressd.sources.composition_error import key_error, syntax_error, tag_error


def marked(problem: str, line: int, column: int) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, yaml.Mark("", 0, line, column, None, 0))


@pytest.mark.parametrize(
    ("error", "text", "message", "line", "advice"),
    [
        (marked("it is odd", 1, 2), "a: 1\nb: 2\n", "The YAML is not valid at column 3: it is odd.", 11, ""),
        (marked("it is odd", 2, 0), "a: 1\nb: 2\n", "The YAML ends too early: it is odd.", 11, ""),
        (
            marked("found character that cannot start any token", 0, 0),
            "\ta: 1\n",
            "The YAML is not valid at column 1: found a tab character where only spaces may stand.",
            10,
            "Indent with spaces, not with tabs.",
        ),
        (yaml.MarkedYAMLError(), "a: 1\n", "The YAML is not valid at column 1: it cannot be read.", 10, ""),
    ],
)
def test_syntax_errors(error: yaml.MarkedYAMLError, text: str, message: str, line: int, advice: str) -> None:
    found = syntax_error(error, text, 10)
    assert (found.code, found.message, found.line, found.advice) == ("syntax_error", message, line, advice)


@pytest.mark.parametrize("loader", [LOADER, yaml.SafeLoader])
@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("rules:\n  - host: *.a.test\n", 'Quote it: "*.a.test".'),
        ("rules:\n  - host: *.a.test # ours\n", 'Quote it: "*.a.test".'),
        ("hosts: [*.a.test, b.test]\n", 'Quote it: "*.a.test".'),
        ("hosts:\n  - *.a.test\n", 'Quote it: "*.a.test".'),
        ("path: *\n", 'Quote it: "*".'),
        ("- host: *\n", "Leave the host out to serve every host"),
        ("host: *\n", "Leave the host out to serve every host"),
        ("host: *", "Leave the host out to serve every host"),
    ],
)
def test_a_star_without_quotes(loader: type[yaml.SafeLoader], text: str, advice: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as raised:
        list(yaml.parse(text, Loader=loader))
    found = syntax_error(raised.value, text, 1)
    assert found.advice.startswith(advice)
    line, column = 1 + text.count("\n", 0, text.index("*")), text.index("*") - text.rfind("\n", 0, text.index("*"))
    assert found.line == line
    assert found.message == f'The YAML is not valid at column {column}: a text that starts with "*" needs quotes.'


def test_templates_are_recognised() -> None:
    assert "helm template" in syntax_error(marked("it is odd", 0, 0), "{{ a }}", 1).advice
    assert "helm template" in key_error("null", 1, "a: {{ b }}").advice


def test_other_errors_name_what_is_wrong() -> None:
    assert str(key_error("true", 1, "on: 1")) == "A key of this mapping is true, not a text."
    assert str(tag_error("tag:yaml.org,2002:set", 1)) == 'The tag "!!set" has no meaning in JSON.'

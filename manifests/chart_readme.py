"""The text of chart/README.md: every value of the chart, with the comment that stands above it in values.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from manifests.renderings import CHART

PLACE = CHART / "README.md"
VALUES = CHART / "values.yaml"

_HEADER = "| value | default | meaning |\n|---|---|---|\n"
_TEXT = """\
# The ingressd chart

```console
$ helm install ingressd manifests/chart --namespace ingressd-system --create-namespace \\
    --set image.repository=registry.example.com/ingressd
```

It makes the objects of `manifests/overlays/load-balancer`; `make manifests` compares the two. A value that is not in
this table is refused. Kubernetes 1.30 or newer.

{table}
Made by `make manifests` from the comments in `values.yaml`; a test compares the two.
"""


class ValueRow(NamedTuple):
    """One value: ``name`` is the path as ``--set`` takes it, ``default`` is JSON."""

    name: str
    default: str
    meaning: str


def value_rows(text: str) -> tuple[ValueRow, ...]:
    """Return the values of a values file in their order. ``meaning`` is empty where a comment is missing.

    A mapping whose own comment describes it as a whole is one value; one without a comment, or with a comment on each
    of its values, is described by them.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("a values file is one mapping")
    return tuple(_rows(root, "", text.splitlines()))


def chart_readme() -> str:
    """Return the whole page."""
    rows = value_rows(VALUES.read_text(encoding="utf-8"))
    lines = (f"| `{row.name}` | `{row.default}` | {row.meaning} |\n" for row in rows)
    return _TEXT.format(table=_HEADER + "".join(lines))


def _rows(mapping: yaml.MappingNode, prefix: str, lines: list[str]) -> Iterator[ValueRow]:
    for key, value in mapping.value:
        name = f"{prefix}.{key.value}" if prefix else key.value
        if isinstance(value, yaml.MappingNode) and value.value and _is_described_inside(value, lines):
            yield from _rows(value, name, lines)
        else:
            yield ValueRow(name, _as_json(value), _comment_above(key.start_mark.line, lines))


def _is_described_inside(mapping: yaml.MappingNode, lines: list[str]) -> bool:
    return any(_comment_above(key.start_mark.line, lines) for key, _ in mapping.value)


def _comment_above(line: int, lines: list[str]) -> str:
    found: list[str] = []
    for text in reversed(lines[:line]):
        if not text.strip().startswith("#"):
            break
        found.insert(0, text.strip().removeprefix("#").strip())
    return " ".join(found)


def _as_json(node: yaml.Node) -> str:
    return json.dumps(yaml.safe_load(yaml.serialize(node, Dumper=yaml.SafeDumper)))

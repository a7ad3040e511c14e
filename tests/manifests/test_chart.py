"""Every value of the chart is documented, has a type, and a misspelt one is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml

from ingressd import __version__
from manifests.chart_readme import PLACE, VALUES, ValueRow, chart_readme, value_rows
from manifests.renderings import CHART, EVERY_VALUE

SCHEMA: dict[str, Any] = msgspec.json.decode((CHART / "values.schema.json").read_bytes())
DEFAULTS: dict[str, Any] = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
GIVEN_BY_HELM = "global"
OF_THE_USER = {
    GIVEN_BY_HELM,
    *("affinity", "nodeSelector", "podAnnotations", "podLabels", "tolerations[]", "extraEnv[]"),
    *("resources.requests", "resources.limits", "resources.claims[]"),
    *("service.annotations", "serviceAccount.annotations"),
    *("serviceMonitor.labels", "serviceMonitor.relabelings[]", "podMonitor.labels", "podMonitor.relabelings[]"),
}
"""Whose keys are not ours to know."""


def test_the_page_is_what_the_values_say() -> None:
    assert PLACE.read_text(encoding="utf-8") == chart_readme(), "run `make manifests`"


def test_every_value_is_described() -> None:
    assert [row.name for row in value_rows(VALUES.read_text(encoding="utf-8")) if not row.meaning] == []


def test_values_are_read_with_their_comments() -> None:
    text = "# One\n# line.\na: 1\n\nb:\n  # Inside.\n  c: [x]\n# A whole.\nd:\n  e: true\nf: null\n"
    assert value_rows(text) == (
        ValueRow("a", "1", "One line."),
        ValueRow("b.c", '["x"]', "Inside."),
        ValueRow("d", '{"e": true}', "A whole."),
        ValueRow("f", "null", ""),
    )


def test_an_object_takes_no_key_that_it_does_not_know() -> None:
    objects = dict(_objects(SCHEMA, ""))
    loose = {place for place, schema in objects.items() if schema.get("additionalProperties") is not False}
    assert loose == OF_THE_USER


def test_schema_and_values_name_the_same() -> None:
    assert _names(SCHEMA, DEFAULTS, "") == []


def test_the_rendering_of_every_value_changes_nearly_every_value() -> None:
    """What is left out excludes something else: it is in a rendering of its own, or switches an object off."""
    untouched = {row.name for row in value_rows(VALUES.read_text(encoding="utf-8"))} - set(_leaves(EVERY_VALUE, ""))
    untouched = {name for name in untouched if not any(_is_inside(name, leaf) for leaf in _leaves(EVERY_VALUE, ""))}
    assert untouched == {
        *("autoscaling.minReplicas", "autoscaling.maxReplicas", "autoscaling.targetCPUUtilizationPercentage"),
        *("hostNetwork.enabled", "hostNetwork.httpPort", "hostNetwork.httpsPort"),
        *("image.tag", "ingressClass.create", "networkPolicy.enabled", "podDisruptionBudget.enabled"),
        *("podMonitor.interval", "rbac.create", "resources", "service.type", "serviceAccount.create"),
        "status.enabled",
    }


def test_the_chart_has_the_version_of_the_program() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["version"] == chart["appVersion"] == __version__


@pytest.mark.parametrize("template", sorted((CHART / "templates").iterdir()), ids=lambda path: path.name)
def test_every_value_that_a_template_reads_is_there(template: Any) -> None:
    """Helm itself renders a misspelt one as nothing."""
    for name in re.findall(r"\.Values\.([A-Za-z.]*[A-Za-z])", template.read_text(encoding="utf-8")):
        place: Any = DEFAULTS
        for step in name.split("."):
            assert step in place, name
            place = place[step]


def _objects(schema: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if schema.get("type") == "object":
        yield place, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _objects(inner, f"{place}.{name}" if place else name)
    if isinstance(schema.get("items"), dict):
        yield from _objects(schema["items"], f"{place}[]")


def _names(schema: dict[str, Any], defaults: dict[str, Any], place: str) -> list[str]:
    """Where the two differ. An object without fields of its own in the schema is the user's."""
    known = schema["properties"].keys() - {GIVEN_BY_HELM}
    if place == "resources":
        known -= {"claims"}
    found = [f"{place}.{name}" for name in sorted(known ^ defaults.keys())]
    for name in sorted(known & defaults.keys()):
        inner = schema["properties"][name]
        if "properties" in inner:
            found += _names(inner, defaults[name], f"{place}.{name}" if place else name)
    return found


def _leaves(values: Any, place: str) -> Iterator[str]:
    if isinstance(values, dict):
        for name, inner in values.items():
            yield from _leaves(inner, f"{place}.{name}" if place else name)
    else:
        yield place


def _is_inside(name: str, leaf: str) -> bool:
    return leaf.startswith(f"{name}.") and name != "resources"

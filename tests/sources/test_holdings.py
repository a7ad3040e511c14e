from __future__ import annotations

from ingressd.resources.config_map import ConfigMap
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.metadata import Metadata
from ingressd.resources.problem import Location
from ingressd.sources.contents import Contents, Placed
from ingressd.sources.documents import DocumentText
from ingressd.sources.holdings import Holding, hold, merge
from ingressd.sources.origins import Origin


def key(name: str) -> ObjectKey:
    return ObjectKey(Kind.CONFIG_MAP, "shop", name)


def placed(name: str, *, file: str = "a.yaml", line: int = 1, value: str = "") -> Placed:
    resource = ConfigMap(metadata=Metadata(name=name, namespace="shop"), data={"value": value})
    return Placed(resource, Origin(file, DocumentText("a: 1\n", line)))


BEFORE = hold(Contents((placed("a", value="1"), placed("b", value="1"))), None)


def held(holding: Holding) -> dict[str, str]:
    return {
        name.name: kept.object.data["value"]
        for name, kept in holding.objects.items()
        if isinstance(kept.object, ConfigMap)
    }


def test_the_new_version_counts_and_what_is_gone_is_gone() -> None:
    assert held(hold(Contents((placed("a", value="2"),)), BEFORE)) == {"a": "2"}


def test_an_invalid_object_keeps_its_last_good_version() -> None:
    contents = Contents((placed("a", value="2"),), invalid=frozenset({key("b"), key("c")}))
    assert held(hold(contents, BEFORE)) == {"a": "2", "b": "1"}


def test_an_unknown_part_keeps_everything() -> None:
    assert held(hold(Contents((placed("a", value="2"),), unknown_part=True), BEFORE)) == {"a": "2", "b": "1"}


def test_of_two_in_one_file_the_first_counts() -> None:
    holding = hold(Contents((placed("a", value="1"), placed("a", value="2", line=8))), None)
    assert held(holding) == {"a": "1"}
    merged = merge({"a.yaml": holding})
    ((file, (problem,)),) = merged.duplicates.items()
    assert file == "a.yaml"
    assert (problem.severity, problem.code, problem.key) == ("error", "duplicate_object", key("a"))
    assert problem.message == "ConfigMap shop/a is already defined at a.yaml:1; this one is not used."
    assert problem.location == Location("a.yaml", 8)


def test_of_two_files_the_first_counts() -> None:
    first = hold(Contents((placed("a", file="1.yaml", value="1"),)), None)
    second = hold(Contents((placed("a", file="2.yaml", value="2"), placed("b", file="2.yaml"))), None)
    merged = merge({"1.yaml": first, "2.yaml": second})
    assert merged.objects == {key("a"): first.objects[key("a")], key("b"): second.objects[key("b")]}
    assert [problem.location for problem in merged.duplicates["2.yaml"]] == [Location("2.yaml", 1)]
    assert merge({"2.yaml": second}).objects == second.objects
    assert merge({"2.yaml": second}).duplicates == {}

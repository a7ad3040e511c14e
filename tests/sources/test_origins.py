from __future__ import annotations

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location
from ingressd.sources.documents import DocumentText
from ingressd.sources.origins import MOST_REMEMBERED, Origin, Origins

WEB = ObjectKey(Kind.INGRESS, "shop", "web")


def test_an_object_from_elsewhere_has_no_place() -> None:
    assert Origins().locate(WEB, "spec") is None


def test_a_field_has_the_line_of_the_nearest_that_exists() -> None:
    origins = Origins()
    origins.replace({WEB: Origin("a.yaml", DocumentText("metadata:\n  name: web\nspec:\n  rules: []\n", 10))})
    assert len(origins) == 1
    assert origins.locate(WEB) == Location("a.yaml", 10)
    assert origins.locate(WEB, "metadata.name") == Location("a.yaml", 11)
    assert origins.locate(WEB, "spec.rules[0].host") == Location("a.yaml", 13)


def test_an_object_in_a_list() -> None:
    origins = Origins()
    source = DocumentText("items:\n- a\n- metadata:\n    name: web\n", 1)
    origins.replace({WEB: Origin("a.yaml", source, "items[1]")})
    assert origins.locate(WEB) == Location("a.yaml", 3)
    assert origins.locate(WEB, "metadata.name") == Location("a.yaml", 4)


def test_more_documents_than_are_remembered() -> None:
    keys = [ObjectKey(Kind.INGRESS, "shop", f"web-{index}") for index in range(3 * MOST_REMEMBERED)]
    origins = Origins()
    origins.replace({key: Origin("a.yaml", DocumentText("\na: 1\n", 10 * index)) for index, key in enumerate(keys)})
    for _ in range(2):
        assert [origins.locate(key, "a") for key in keys] == [
            Location("a.yaml", 10 * index + 1) for index in range(len(keys))
        ]


def test_replacing_forgets_what_was() -> None:
    origins = Origins()
    origins.replace({WEB: Origin("a.yaml", DocumentText("a: 1\n", 1))})
    assert origins.locate(WEB, "a") == Location("a.yaml", 1)
    origins.replace({WEB: Origin("a.yaml", DocumentText("\n\na: 1\n", 1))})
    assert origins.locate(WEB, "a") == Location("a.yaml", 3)
    origins.replace({})
    assert origins.locate(WEB, "a") is None

from __future__ import annotations

from ingressd.resources.index import Index


def test_a_member_is_found_by_the_terms_it_mentions_now() -> None:
    index = Index[str, int]()
    index.move(1, (), ("a", "b"))
    index.move(2, (), ("b",))
    index.move(1, ("a", "b"), ("b", "c"))
    assert index.get("a") == frozenset()
    assert index.get("b") == {1, 2}
    assert index.get("c") == {1}


def test_a_term_that_nobody_mentions_takes_no_room() -> None:
    index = Index[str, int]()
    index.move(1, (), ("a",))
    index.move(1, ("a",), ())
    assert len(index) == 0

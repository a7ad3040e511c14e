"""What waits for a worker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.routing.difference import TableDifference
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.table import RoutingTable
from ingressd.routing.upstream import Upstream, upstream_key
from ingressd.routing.virtual_host import VirtualHost
from ingressd.workers.backlog import MAX_PART_WEIGHT, Backlog, merge
from tls.key_pair import KeyPair

HOSTS = ("a.test", "b.test", "c.test")
KEYS = tuple(upstream_key("shop", name, 80) for name in ("web", "api"))
SECRETS = ("shop/a", "shop/b")


def host(name: str, version: int = 0, routes: int = 1) -> VirtualHost:
    return VirtualHost(
        host=name,
        paths=PathTrie(
            Route(origin=RouteOrigin("shop", "web"), host=name, kind=PathKind.EXACT, path=f"/{n}", upstream=None)
            for n in range(routes)
        ),
        certificate=str(version),
    )


def upstream(key: str, version: int) -> Upstream:
    return Upstream(
        key=upstream_key("shop", key, 80), namespace="shop", service=key, port="80", endpoints=(Endpoint("a", version),)
    )


def difference(
    hosts: dict[str, int | None], keys: dict[int, int | None], secrets: dict[str, int | None]
) -> TableDifference:
    return TableDifference(
        {name: None if version is None else host(name, version) for name, version in hosts.items()},
        {KEYS[key]: None if version is None else upstream("web", version) for key, version in keys.items()},
        {
            name: None if version is None else KeyPair(b"chain %d" % version, b"key")
            for name, version in secrets.items()
        },
    )


VERSIONS = st.none() | st.integers(0, 5)
DIFFERENCES = st.builds(
    difference,
    st.dictionaries(st.sampled_from(HOSTS), VERSIONS),
    st.dictionaries(st.sampled_from(range(len(KEYS))), VERSIONS),
    st.dictionaries(st.sampled_from(SECRETS), VERSIONS),
)


@given(st.lists(DIFFERENCES | st.none(), max_size=20))
def test_a_worker_reaches_the_same_table_whatever_it_takes_when(steps: list[TableDifference | None]) -> None:
    """None stands for a worker that takes one piece; it stages pieces and applies them with the last."""
    expected, reached = RoutingTable(), RoutingTable()
    backlog = Backlog()
    staged = TableDifference({}, {}, {})
    tables: dict[int, RoutingTable] = {}
    taken: list[int] = []

    def take() -> None:
        nonlocal staged
        part = backlog.take()
        merge(staged, part.difference)
        if part.last:
            reached.apply(staged)
            staged = TableDifference({}, {}, {})
            taken.append(part.generation)
            assert reached == tables[part.generation], "a generation is whole when it is applied"

    for generation, step in enumerate(steps, 1):
        if step is not None:
            expected.apply(step)
            tables[generation] = copy_of(expected)
            backlog.add(generation, step)
        elif backlog:
            take()
    while backlog:
        take()
    assert reached == expected
    assert taken == sorted(set(taken))
    assert len(backlog) == 0


def copy_of(table: RoutingTable) -> RoutingTable:
    copied = RoutingTable()
    copied.apply(TableDifference(dict(table.hosts), dict(table.upstreams), dict(table.certificates)))
    return copied


def test_what_waits_is_bounded_by_the_table_and_not_by_the_changes() -> None:
    backlog = Backlog()
    for generation in range(1, 1001):
        backlog.add(generation, difference({"a.test": generation}, {0: generation}, {}))
    assert len(backlog) == 2
    part = backlog.take()
    assert part.last
    assert part.generation == 1000
    assert part.difference == difference({"a.test": 1000}, {0: 1000}, {})


def test_a_large_table_goes_in_pieces() -> None:
    backlog = Backlog()
    names = [f"{number}.test" for number in range(MAX_PART_WEIGHT * 3)]
    backlog.add(1, TableDifference({name: host(name) for name in names}))
    parts = [backlog.take()]
    backlog.add(2, TableDifference({"late.test": host("late.test")}))
    while not parts[-1].last:
        parts.append(backlog.take())
    assert {part.generation for part in parts} == {1}
    sizes = [len(part.difference.hosts) for part in parts]
    hosts = {name for part in parts for name in part.difference.hosts}
    assert hosts == set(names), "what came later waits for the next batch"
    assert len(sizes) > 3
    assert max(sizes) <= MAX_PART_WEIGHT
    late = backlog.take()
    assert (late.generation, late.last, set(late.difference.hosts)) == (2, True, {"late.test"})


def test_a_value_heavier_than_a_piece_goes_alone() -> None:
    backlog = Backlog()
    backlog.add(1, TableDifference({name: host(name, routes=MAX_PART_WEIGHT + 1) for name in ("a.test", "b.test")}))
    assert [len(backlog.take().difference.hosts) for _ in range(2)] == [1, 1]
    assert not backlog


def test_an_empty_difference_is_one_piece() -> None:
    backlog = Backlog()
    backlog.add(1, TableDifference())
    assert backlog
    part = backlog.take()
    assert (part.generation, part.last) == (1, True)
    with pytest.raises(IndexError):
        backlog.take()

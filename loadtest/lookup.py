"""What a lookup costs in a routing table of 100 and of 100,000 routes.

    python loadtest/lookup.py [--rounds 15] [--limit 1.2]

Both tables are built in one process and asked in turn, round by round, so that whatever else the machine does hits
both. The figure of a table is the best of its rounds: noise only ever adds. Two questions, because they have two
answers:

* ``100``: 100 distinct URLs for each table. It says what the algorithm costs: the memory that a lookup touches stays
  in the processor's caches, as it does when a few hosts get most of the requests.
* ``100,000``: as many distinct URLs for each table, in random order. In the large one that is one for each route, and
  nearly every lookup finds its host, its path and its route outside the caches: it says what memory costs on top.

The exit code is 1 when a ratio of the question ``100`` is above the limit.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ingressd.routing.difference import TableDifference
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.table import RoutingTable
from ingressd.routing.upstream import upstream_key
from ingressd.routing.virtual_host import VirtualHost

SMALL = 100
LARGE = 100_000

Question = tuple[str, str]


class Shape(NamedTuple):
    """``host`` and ``path`` say what the route number n is; ``requested`` is a path that this route takes."""

    name: str
    kind: PathKind
    host: Callable[[int], str]
    path: Callable[[int], str]
    requested: Callable[[int], str]


SHAPES = (
    Shape(
        "many hosts, 5 prefixes each",
        PathKind.PREFIX,
        lambda n: f"app-{n // 5}.example.com",
        lambda n: f"/part-{n % 5}",
        lambda n: f"/part-{n % 5}/item/7",
    ),
    Shape(
        "many hosts, 1 prefix each (/)",
        PathKind.PREFIX,
        lambda n: f"app-{n}.example.com",
        lambda n: "/",
        lambda n: "/cart/item/7",
    ),
    Shape(
        "wildcard hosts, 1 prefix each (/)",
        PathKind.PREFIX,
        lambda n: f"*.team-{n}.example.com",
        lambda n: "/",
        lambda n: "/cart/item/7",
    ),
    Shape(
        "one host, prefixes of 2 elements",
        PathKind.PREFIX,
        lambda n: "shop.example.com",
        lambda n: f"/area-{n % 317}/part-{n}",
        lambda n: f"/area-{n % 317}/part-{n}/item/7",
    ),
    Shape(
        "one host, exact paths",
        PathKind.EXACT,
        lambda n: "shop.example.com",
        lambda n: f"/area-{n % 317}/part-{n}",
        lambda n: f"/area-{n % 317}/part-{n}",
    ),
)


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(description="What a lookup costs in a small and in a large routing table.")
    options.add_argument("--rounds", type=int, default=15, help="how often each table is asked (default 15)")
    options.add_argument("--limit", type=float, default=1.2, help="largest ratio of equal questions (default 1.2)")
    given = options.parse_args(arguments)
    print(f"{'shape':36} {'URLs':>8} {f'{SMALL} routes':>14} {f'{LARGE:,} routes':>16} {'ratio':>6}")
    worst = 0.0
    for shape in SHAPES:
        for distinct, small, large in measure(shape, given.rounds):
            ratio = large / small
            if distinct == SMALL:
                worst = max(worst, ratio)
            print(f"{shape.name:36} {distinct:8,} {small:11.0f} ns {large:13.0f} ns {ratio:6.2f}", flush=True)
    met = worst <= given.limit
    verdict = "within" if met else "ABOVE"
    print(f"\nworst ratio with {SMALL} URLs: {worst:.2f}, {verdict} the limit of {given.limit}")
    return 0 if met else 1


def measure(shape: Shape, rounds: int) -> Iterator[tuple[int, float, float]]:
    """Yield, for each number of distinct URLs, nanoseconds for one lookup in the small and in the large table."""
    shuffle = random.Random(20261120)
    tables = {SMALL: build(shape, SMALL), LARGE: build(shape, LARGE)}
    questions: dict[tuple[int, int], list[Question]] = {}
    for routes in (SMALL, LARGE):
        few = shuffle.sample(range(routes), SMALL)
        questions[SMALL, routes] = [ask(shape, number, routes) for number in few] * (LARGE // SMALL)
        questions[LARGE, routes] = [ask(shape, number, routes) for number in range(LARGE)]
    for asked in questions.values():
        shuffle.shuffle(asked)
    # The tables never change here: nothing of them is garbage, and looking for it would disturb the rounds.
    gc.collect()
    gc.freeze()
    best = dict.fromkeys(questions, float("inf"))
    for _ in range(rounds):
        for which, asked in questions.items():
            best[which] = min(best[which], nanoseconds(tables[which[1]], asked))
    gc.unfreeze()
    for distinct in (SMALL, LARGE):
        yield distinct, best[distinct, SMALL], best[distinct, LARGE]


def nanoseconds(table: RoutingTable, questions: list[Question]) -> float:
    """The time of one lookup, with the cost of the loop around it."""
    match = table.match
    begin = time.perf_counter_ns()
    for host, path in questions:
        match(host, path)
    return (time.perf_counter_ns() - begin) / len(questions)


def ask(shape: Shape, number: int, routes: int) -> Question:
    """What a client asks for, in strings of its own: a request never holds the strings of the table."""
    host = shape.host(number % routes).replace("*", "a")
    path = shape.requested(number % routes)
    suffix = "" if shape.kind is PathKind.EXACT else f"/{number}"
    return "".join(list(host)), "".join(list(path)) + suffix


def build(shape: Shape, count: int) -> RoutingTable:
    paths: dict[str, list[Route]] = {}
    for number in range(count):
        host = shape.host(number)
        route = Route(
            origin=RouteOrigin("shop", f"web-{number}", 0, 0),
            host=host,
            kind=shape.kind,
            path=shape.path(number),
            upstream=upstream_key("shop", f"web-{number}", 80),
        )
        paths.setdefault(host, []).append(route)
    table = RoutingTable()
    table.apply(
        TableDifference({host: VirtualHost(host=host, paths=PathTrie(routes)) for host, routes in paths.items()})
    )
    questions = [ask(shape, number, count) for number in random.Random(1).sample(range(count), min(count, 500))]
    assert all(table.match(host, path).route is not None for host, path in questions), "the shape asks for no route"
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

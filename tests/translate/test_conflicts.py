from __future__ import annotations

from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.translate.conflicts import settle, settle_fallback


def route(kind: PathKind, path: str, ingress: str, number: int = 0) -> Route:
    return Route(origin=RouteOrigin("shop", ingress, 0, number), host="a.test", kind=kind, path=path, upstream=None)


def test_the_first_of_two_equal_matches_wins_and_the_loser_is_told_by_whom() -> None:
    winner = route(PathKind.PREFIX, "/a", "old")
    routes, (problem,) = settle([winner, route(PathKind.PREFIX, "/a", "new", 3)])
    assert routes == (winner,)
    assert problem.code == "path_conflict"
    assert problem.key is not None
    assert (problem.key.name, problem.path) == ("new", "spec.rules[0].http.paths[3].path")
    assert "shop/old#0/0" in problem.message


def test_another_kind_of_match_is_no_conflict() -> None:
    both = (route(PathKind.EXACT, "/a", "x"), route(PathKind.PREFIX, "/a", "y"))
    assert settle(both) == (both, ())


def test_a_prefix_without_its_slash_is_shadowed_however_old_it_is() -> None:
    both = (route(PathKind.PREFIX, "/a", "old"), route(PathKind.PREFIX, "/a/", "new"))
    routes, (problem,) = settle(both)
    assert routes == both
    assert problem.key is not None
    assert problem.key.name == "old"
    assert "shop/new#0/0" in problem.message


def test_a_host_has_one_default_backend() -> None:
    first, second = route(PathKind.PREFIX, "/", "old"), route(PathKind.PREFIX, "/", "new")
    winner, (problem,) = settle_fallback([first, second])
    assert winner is first
    assert (problem.code, problem.path) == ("default_backend_conflict", "spec.defaultBackend")
    assert settle_fallback([]) == (None, ())

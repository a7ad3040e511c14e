"""Any value that the admin port encodes, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from ingressd.controller.controller import NotServed
from ingressd.controller.explanation import Explanation, FinalAnswer, Winner
from ingressd.controller.routes import RouteRow
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location, Problem

_counts = st.integers(0, 2**53)
_indexes = st.none() | _counts
_locations = st.none() | st.builds(Location, line=_counts)

problems = st.builds(Problem, location=_locations)
not_served = st.builds(NotServed, st.builds(ObjectKey, st.just(Kind.INGRESS), st.text(), st.text()), st.text())
rows = st.builds(RouteRow, endpoints=_counts, problems=_counts)
explanations = st.builds(
    Explanation,
    routes_left_out=_counts,
    winner=st.none() | st.builds(Winner, rule=_indexes, path=_indexes, location=_locations),
    answer=st.builds(FinalAnswer, status=_indexes),
    problems=st.lists(problems, max_size=3).map(tuple),
    problems_left_out=_counts,
)

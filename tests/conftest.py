"""What every test shares."""

from __future__ import annotations

import pytest
from hypothesis import settings

from ingressd.settings import LaneName

# Hypothesis's deadline for one example is an assertion on time.
settings.register_profile("ingressd", deadline=None)
settings.load_profile("ingressd")

LONGEST_BYTES_IN_A_NAME = 24


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name long byte strings alike (pytest numbers them): keys and TLS messages differ in each worker,
    and names must not."""
    if isinstance(val, bytes) and len(val) > LONGEST_BYTES_IN_A_NAME:
        return f"long {argname}"
    return None


@pytest.fixture(params=list(LaneName))
def each_lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LaneName:
    """Run a test once through each lane; whatever it serves by ``tests.support.proxying`` takes that lane."""
    lane = LaneName(request.param)
    monkeypatch.setattr("tests.support.proxying.SERVED_LANE", lane)
    return lane


@pytest.fixture(scope="module", params=list(LaneName))
def lane_flag(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The arguments that make ``ingressd dev`` serve by a lane: once through each."""
    return "--lane", str(request.param)

"""What every test shares."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from ingressd.compilation import describe, runs_compiled
from ingressd.settings import LaneName
from tests.support.compiled_files import compiled_sources, faults_of

# Hypothesis's deadline for one example is an assertion on time.
settings.register_profile("ingressd", deadline=None)
settings.load_profile("ingressd")

LONGEST_BYTES_IN_A_NAME = 24
ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--compiled", action="store_true", help="refuse to run unless the data plane is compiled")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test what is not what the sources say."""
    config.addinivalue_line("markers", "compiled: needs a C compiler; runs where the data plane is compiled")
    if config.getoption("--compiled") and not runs_compiled():
        raise pytest.UsageError(
            "--compiled, but the data plane is pure Python: run `make compile`, unset INGRESSD_PURE."
        )
    faults = faults_of(ROOT, compiled_sources(ROOT)) if runs_compiled() else []
    if faults:
        raise pytest.UsageError(
            "\n".join([*faults, "Run `make compile`, or set INGRESSD_PURE=1 to test the sources as they are."])
        )


def pytest_report_header() -> str:
    return f"data plane: {describe()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests of compiling to the half of ``make test`` that is compiled."""
    if runs_compiled():
        return
    left = [item for item in items if item.get_closest_marker("compiled")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


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

from __future__ import annotations

import pytest

from tests.tls.loops import LOOPS, Run, runner
from tls.authority import LocalAuthority


@pytest.fixture(scope="session")
def authority() -> LocalAuthority:
    return LocalAuthority.ephemeral()


@pytest.fixture(params=sorted(LOOPS))
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on one event loop after the other."""
    return runner(str(request.param))

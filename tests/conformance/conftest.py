"""Each case runs twice: through ``ingressd dev``, and through ``ingressd run`` against an API server."""

from __future__ import annotations

import pytest

from tests.support.conformance import Serve, through_dev, through_run


@pytest.fixture(scope="module", params=[through_dev, through_run], ids=["dev", "run"])
def serve(request: pytest.FixtureRequest) -> Serve:
    chosen: Serve = request.param
    return chosen

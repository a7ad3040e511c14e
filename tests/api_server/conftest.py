"""The API servers whose behaviour is tested.

Tests of behaviour take ``api`` and know no server: they run against the fake one, and against a real kube-apiserver
too when ``KUBEBUILDER_ASSETS`` names the folder of its program. Where the two differ, the fake one or the test is
wrong. Tests of faults take ``server``, which is the fake one, and ``client``, which speaks to it.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.api_client import ApiClient, connected
from tests.support.api_server import ApiServer
from tests.support.real_api_server import RealApiServer, assets, real_api_server

PROGRAMS = assets()
SERVERS = ("fake",) if PROGRAMS is None else ("fake", "real")


@pytest.fixture(scope="session")
def real_server() -> Iterator[RealApiServer]:
    """One for all tests, which keep to namespaces of their own."""
    assert PROGRAMS is not None
    with real_api_server(PROGRAMS) as server:
        yield server


@pytest.fixture(params=SERVERS)
async def api(request: pytest.FixtureRequest) -> AsyncIterator[ApiClient]:
    """A client that may do everything, in a namespace of the test's own."""
    if request.param == "real":
        real: RealApiServer = request.getfixturevalue("real_server")
        trust = ssl.create_default_context(cafile=real.certificate_authority)
        async with connected(real.url, token=real.token, tls=trust, forget=real.compact) as client:
            yield client
    else:
        async with ApiServer() as fake, connected(fake.url, forget=fake.compact) as client:
            yield client


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with ApiServer() as fake:
        yield fake


@pytest.fixture
async def client(server: ApiServer) -> AsyncIterator[ApiClient]:
    async with connected(server.url, forget=server.compact) as found:
        server.requests.clear()
        yield found
        server.faults.clear()

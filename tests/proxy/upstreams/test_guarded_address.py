"""Names that must not lead to this machine."""

from __future__ import annotations

import pytest

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.upstreams.guarded_address import guarded_addresses
from ingressd.proxy.upstreams.pool import Pool, PoolLimits
from ingressd.routing.endpoint import Endpoint
from tests.support.upstream import recording_upstream

LIMITS = PoolLimits(idle_seconds=4.0, idle_per_endpoint=8, open_per_endpoint=8, queued_per_endpoint=8)


async def test_a_name_of_this_machine_is_refused() -> None:
    with pytest.raises(Failure) as raised:
        await guarded_addresses(Endpoint("localhost", 80, guarded=True))
    assert raised.value.reason is Reason.EXTERNAL_NAME_REFUSED
    assert "localhost leads to" in raised.value.detail
    assert "belongs to the machine of ingressd" in raised.value.detail


async def test_an_address_is_its_own_resolution() -> None:
    assert await guarded_addresses(Endpoint("192.0.2.7", 80, guarded=True)) == ["192.0.2.7"]


async def test_no_connection_is_even_tried() -> None:
    async with recording_upstream() as upstream:
        pool = Pool(LIMITS, lambda: 0.0)
        guarded = Endpoint("localhost", upstream.endpoint.port, guarded=True)
        assert pool.reserve(guarded)
        with pytest.raises(Failure) as raised:
            await pool.connect(guarded, 5.0)
        assert raised.value.reason is Reason.EXTERNAL_NAME_REFUSED
        assert upstream.connections == []
        trusted = Endpoint("localhost", upstream.endpoint.port)
        assert pool.reserve(trusted)
        connection = await pool.connect(trusted, 5.0)
        assert connection.open
        pool.close()


async def test_a_name_that_does_not_exist_cannot_be_connected_to() -> None:
    pool = Pool(LIMITS, lambda: 0.0)
    nowhere = Endpoint("no-such-name.invalid", 80, guarded=True)
    assert pool.reserve(nowhere)
    with pytest.raises(Failure) as raised:
        await pool.connect(nowhere, 5.0)
    assert raised.value.reason is Reason.UPSTREAM_CONNECT
    assert "no-such-name.invalid:80" in raised.value.detail

"""Frames over a socket pair."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from ingressd.workers.channel import LENGTH_BYTES, MAX_FRAME_BYTES, Channel, ChannelError
from tests.support.running_proxy import PATIENCE_SECONDS

FRAMES = (b"", b"a", b"x" * 100_000, b"\0" * 5)


@pytest.fixture
def raw() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends: one for a channel, one for the bytes of a test."""
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Channel, Channel]]:
    left, right = [await Channel.open(each) for each in socket.socketpair()]
    yield left, right
    await left.abort()
    await right.abort()


def framed(*frames: bytes) -> bytes:
    return b"".join(len(frame).to_bytes(LENGTH_BYTES, "big") + frame for frame in frames)


async def test_frames_arrive_in_order(pair: tuple[Channel, Channel]) -> None:
    left, right = pair
    for frame in FRAMES:
        left.send(frame)
    assert [await right.receive() for _ in FRAMES] == list(FRAMES)


@pytest.mark.parametrize("step", [1, 3, 4, 5, 7])
async def test_frames_arrive_however_they_are_split(raw: tuple[socket.socket, socket.socket], step: int) -> None:
    ours, theirs = raw
    channel = await Channel.open(ours)
    data = framed(b"", b"abc", b"defghij")
    for start in range(0, len(data), step):
        theirs.sendall(data[start : start + step])
        await asyncio.sleep(0)
    assert [await channel.receive() for _ in range(3)] == [b"", b"abc", b"defghij"]
    await channel.abort()


@pytest.mark.parametrize("cut", [0, 2, 4, 6])
async def test_the_end_is_the_end_also_inside_a_frame(raw: tuple[socket.socket, socket.socket], cut: int) -> None:
    ours, theirs = raw
    channel = await Channel.open(ours)
    theirs.sendall(framed(b"abcd")[:cut])
    theirs.close()
    assert await channel.receive() is None
    await channel.abort()


async def test_a_length_beyond_the_bound_is_refused(raw: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = raw
    channel = await Channel.open(ours)
    theirs.sendall((MAX_FRAME_BYTES + 1).to_bytes(LENGTH_BYTES, "big"))
    with pytest.raises(ChannelError, match="claims"):
        await channel.receive()
    await channel.abort()


async def test_a_frame_beyond_the_bound_is_not_sent(
    pair: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingressd.workers.channel.MAX_FRAME_BYTES", 10)
    with pytest.raises(ChannelError, match="11 bytes"):
        pair[0].send(b"x" * 11)


async def test_who_does_not_read_makes_the_sender_wait(pair: tuple[Channel, Channel]) -> None:
    left, right = pair
    idle = [left.idle]
    big = b"x" * 4_000_000
    left.send(big)
    assert [*idle, left.idle] == [True, False]
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(left.drain())
        await asyncio.sleep(0.02)
        assert not waiting.done()
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await right.receive() == big


async def test_closing_sends_what_is_queued(pair: tuple[Channel, Channel]) -> None:
    left, right = pair
    big = b"x" * 4_000_000
    left.send(big)
    async with asyncio.TaskGroup() as group:
        group.create_task(left.close())
        assert await right.receive() == big
        assert await right.receive() is None


async def test_sending_to_who_is_gone_is_no_error_until_one_waits_for_it(pair: tuple[Channel, Channel]) -> None:
    left, right = pair
    await right.abort()
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                left.send(b"x" * 1000)
                await left.drain()
                await asyncio.sleep(0.005)
    left.send(b"x")
    assert await left.receive() is None
    assert not left.idle

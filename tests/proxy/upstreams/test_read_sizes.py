from __future__ import annotations

from ingressd.proxy.upstreams.read_sizes import MOST_READ_BYTES, READ_BYTES, TURN_BYTES, ReadSizes

ROOM = 10 * MOST_READ_BYTES


def test_the_first_read_is_short_whatever_the_room() -> None:
    assert ReadSizes().next(ROOM) == READ_BYTES


def test_a_full_read_is_followed_by_one_as_long_as_there_is_room() -> None:
    sizes = ReadSizes()
    sizes.took(sizes.next(0))
    assert sizes.next(READ_BYTES + 1) == READ_BYTES + 1
    assert sizes.next(ROOM) == MOST_READ_BYTES
    assert sizes.next(READ_BYTES - 1) == READ_BYTES


def test_a_read_that_is_not_full_is_followed_by_a_short_one() -> None:
    sizes = ReadSizes()
    sizes.took(sizes.next(0))
    sizes.took(sizes.next(ROOM) - 1)
    assert not sizes.may_be_long
    assert sizes.next(ROOM) == READ_BYTES


def test_full_reads_end_in_a_turn_of_others_again_and_again() -> None:
    sizes = ReadSizes()
    taken = 0
    turns: list[int] = []
    while len(turns) < 3:
        asked = sizes.next(ROOM)
        taken += asked
        if sizes.took(asked):
            turns.append(taken)
            taken = 0
    assert all(TURN_BYTES <= turn < TURN_BYTES + MOST_READ_BYTES for turn in turns)


def test_reads_that_are_not_full_leave_time_for_others_anyway() -> None:
    sizes = ReadSizes()
    assert not any(sizes.took(sizes.next(ROOM) - 1) for _ in range(2 * TURN_BYTES // READ_BYTES))

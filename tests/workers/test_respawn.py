"""When a dead worker is replaced."""

from __future__ import annotations

from ingressd.workers.respawn import HEALTHY_SECONDS, LONGEST_DELAY_SECONDS, Respawn


def test_the_first_replacement_comes_at_once_and_each_that_dies_young_doubles_the_wait() -> None:
    respawn = Respawn()
    assert [respawn.delay_seconds(1.0) for _ in range(8)] == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0]


def test_the_wait_has_a_ceiling() -> None:
    respawn = Respawn()
    for _ in range(5000):
        assert respawn.delay_seconds(0.0) <= LONGEST_DELAY_SECONDS


def test_a_worker_that_lived_starts_the_count_again() -> None:
    respawn = Respawn()
    for _ in range(5):
        respawn.delay_seconds(1.0)
    assert [respawn.delay_seconds(HEALTHY_SECONDS), respawn.delay_seconds(1.0)] == [0.0, 0.1]

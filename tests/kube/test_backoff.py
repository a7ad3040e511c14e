from __future__ import annotations

from ingressd.kube.backoff import Backoff, BackoffTiming


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def waits(backoff: Backoff, count: int) -> list[float]:
    return [round(backoff.failed(), 3) for _ in range(count)]


def test_the_wait_doubles_up_to_the_most() -> None:
    assert waits(Backoff(draw=lambda: 0.0), 8) == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]


def test_chance_adds_up_to_as_much_again() -> None:
    assert waits(Backoff(draw=lambda: 0.999999), 3) == [1.6, 3.2, 6.4]
    assert waits(Backoff(BackoffTiming(jitter=0.5), draw=lambda: 0.5), 2) == [1.0, 2.0]


def test_it_starts_over_after_two_healthy_minutes_and_not_before() -> None:
    clock = Clock()
    backoff = Backoff(draw=lambda: 0.0, clock=clock)
    waits(backoff, 4)
    backoff.succeeded()
    clock.now += 119
    assert waits(backoff, 1) == [12.8]
    backoff.succeeded()
    clock.now += 60
    backoff.succeeded()
    clock.now += 60
    assert waits(backoff, 2) == [0.8, 1.6]


def test_time_without_a_success_is_not_healthy() -> None:
    clock = Clock()
    backoff = Backoff(draw=lambda: 0.0, clock=clock)
    waits(backoff, 2)
    clock.now += 1000
    assert waits(backoff, 1) == [3.2]

from __future__ import annotations

from ingressd.proxy.idle_connections import IdleConnections


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Connection:
    closed = False

    def close_if_idle(self) -> None:
        self.closed = True


def test_who_has_waited_too_long_is_closed_and_nobody_else() -> None:
    clock = Clock()
    idle = IdleConnections(10.0, clock)
    first, second, third = Connection(), Connection(), Connection()
    idle.add(first)
    clock.now = 4.0
    idle.add(second)
    idle.add(third)
    idle.discard(third)
    clock.now = 11.0
    idle.close_expired()
    assert [connection.closed for connection in (first, second, third)] == [True, False, False]
    assert len(idle) == 1


def test_waiting_begins_anew_with_each_answer() -> None:
    clock = Clock()
    idle = IdleConnections(10.0, clock)
    connection = Connection()
    idle.add(connection)
    clock.now = 9.0
    idle.discard(connection)
    idle.add(connection)
    clock.now = 18.0
    idle.close_expired()
    assert not connection.closed
    clock.now = 20.0
    idle.close_expired()
    assert connection.closed

"""Locust: four kinds of people at the demo's applications. ``make load`` runs them against a demo of its own.

Locust patches the standard library at import, so it lives in an environment of its own and imports nothing of ours.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import websocket  # type: ignore[import-not-found]  # comes with locust
from locust import FastHttpUser, User, between, events, task

SHOP = "shop.localhost"
KIB = 1024
EVENTS_PER_STREAM = 3
MESSAGES_PER_SOCKET = 20
TIMEOUT_SECONDS = 10.0


class Limit(NamedTuple):
    """What each request of a scenario is held to. ``least`` requests: a scenario that did not happen has not passed."""

    slowest_95_percent: float
    """The 95th percentile, in milliseconds."""
    most_failures: int
    least: int


LIMITS = {
    "browse": Limit(slowest_95_percent=250, most_failures=0, least=100),
    "api": Limit(slowest_95_percent=250, most_failures=0, least=100),
    "upload": Limit(slowest_95_percent=750, most_failures=0, least=10),
    "long-lived": Limit(slowest_95_percent=250, most_failures=0, least=20),
}
"""By the first word of a request's name."""


class Visitor(FastHttpUser):
    """Browse: reads pages of several hosts, follows the exact and the prefix path, and asks for what is not there."""

    weight = 5
    wait_time = between(0.1, 0.5)

    @task(6)
    def look_at_the_shop(self) -> None:
        self._page(SHOP, "/", "storefront", "shop /")

    @task(3)
    def open_the_cart(self) -> None:
        self._page(SHOP, "/cart", "cart", "shop /cart (exact)")

    @task(2)
    def read_the_blog(self) -> None:
        self._page("blog.localhost", "/", "blog", "blog /")

    @task(1)
    def open_a_preview(self) -> None:
        self._page("feature-7.preview.localhost", "/", "preview", "preview / (wildcard)")

    @task(1)
    def ask_for_an_unknown_host(self) -> None:
        self._page("nobody.test", "/", "welcome", "unknown host (default backend)")

    def _page(self, host: str, path: str, service: str, name: str) -> None:
        headers = {"Host": host, "Accept": "text/html"}
        with self.client.get(path, headers=headers, name=f"browse: {name}", catch_response=True) as answer:
            if f"<h1>{service}</h1>" not in (answer.text or ""):
                answer.failure(f"this is no page of {service}: {answer.status_code}")


class Application(FastHttpUser):
    """API: small JSON requests with all methods, on connections that stay."""

    weight = 3
    wait_time = between(0.05, 0.2)

    @task(4)
    def list_items(self) -> None:
        self._call("GET", "/cart/items?page=1")

    @task(2)
    def add_an_item(self) -> None:
        self._call("POST", "/cart/items", {"item": 7, "count": 1})

    @task(1)
    def change_an_item(self) -> None:
        self._call("PUT", "/cart/items/7", {"count": 2})

    @task(1)
    def remove_an_item(self) -> None:
        self._call("DELETE", "/cart/items/7")

    def _call(self, method: str, path: str, body: dict[str, int] | None = None) -> None:
        name = f"api: {method} {path.partition('?')[0]}"
        sent = b"" if body is None else json.dumps(body).encode()
        headers = {"Host": SHOP, **({"Content-Type": "application/json"} if sent else {})}
        with self.client.request(
            method, path, data=sent or None, headers=headers, name=name, catch_response=True
        ) as answer:
            fault = wrong_receipt(answer, service="checkout", method=method, path=path, body_bytes=len(sent))
            if fault:
                answer.failure(fault)


class Uploader(FastHttpUser):
    """Upload: bodies of up to a MiB, the most that the demo's servers take."""

    weight = 1
    wait_time = between(0.5, 1.0)

    @task(3)
    def send_a_picture(self) -> None:
        self._upload(200)

    @task(1)
    def send_a_film(self) -> None:
        self._upload(1000)

    def _upload(self, kibibytes: int) -> None:
        body = bytes(kibibytes * KIB)
        name = f"upload: {kibibytes} KiB"
        with self.client.put("/cart/file", data=body, headers={"Host": SHOP}, name=name, catch_response=True) as answer:
            fault = wrong_receipt(answer, service="checkout", method="PUT", path="/cart/file", body_bytes=len(body))
            if fault:
                answer.failure(fault)


class Listener(User):
    """Long-lived: event streams and WebSockets. What is timed is what a person waits for: the first event, an echo."""

    weight = 1
    wait_time = between(0.1, 0.5)

    @task
    def follow_events(self) -> None:
        stream: list[http.client.HTTPResponse] = []
        connection = http.client.HTTPConnection(urlsplit(self.host).netloc, timeout=TIMEOUT_SECONDS)

        def first() -> None:
            connection.request("GET", "/events", headers={"Host": SHOP, "Accept": "text/event-stream"})
            stream.append(connection.getresponse())
            expect_event(stream[0], 0)

        def others() -> None:
            for number in range(1, EVENTS_PER_STREAM):
                expect_event(stream[0], number)

        try:
            if self._timed("first event", first):
                self._timed("the events after it", others, timed=False)
        finally:
            connection.close()

    @task
    def talk(self) -> None:
        sockets: list[Any] = []
        address = f"ws://{urlsplit(self.host).netloc}/cart/ws"

        def greet() -> None:
            sockets.append(websocket.create_connection(address, host=SHOP, timeout=TIMEOUT_SECONDS))
            greeting = sockets[0].recv()
            if not greeting.startswith("hello from checkout"):
                raise ValueError(f"not the greeting: {greeting!r}")

        def echo(message: str) -> None:
            sockets[0].send(message)
            answer = sockets[0].recv()
            if answer != message:
                raise ValueError(f"{message!r} came back as {answer!r}")

        try:
            if self._timed("WebSocket greeting", greet):
                for number in range(MESSAGES_PER_SOCKET):
                    if not self._timed("WebSocket echo", partial(echo, f"message {number}")):
                        return
        finally:
            for each in sockets:
                each.close()

    def _timed(self, name: str, step: Callable[[], None], *, timed: bool = True) -> bool:
        """Do a step and tell locust; whatever it raises is its failure. Without ``timed`` its length is no matter."""
        begin = time.perf_counter()
        error: Exception | None = None
        try:
            step()
        except Exception as raised:  # whatever it is of two libraries, the request has failed
            error = raised
        self.environment.events.request.fire(
            request_type="LONG",
            name=f"long-lived: {name}",
            response_time=(time.perf_counter() - begin) * 1000 if timed else 0,
            response_length=0,
            exception=error,
            context={},
        )
        return error is None


def wrong_receipt(answer: Any, *, service: str, method: str, path: str, body_bytes: int) -> str:
    """Say how the demo's description of a request differs from the request; empty where it does not."""
    try:
        seen = json.loads(answer.text or "")
    except ValueError:
        return f"no receipt, but {answer.status_code}: {(answer.text or '')[:100]!r}"
    wanted = {"service": service, "method": method, "path": path, "body_bytes": body_bytes}
    return ", ".join(f"{name} is {seen.get(name)!r}" for name, value in wanted.items() if seen.get(name) != value)


def expect_event(stream: http.client.HTTPResponse, number: int) -> None:
    """Read one event. Raises ValueError if it is not the one with this number."""
    lines = [stream.readline() for _ in range(3)]
    if lines[0] != b"id: %d\n" % number or lines[2] != b"\n":
        raise ValueError(f"not event {number}: {lines!r}")


@events.quitting.add_listener
def judge(environment: Any, **_known: Any) -> None:
    """Say what is above its limit, and end with 1 if anything is."""
    faults = []
    for scenario, limit in LIMITS.items():
        entries = [entry for entry in environment.stats.entries.values() if entry.name.startswith(f"{scenario}:")]
        sent = sum(entry.num_requests for entry in entries)
        if sent < limit.least:
            faults.append(f"{scenario}: {sent} requests, of which at least {limit.least} were wanted")
        for entry in entries:
            slow = entry.get_response_time_percentile(0.95)
            if entry.num_failures > limit.most_failures:
                faults.append(f"{entry.name}: {entry.num_failures} failed, at most {limit.most_failures} may")
            if slow > limit.slowest_95_percent:
                faults.append(f"{entry.name}: 95 % within {slow:.0f} ms, wanted {limit.slowest_95_percent:.0f} ms")
    print("\n".join(faults) or "every scenario is within its limits")
    environment.process_exit_code = 1 if faults else 0

"""Locust: people who look around the demo's shop. ``make load`` runs it against a demo of its own.

Locust patches the standard library at import, so it lives in an environment of its own and imports nothing of ours.
"""

from __future__ import annotations

from typing import Any

from locust import FastHttpUser, between, events, task

MOST_FAILURES = 0
SLOWEST_95TH_PERCENTILE_MILLISECONDS = 250

SHOP = {"Host": "shop.localhost"}


class Visitor(FastHttpUser):
    """Reads pages of two Services, follows the exact and the prefix path, and now and then asks for what is not."""

    wait_time = between(0.1, 0.5)

    @task(6)
    def look_at_the_shop(self) -> None:
        self.client.get("/", headers=SHOP, name="shop /")

    @task(3)
    def open_the_cart(self) -> None:
        self.client.get("/cart", headers=SHOP, name="shop /cart (exact)")

    @task(2)
    def look_into_the_cart(self) -> None:
        self.client.get("/cart/items?page=1", headers=SHOP, name="shop /cart/... (prefix)")

    @task(2)
    def read_the_blog(self) -> None:
        self.client.get("/", headers={"Host": "blog.localhost"}, name="blog /")

    @task(1)
    def open_a_preview(self) -> None:
        self.client.get("/", headers={"Host": "feature-7.preview.localhost"}, name="preview / (wildcard)")

    @task(1)
    def order(self) -> None:
        self.client.post("/cart/order", json={"items": [1, 2, 3]}, headers=SHOP, name="shop POST /cart/order")

    @task(1)
    def ask_for_an_unknown_host(self) -> None:
        self.client.get("/", headers={"Host": "nobody.test"}, name="unknown host / (default backend)")


@events.quitting.add_listener
def judge(environment: Any, **_known: Any) -> None:
    """End with 1 when a request failed or the tail is too slow."""
    total = environment.stats.total
    slow = total.get_response_time_percentile(0.95) > SLOWEST_95TH_PERCENTILE_MILLISECONDS
    environment.process_exit_code = 1 if total.num_failures > MOST_FAILURES or slow or not total.num_requests else 0

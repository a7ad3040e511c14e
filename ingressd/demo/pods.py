"""The pods that stand behind the example's Services."""

from __future__ import annotations

from typing import NamedTuple


class Pod(NamedTuple):
    """One server of the example. ``port_name`` is the name of the Service's port that it answers for."""

    namespace: str
    service: str
    name: str
    port_name: str


PODS: tuple[Pod, ...] = (
    # Two of them, so that a reload of the page shows the balancing.
    Pod("shop", "storefront", "storefront-6d5f9-x7k2p", "http"),
    Pod("shop", "storefront", "storefront-6d5f9-q4m8z", "http"),
    Pod("shop", "cart", "cart-59c7b-t2v9d", "http"),
    Pod("shop", "checkout", "checkout-7b8d4-w5n1c", "web"),
    Pod("blog", "blog", "blog-84f6c-h3j7r", ""),
    Pod("preview", "preview", "preview-5c9d8-k6b2s", ""),
    Pod("welcome", "welcome", "welcome-66d7f-p9g4l", ""),
)

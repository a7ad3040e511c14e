"""Messages as bytes: MessagePack, with a path trie written as the routes that it is built from.

Routes and upstreams are classes of our own, which compiled code reads faster than those of msgspec; they travel as what
they are made of.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import Route, RouteTuple
from ingressd.routing.upstream import Upstream, UpstreamTuple
from ingressd.workers.messages import Notice, Order


class OrderCodec:
    """Both ends of the way to a worker. ``decode`` raises msgspec.DecodeError, and PatternError for a route whose
    pattern this process cannot compile."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder(enc_hook=_to_plain)
        self._decoder: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order, dec_hook=_from_plain)

    def encode(self, order: Order) -> bytes:
        return self._encoder.encode(order)

    def decode(self, data: bytes) -> Order:
        return self._decoder.decode(data)


class NoticeCodec:
    """Both ends of the way to the supervisor. ``decode`` raises msgspec.DecodeError."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Notice] = msgspec.msgpack.Decoder(Notice)

    def encode(self, notice: Notice) -> bytes:
        return self._encoder.encode(notice)

    def decode(self, data: bytes) -> Notice:
        return self._decoder.decode(data)


def _to_plain(value: Any) -> Any:
    if isinstance(value, PathTrie):
        return value.routes
    if isinstance(value, Route | Upstream):
        return value.as_tuple()
    raise NotImplementedError(f"a {type(value).__name__} has no form on the channel")


def _from_plain(wanted: type, value: Any) -> Any:
    if wanted is PathTrie:
        return PathTrie(map(Route.of_tuple, msgspec.convert(value, tuple[RouteTuple, ...])))
    if wanted is Route:
        return Route.of_tuple(msgspec.convert(value, RouteTuple))
    if wanted is Upstream:
        return Upstream.of_tuple(msgspec.convert(value, UpstreamTuple))
    raise NotImplementedError(f"a {wanted.__name__} has no form on the channel")

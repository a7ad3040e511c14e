"""What changes in a head on its way through: hop-by-hop fields go, fields about the client are ours to write."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from ingressd.proxy.fields import HOP_BY_HOP, NEVER_NAMED_BY_CONNECTION, Field, list_elements, remove_lines
from ingressd.proxy.forwarded_fields import REPLACED
from ingressd.proxy.request_head import RequestHead

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PASSED_FROM_TRUSTED = (b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~+/=:\-]{1,128}")


class Peer(msgspec.Struct, frozen=True, cache_hash=True):
    """The other end of the client's connection, and ours. ``scheme`` is ``http`` or ``https``."""

    address: str
    scheme: str
    port: int


class ClientIdentity(msgspec.Struct, frozen=True):
    """Who the client is, once trusted proxies in front have been believed. ``host`` is header text, ``lines`` the field
    lines that tell the upstream everything else."""

    address: str
    host: bytes
    lines: bytes


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    if not trusted:
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in trusted)


def identify_client(head: RequestHead, peer: Peer, trusted: Sequence[Network]) -> ClientIdentity:
    """Walk ``X-Forwarded-For`` from the right for as long as each hop is trusted; a client can only write the left."""
    if not trusted or not is_trusted(peer.address, trusted):
        return ClientIdentity(peer.address, head.authority.text, _stranger_lines(peer))
    hops = [
        hop.strip(b" \t").decode("latin-1") for value in head.values(b"x-forwarded-for") for hop in value.split(b",")
    ]
    address = peer.address
    for hop in reversed(hops):
        if not _is_address(hop):
            break
        address = hop
        if not is_trusted(hop, trusted):
            break
    passed = {name: head.values(name)[-1:] for name in _PASSED_FROM_TRUSTED}
    forwarded_for = b", ".join([*head.values(b"x-forwarded-for"), peer.address.encode()])
    port = (passed[b"x-forwarded-port"] or [str(peer.port).encode()])[0]
    proto = (passed[b"x-forwarded-proto"] or [peer.scheme.encode()])[0]
    host = (passed[b"x-forwarded-host"] or [head.authority.text])[0]
    return ClientIdentity(address, host, _identity_lines(address, forwarded_for, port, proto))


def client_scheme(head: RequestHead, peer: Peer, trusted: Sequence[Network]) -> str:
    """Return ``http`` or ``https``: that of the connection, unless a trusted proxy says what its client used."""
    if is_trusted(peer.address, trusted):
        for value in head.values(b"x-forwarded-proto")[-1:]:
            if value.lower() in (b"http", b"https"):
                return value.lower().decode("ascii")
    return peer.scheme


@lru_cache(maxsize=4096)
def _stranger_lines(peer: Peer) -> bytes:
    """The same for every request of a connection."""
    address = peer.address.encode()
    return _identity_lines(peer.address, address, str(peer.port).encode(), peer.scheme.encode())


def _identity_lines(address: str, forwarded_for: bytes, port: bytes, proto: bytes) -> bytes:
    return (
        b"X-Real-IP: %b\r\nX-Forwarded-For: %b\r\nX-Forwarded-Port: %b\r\n"
        b"X-Forwarded-Proto: %b\r\nX-Forwarded-Scheme: %b\r\nX-Scheme: %b\r\n"
    ) % (address.encode(), forwarded_for, port, proto, proto, proto)


def given_request_id(head: RequestHead) -> bytes | None:
    """Return the client's X-Request-ID if it is one short harmless token."""
    given = [value for name, value, _, _ in head.known if name == b"x-request-id"]
    return given[0] if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]) else None


def upstream_request_head(
    head: RequestHead, identity: ClientIdentity, target: str, identifier: str, host: bytes
) -> bytes:
    """Return the bytes of the head that the upstream gets."""
    framing = b""
    if head.framing.chunked:
        framing = b"Transfer-Encoding: chunked\r\n"
    elif head.framing.length is not None:
        framing = b"Content-Length: %d\r\n" % head.framing.length
    if head.upgrade is not None:
        framing += b"Connection: Upgrade\r\nUpgrade: %b\r\n" % head.values(b"upgrade")[0]
    return b"%b %b HTTP/1.1\r\nHost: %b\r\nX-Request-ID: %b\r\n%b%b%b%b\r\n" % (
        head.method.encode(),
        target.encode(),
        host,
        identifier.encode(),
        b"X-Forwarded-Host: %b\r\n" % identity.host if identity.host else b"",
        identity.lines,
        remove_lines(head.raw, head.fields_begin, head.known) if head.spliceable else _rebuilt_lines(head),
        framing,
    )


def _rebuilt_lines(head: RequestHead) -> bytes:
    """The fields one by one, where some must go that are not known by their names."""
    named = _named_by_connection(head.fields)
    return b"".join(
        b"%b: %b\r\n" % (name, value)
        for lower, name, value in head.fields
        if lower not in REPLACED and lower not in named
    )


def end_to_end_fields(fields: Sequence[Field]) -> list[Field]:
    """Return an answer's fields without those that speak about the upstream's connection."""
    named = _named_by_connection(fields)
    return [field for field in fields if field[0] not in HOP_BY_HOP and field[0] not in named]


def _named_by_connection(fields: Sequence[Field]) -> frozenset[bytes]:
    """RFC 9110 section 7.6.1: fields named by Connection are for this hop alone."""
    values = [value for lower, _, value in fields if lower == b"connection"]
    return frozenset(list_elements(values)) - NEVER_NAMED_BY_CONNECTION if values else frozenset()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

"""What changes in a head on its way through: hop-by-hop fields go, fields about the client are ours to write."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence

import msgspec

from ingressd.proxy.fields import HOP_BY_HOP, NEVER_NAMED_BY_CONNECTION, Field, list_elements
from ingressd.proxy.request_head import RequestHead

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLIENT_FIELDS = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-scheme",
        b"x-forwarded-server",
        b"x-original-forwarded-for",
        b"x-original-uri",
        b"x-original-url",
        b"x-real-ip",
        b"x-scheme",
    }
)
"""Fields that tell upstreams who the client is; from a peer that is not trusted they are lies."""

_PASSED_FROM_TRUSTED = (b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto")
_OWN_FIELDS = frozenset({b"x-request-id", b"proxy", b"proxy-authorization", b"expect", b"http2-settings"})
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_NEVER_COPIED = HOP_BY_HOP | CLIENT_FIELDS | _OWN_FIELDS | _FRAMING
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~+/=:\-]{1,128}")


class Peer(msgspec.Struct, frozen=True):
    """The other end of the client's connection, and ours. ``scheme`` is ``http`` or ``https``."""

    address: str
    scheme: str
    port: int


class ClientIdentity(msgspec.Struct, frozen=True):
    """Who the client is, once trusted proxies in front have been believed. All values are header text."""

    address: str
    forwarded_for: bytes
    host: bytes
    port: bytes
    proto: bytes


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
    own = ClientIdentity(
        address=peer.address,
        forwarded_for=peer.address.encode(),
        host=head.authority.text,
        port=str(peer.port).encode(),
        proto=peer.scheme.encode(),
    )
    if not is_trusted(peer.address, trusted):
        return own
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
    return ClientIdentity(
        address=address,
        forwarded_for=b", ".join([*head.values(b"x-forwarded-for"), own.forwarded_for]),
        host=(passed[b"x-forwarded-host"] or [own.host])[0],
        port=(passed[b"x-forwarded-port"] or [own.port])[0],
        proto=(passed[b"x-forwarded-proto"] or [own.proto])[0],
    )


def request_id(head: RequestHead) -> bytes:
    """Keep the client's X-Request-ID if it is one short harmless token; otherwise make one."""
    given = head.values(b"x-request-id")
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        return given[0]
    return secrets.token_hex(16).encode()


def upstream_request_head(
    head: RequestHead, identity: ClientIdentity, target: str, identifier: bytes, host: bytes
) -> bytes:
    """Return the bytes of the head that the upstream gets."""
    lines = [
        f"{head.method} {target} HTTP/1.1\r\n".encode("ascii"),
        b"Host: %b\r\n" % host,
        b"X-Request-ID: %b\r\n" % identifier,
        b"X-Real-IP: %b\r\n" % identity.address.encode(),
        b"X-Forwarded-For: %b\r\n" % identity.forwarded_for,
        b"X-Forwarded-Host: %b\r\n" % identity.host if identity.host else b"",
        b"X-Forwarded-Port: %b\r\n" % identity.port,
        b"X-Forwarded-Proto: %b\r\n" % identity.proto,
        b"X-Forwarded-Scheme: %b\r\n" % identity.proto,
        b"X-Scheme: %b\r\n" % identity.proto,
    ]
    named = _named_by_connection(head.fields)
    lines += [
        b"%b: %b\r\n" % (name, value)
        for lower, name, value in head.fields
        if lower not in _NEVER_COPIED and lower not in named and lower != b"host"
    ]
    if head.framing.chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif head.framing.length is not None:
        lines.append(b"Content-Length: %d\r\n" % head.framing.length)
    if head.upgrade is not None:
        lines.append(b"Connection: Upgrade\r\nUpgrade: %b\r\n" % _upgrade_as_sent(head))
    lines.append(b"\r\n")
    return b"".join(lines)


def end_to_end_fields(fields: Sequence[Field]) -> list[Field]:
    """Return an answer's fields without those that speak about the upstream's connection."""
    named = _named_by_connection(fields)
    return [field for field in fields if field[0] not in HOP_BY_HOP and field[0] not in named]


def _named_by_connection(fields: Sequence[Field]) -> frozenset[bytes]:
    """RFC 9110 section 7.6.1: fields named by Connection are for this hop alone."""
    values = [value for lower, _, value in fields if lower == b"connection"]
    return frozenset(list_elements(values)) - NEVER_NAMED_BY_CONNECTION if values else frozenset()


def _upgrade_as_sent(head: RequestHead) -> bytes:
    return head.values(b"upgrade")[0]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

"""What changes in a head on its way through: hop-by-hop fields go, fields about the client are ours to write."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from ingressd.proxy.authority import Authority
from ingressd.proxy.field_scanner import remove_lines
from ingressd.proxy.fields import HOP_BY_HOP, NEVER_NAMED_BY_CONNECTION, Field, list_elements
from ingressd.proxy.forwarded_fields import REPLACED
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.target import Target

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PASSED_FROM_TRUSTED = (b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~+/=:\-]{1,128}")


class Peer:
    """The other end of a client's connection, and ours. ``scheme`` is ``http`` or ``https``."""

    __slots__ = ("_authority", "_identity", "address", "port", "scheme")

    def __init__(self, address: str, scheme: str, port: int) -> None:
        self.address: Final = address
        self.scheme: Final = scheme
        self.port: Final = port
        self._authority: Authority | None = None
        self._identity: ClientIdentity | None = None

    def identity(self, authority: Authority) -> ClientIdentity:
        """Return who the client is when nobody vouches for it: mostly the same as for the request before."""
        identity = self._identity
        if identity is None or authority is not self._authority:
            address, proto = self.address.encode(), self.scheme.encode()
            lines = _identity_lines(authority.text, self.address, address, str(self.port).encode(), proto)
            identity = self._identity = ClientIdentity(self.address, lines)
            self._authority = authority
        return identity


class ClientIdentity:
    """Who the client is, once trusted proxies in front have been believed, and the field lines that tell the upstream.
    To be taken as frozen."""

    __slots__ = ("address", "lines")

    def __init__(self, address: str, lines: bytes) -> None:
        self.address: Final = address
        self.lines: Final = lines


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
        return peer.identity(head.authority)
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
    return ClientIdentity(address, _identity_lines(host, address, forwarded_for, port, proto))


def client_scheme(head: RequestHead, peer: Peer, trusted: Sequence[Network]) -> str:
    """Return ``http`` or ``https``: that of the connection, unless a trusted proxy says what its client used."""
    if is_trusted(peer.address, trusted):
        for value in head.values(b"x-forwarded-proto")[-1:]:
            if value.lower() in (b"http", b"https"):
                return value.lower().decode("ascii")
    return peer.scheme


def _identity_lines(host: bytes, address: str, forwarded_for: bytes, port: bytes, proto: bytes) -> bytes:
    """``host`` is empty for a request that names none."""
    return (
        b"%bX-Real-IP: %b\r\nX-Forwarded-For: %b\r\nX-Forwarded-Port: %b\r\n"
        b"X-Forwarded-Proto: %b\r\nX-Forwarded-Scheme: %b\r\nX-Scheme: %b\r\n"
    ) % (
        b"X-Forwarded-Host: %b\r\n" % host if host else b"",
        address.encode(),
        forwarded_for,
        port,
        proto,
        proto,
        proto,
    )


def given_request_id(head: RequestHead) -> bytes | None:
    """Return the client's X-Request-ID if it is one short harmless token."""
    given = head.section.request_id
    return given if given is not None and _REQUEST_ID.fullmatch(given) else None


def upstream_request(
    head: RequestHead, identity: ClientIdentity, target: Target, identifier: bytes, host: bytes, body: bytes = b""
) -> bytes:
    """Return the bytes of the head that the upstream gets, and ``body``."""
    section = head.section
    has_length = False
    if head.verbatim and section.spliceable and target is head.target:
        pieces = [head.first_line, section.passed_lines]
        has_length = section.passes_length
    else:
        pieces = [b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (head.method.encode(), str(target).encode(), host)]
        spliced = section.spliceable
        pieces.append(remove_lines(section.raw, section.begin, section.known) if spliced else _rebuilt_lines(head))
    pieces.append(identity.lines)
    pieces.append(b"X-Request-ID: ")
    pieces.append(identifier)
    if head.framing.chunked:
        pieces.append(b"\r\nTransfer-Encoding: chunked")
    elif head.framing.length is not None and not has_length:
        pieces.append(b"\r\nContent-Length: %d" % head.framing.length)
    if head.upgrade is not None:
        pieces.append(b"\r\nConnection: Upgrade\r\nUpgrade: %b" % head.values(b"upgrade")[0])
    elif head.takes_trailers:
        pieces.append(b"\r\nConnection: TE\r\nTE: trailers")
    pieces.append(b"\r\n\r\n")
    if body:
        pieces.append(body)
    return b"".join(pieces)


def _rebuilt_lines(head: RequestHead) -> bytes:
    """The fields one by one, where some must go that are not known by their names."""
    named = _named_by_connection(head.fields)
    kept = [(name, value) for lower, name, value in head.fields if lower not in REPLACED and lower not in named]
    return b"".join([b"%b: %b\r\n" % field for field in kept])


def end_to_end_fields(fields: Sequence[Field]) -> list[Field]:
    """Return an answer's fields without those that speak about the upstream's connection."""
    named = _named_by_connection(fields)
    return [field for field in fields if field[0] not in HOP_BY_HOP and field[0] not in named]


def _named_by_connection(fields: Sequence[Field]) -> frozenset[bytes]:
    """RFC 9110 section 7.6.1: fields named by Connection are for this hop alone."""
    named: tuple[bytes, ...] = ()
    for lower, _, value in fields:
        if lower == b"connection":
            named += list_elements(value)
    return frozenset(named) - NEVER_NAMED_BY_CONNECTION


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

"""Where a name leads that somebody wrote who is not trusted."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from ingressd.proxy.failures import Failure, Reason
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.local_address import is_local


async def guarded_addresses(endpoint: Endpoint) -> list[str]:
    """Resolve the name of ``endpoint``, and leave out what belongs to this machine.

    A Service of type ExternalName could otherwise reach what listens on loopback here, or the metadata service of a
    cloud (GHSA-5ph6-qq5x-7jwc). The addresses are the ones to connect to: asking for the name again might give others.
    Raises Failure (EXTERNAL_NAME_REFUSED) when none is left, and OSError when the name does not resolve.
    """
    found = await asyncio.get_running_loop().getaddrinfo(endpoint.address, endpoint.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    allowed = [address for address in addresses if not is_local(ipaddress.ip_address(address))]
    if not allowed:
        raise Failure(
            Reason.EXTERNAL_NAME_REFUSED,
            f"{endpoint.address} leads to {', '.join(addresses)}, which belongs to the machine of ingressd",
        )
    return allowed

"""Connections that do nothing: each has had one request and its answer, and stays.

    python -m loadtest.comparison.idle_connections PORT --count 1000 [--tls]

It prints one JSON object when all are idle, and goes when its standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys

import uvloop

from loadtest.comparison.answer_reader import AnswerReader
from loadtest.comparison.site import HOST

AT_ONCE = 32
_READ_BYTES = 65_536
_REQUEST = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode("ascii")


async def open_one(port: int, context: ssl.SSLContext | None) -> asyncio.StreamWriter | None:
    """Return a connection that has had its answer; None for one that was refused or answered otherwise."""
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=HOST if context else None
        )
    except OSError:
        return None
    writer.write(_REQUEST)
    answer = AnswerReader()
    while data := await reader.read(_READ_BYTES):
        right = answer.take(data)
        if right is not None:
            return writer if right else None
    return None


async def hold(port: int, count: int, tls: bool) -> None:
    context = ssl.create_default_context() if tls else None
    if context is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    held: list[asyncio.StreamWriter] = []
    refused = 0
    while len(held) + refused < count:
        wanted = min(AT_ONCE, count - len(held) - refused)
        for writer in await asyncio.gather(*(open_one(port, context) for _ in range(wanted))):
            if writer is None:
                refused += 1
            else:
                held.append(writer)
    print(json.dumps({"held": len(held), "refused": refused}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for writer in held:
        writer.transport.abort()


def main() -> None:
    options = argparse.ArgumentParser(description="Hold idle connections.")
    options.add_argument("port", type=int)
    options.add_argument("--count", type=int, required=True, help="how many")
    options.add_argument("--tls", action="store_true", help="over TLS")
    given = options.parse_args()
    uvloop.run(hold(given.port, given.count, given.tls))


if __name__ == "__main__":
    main()

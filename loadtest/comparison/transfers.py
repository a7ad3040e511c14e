"""A client of large bodies: it moves one after the other on each connection, and stops only between two.

    python -m loadtest.comparison.transfers PORT upload|download --mebibytes 100 --seconds 3

Bodies that are cut off at the end would be paid for and not counted. Connections are threads with blocking sockets: all
the time is spent in the kernel, where Python's lock is not held. It prints one JSON object.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import threading
import time

from loadtest.comparison.site import BODIES_PATH, HOST
from loadtest.support.resident_memory import MIB

CONNECTIONS = 4
BLOCK_BYTES = MIB
TIMEOUT_SECONDS = 60.0


class Transfers:
    """``wrong`` counts what had another status or length than it should, or no end."""

    def __init__(self, port: int, *, upload: bool, mebibytes: int, seconds: float) -> None:
        self.operations = 0
        self.wrong = 0
        self._port = port
        self._upload = upload
        self._mebibytes = mebibytes
        self._end = time.perf_counter() + seconds
        self._lock = threading.Lock()

    def loop(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        try:
            while time.perf_counter() < self._end:
                right = self._send(connection) if self._upload else self._receive(connection)
                with self._lock:
                    self.operations += right
                    self.wrong += not right
        except (OSError, http.client.HTTPException) as error:
            print(f"a transfer ended early: {error!r}", file=sys.stderr)
            with self._lock:
                self.wrong += 1
        finally:
            connection.close()

    def _send(self, connection: http.client.HTTPConnection) -> bool:
        block = bytes(BLOCK_BYTES)
        total = self._mebibytes * MIB
        connection.putrequest("POST", f"{BODIES_PATH}/upload", skip_host=True)
        connection.putheader("Host", HOST)
        connection.putheader("Content-Length", str(total))
        connection.endheaders()
        for _ in range(total // BLOCK_BYTES):
            connection.send(block)
        answer = connection.getresponse()
        return answer.read() == b"%d bytes\n" % total and answer.status == 200

    def _receive(self, connection: http.client.HTTPConnection) -> bool:
        connection.request("GET", f"/files/{self._mebibytes}MiB", headers={"Host": HOST})
        answer = connection.getresponse()
        buffer = bytearray(BLOCK_BYTES)
        received = 0
        while count := answer.readinto(buffer):
            received += count
        return answer.status == 200 and received == self._mebibytes * MIB


def run(port: int, *, upload: bool, mebibytes: int, seconds: float) -> dict[str, float]:
    """Return ``operations``, ``seconds`` and ``wrong``."""
    begin = time.perf_counter()
    transfers = Transfers(port, upload=upload, mebibytes=mebibytes, seconds=seconds)
    threads = [threading.Thread(target=transfers.loop, name=f"transfers {number}") for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - begin
    return {"operations": transfers.operations, "seconds": taken, "wrong": transfers.wrong}


def main() -> None:
    options = argparse.ArgumentParser(description="Move large bodies, whole ones only.")
    options.add_argument("port", type=int)
    options.add_argument("direction", choices=("upload", "download"))
    options.add_argument("--mebibytes", type=int, default=100, help="size of each body (default 100)")
    options.add_argument("--seconds", type=float, default=3.0, help="start none after so long (default 3)")
    given = options.parse_args()
    upload = given.direction == "upload"
    print(json.dumps(run(given.port, upload=upload, mebibytes=given.mebibytes, seconds=given.seconds)))


if __name__ == "__main__":
    main()

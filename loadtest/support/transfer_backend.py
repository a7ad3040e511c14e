"""A server for large bodies: it sends the pattern, and says what it received.

``GET /?bytes=N&framing=length|chunked`` and ``PUT /?stall=SECONDS``; the answer to PUT is the receipt as JSON. Blocking
sockets and one thread for each connection: nothing on this side of the proxy should be the slow part.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from loadtest.support.pattern import BLOCK_BYTES, Verifier, pattern


class TransferHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rbufsize = BLOCK_BYTES
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        total = int(self._asked("bytes", "0"))
        chunked = self._asked("framing", "length") == "chunked"
        self.send_response(200)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(total))
        self.end_headers()
        for offset in range(0, total, BLOCK_BYTES):
            block = pattern(offset, min(BLOCK_BYTES, total - offset))
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def do_PUT(self) -> None:
        time.sleep(float(self._asked("stall", "0")))
        verifier = Verifier()
        for piece in self._body():
            verifier.take(piece)
        answer = json.dumps(verifier.receipt()._asdict()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Standard error is for what goes wrong."""

    def _asked(self, name: str, default: str) -> str:
        return parse_qs(urlsplit(self.path).query).get(name, [default])[0]

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline() or b"0", 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        remaining = int(self.headers.get("Content-Length", "0"))
        while remaining:
            piece = self.rfile.read(min(BLOCK_BYTES, remaining))
            if not piece:
                return
            remaining -= len(piece)
            yield piece


class TransferServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


def main() -> None:
    server = TransferServer(("127.0.0.1", 0), TransferHandler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

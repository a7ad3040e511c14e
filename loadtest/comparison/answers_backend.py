"""The backend of small answers and of files: an nginx without a proxy in it, so that it is never the slow part."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtest.comparison.quiet_port import quiet_port
from loadtest.comparison.site import BACKLOG
from loadtest.support.fixed_backend import BODY
from loadtest.support.processor_time import starting_on
from loadtest.support.resident_memory import MIB

START_SECONDS = 5.0
FILES = {"1MiB": MIB, "100MiB": 100 * MIB}
"""What ``/files/NAME`` answers, in bytes."""
_CONFIGURATION = """\
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log {folder}/errors.txt;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  sendfile on;
  default_type text/plain;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  server {{
    listen 127.0.0.1:{port} backlog={backlog};
    location / {{ return 200 "{body}"; }}
    location /files/ {{ root {folder}; }}
  }}
}}
"""


def configuration(folder: Path, port: int) -> str:
    body = BODY.decode("ascii").replace("\n", "\\n")
    return _CONFIGURATION.format(folder=folder, port=port, backlog=BACKLOG, body=body)


@contextmanager
def answers_backend(folder: Path, core: int) -> Iterator[int]:
    """Run it, and give its port."""
    files = folder / "files"
    files.mkdir(parents=True)
    for name, size in FILES.items():
        (files / name).write_bytes(bytes(size))
    port = quiet_port()
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, port), encoding="utf-8")
    with starting_on(core):
        process = subprocess.Popen(
            ("nginx", "-p", str(folder), "-e", str(folder / "errors.txt"), "-c", str(file)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (folder / "nginx.pid").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the backend did not start")
            time.sleep(0.01)
        yield port
    finally:
        process.terminate()
        process.wait()

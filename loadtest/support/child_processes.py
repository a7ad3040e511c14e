"""The workers of a supervisor, seen from outside, from ``/proc`` (proc(5))."""

from __future__ import annotations

import os
import re
from pathlib import Path

_WORKERS = b"ingressd.workers"
_LISTENING = "0A"  # the state in /proc/net/tcp
_WATCHED = re.compile(r"^tfd:\s*\d+\s.*\bino:([0-9a-f]+)\b", re.MULTILINE)


def worker_pids(supervisor: int) -> frozenset[int]:
    """Return the workers that have not ended, those that do not serve yet or any more among them."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text(encoding="ascii").split()
    return frozenset(pid for pid in map(int, children) if _WORKERS in _command(pid))


def accepts(pid: int, port: int) -> bool:
    """Whether the process waits for connections to the TCP port: whether an epoll of it watches that socket."""
    listening = _listening_inodes(port)
    for descriptor in _entries(f"/proc/{pid}/fdinfo"):
        try:
            watched = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text(encoding="ascii")
        except OSError:
            continue  # closed since
        if any(int(inode, 16) in listening for inode in _WATCHED.findall(watched)):
            return True
    return False


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _listening_inodes(port: int) -> frozenset[int]:
    found = []
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
            found.append(int(fields[9]))
    return frozenset(found)

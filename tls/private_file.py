"""A path for bytes that no other program is to see.

OpenSSL, as Python offers it, loads certificates and keys from paths only. On Linux the path names anonymous
memory, so a private key never touches a disk and a read-only root file system is enough.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager


@contextlib.contextmanager
def memory_file(content: bytes) -> Iterator[str]:
    """Linux only. The path is good for this process, and until the end of the ``with`` block."""
    descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        _write_all(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def temporary_file(content: bytes) -> Iterator[str]:
    """A file that only this user can read (mode 0600), removed at the end of the ``with`` block."""
    descriptor, path = tempfile.mkstemp(prefix="tls-")
    try:
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
        yield path
    finally:
        os.unlink(path)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


private_file: Callable[[bytes], AbstractContextManager[str]] = (
    memory_file if hasattr(os, "memfd_create") else temporary_file
)

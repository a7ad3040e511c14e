"""Takes file descriptors away from this process, as a busy machine does."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import time
from collections.abc import Iterator

# inotify takes one, and what wakes its thread takes two.
TOO_FEW_FOR_NOTIFICATIONS = 2

# Threads that an earlier test ended close theirs a moment later, and would give them back in the middle of this one.
_QUIET_SECONDS = 0.1


@contextlib.contextmanager
def free_descriptors(count: int) -> Iterator[None]:
    """Meanwhile, this process can open ``count`` more files, and then gets EMFILE."""
    gc.collect()
    before: set[str] = set()
    while (descriptors := set(os.listdir("/proc/self/fd"))) != before:
        before = descriptors
        time.sleep(_QUIET_SECONDS)
    highest = max(int(name) for name in descriptors)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        while taken[-1] < highest:
            taken.append(os.open(os.devnull, os.O_RDONLY))
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1] + 1 + count, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)

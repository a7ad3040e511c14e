"""Which file systems say nothing about the changes that another machine makes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

import msgspec

# Files on them are changed by servers, by other clients, or by the host of a virtual machine; the kernel that holds
# the watch learns of that only when somebody looks. (inotify(7), "Limitations and caveats".) Whether one in user
# space (``fuse.*``) is among them, its name does not tell.
_SILENT = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "drvfs",
        "fakeowner",
        "fuse",
        "gfs2",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "prl_fs",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    }
)
_MOUNTS = "/proc/self/mountinfo"
_MOST_BYTES_OF_MOUNTS = 4 << 20
_ESCAPED = re.compile(r"\\([0-7]{3})")


class SilentFolder(msgspec.Struct, frozen=True):
    """A folder, and the type of the file system that it is on."""

    folder: str
    file_system: str


def first_silent(folders: Iterable[str]) -> SilentFolder | None:
    """The first folder, by name, on a file system that does not tell of every change.

    None also where the operating system has no table of its mounts in /proc.
    """
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            mounts = mounted(file.read(_MOST_BYTES_OF_MOUNTS))
    except OSError:
        return None
    for folder in sorted(folders):
        kind = file_system_of(folder, mounts)
        if kind in _SILENT or kind.startswith("fuse."):
            return SilentFolder(folder, kind)
    return None


def mounted(table: str) -> dict[str, str]:
    """The type of file system by mount point, from the text of a mountinfo file (proc_pid_mountinfo(5))."""
    mounts: dict[str, str] = {}
    for line in table.splitlines():
        # Any number of optional fields stands before the dash.
        place, dash, file_system = line.partition(" - ")
        fields = place.split(" ")
        if dash and len(fields) >= 5:
            # A later line is mounted over an earlier one.
            mounts[_ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields[4])] = file_system.split(" ")[0]
    return mounts


def file_system_of(folder: str, mounts: dict[str, str]) -> str:
    """The type of file system at an absolute path without links; empty when the table does not have it."""
    while folder not in mounts:
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    return mounts[folder]

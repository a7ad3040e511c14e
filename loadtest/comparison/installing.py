"""The programs that are compared, from Debian where they are missing and may be installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable

from loadtest.comparison.peer import Peer
from loadtest.support.machine import CHECKOUT


def install(programs: Iterable[tuple[str, str]]) -> None:
    """Install the package of each (program, package) that is not on PATH, where apt-get and root allow it.

    What cannot be installed is left out silently: the caller looks at PATH again and says what is missing.
    """
    wanted = [package for program, package in programs if shutil.which(program) is None]
    apt = shutil.which("apt-get")
    if not wanted or apt is None or os.geteuid() != 0:
        return
    print(f"installing {', '.join(wanted)}", flush=True)
    # Their services would start, and take ports and time: nobody asked for them.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run((apt, "update", "-qq"), env=environment, check=False)
    for package in wanted:
        subprocess.run((apt, "install", "-y", "-qq", "--no-install-recommends", package), env=environment, check=False)


def version(peer: Peer) -> str:
    """Return the first line of what the program says of itself."""
    told = subprocess.run(peer.version, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return (told.stdout + told.stderr).strip().splitlines()[0]

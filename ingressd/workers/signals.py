"""Signals between supervisor and worker. Imported first of all in a worker: it stays light."""

from __future__ import annotations

import signal

NOT_FOR_WORKERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""A terminal's Ctrl-C and a service manager's stop reach every process of the group. What becomes of a worker is for
the supervisor to decide, which gets them too."""

STACKS = signal.SIGUSR1
"""Tells a worker to write the stacks of its threads to standard error."""

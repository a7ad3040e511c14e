"""Moves the endpoints of one application to and fro, and sees when requests follow."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing

from loadtest.support.cluster_proxy import ClusterProxy
from loadtest.support.large_cluster_process import LargeClusterProcess
from loadtest.support.pod_process import PodProcess
from loadtest.support.probe import Probe

MOVED = 0
"""The number of the application."""

_LONGEST_PAUSE_SECONDS = 0.1


class Mover:
    """The application is on the first of the two pods at the start."""

    def __init__(self, cluster: LargeClusterProcess, proxy: ClusterProxy, pods: tuple[PodProcess, PodProcess]) -> None:
        self._cluster = cluster
        self._proxy = proxy
        self._here, self._there = (pod.port for pod in pods)
        self._pauses = random.Random(20261121)

    def move(self, goes_on: Callable[[int], bool]) -> list[float]:
        """Move until ``goes_on`` says no to the number of moves so far; return the milliseconds of each."""
        milliseconds: list[float] = []
        with closing(Probe(self._proxy.port, MOVED)) as probe:
            while goes_on(len(milliseconds)):
                time.sleep(self._pauses.uniform(0, _LONGEST_PAUSE_SECONDS))
                if probe.ask() != self._here:
                    raise RuntimeError("a request reached a pod before any event said so")
                self._here, self._there = self._there, self._here
                written = self._cluster.move(MOVED, self._here)
                milliseconds.append((probe.wait_for(self._here) - written) * 1000)
        return milliseconds

"""What several features are shown with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.pods import Gate, Pods, halting, running_pods


@pytest.fixture
def pods() -> Iterator[Pods]:
    """A pod that says what reached it: ``web``."""
    with running_pods("web") as found:
        yield found


@pytest.fixture
def gate(pods: Pods) -> Gate:
    """What the pod ``slow`` waits for in the middle of each answer."""
    found = pods.gate()
    pods.add("slow", halting(found))
    return found

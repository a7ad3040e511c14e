"""How long ingressd waits is chosen at its start."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.manifests import ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import serving


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


def test_an_endpoint_that_does_not_answer(tmp_path: Path, lane_flag: tuple[str, str]) -> None:
    with running_pods() as pods:
        pods.add("silent", silent)
        arguments = (*lane_flag, *pods.maps(), "--response-head-timeout", "0.5")
        with serving(tmp_path, ingress("slow", rule("slow.test", path("/", "silent"))), arguments=arguments) as dev:
            answer = dev.get("/", host="slow.test")
            assert (answer.status, answer.reason) == (504, "upstream_timeout")
            assert "No whole header came for 0.5 s." in answer.text
            assert "raise --response-head-timeout" in answer.text

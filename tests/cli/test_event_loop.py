"""Signals that end the program."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from ingressd.cli.event_loop import run, stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_for_a_drain(number: signal.Signals) -> None:
    async def until_stopped() -> str:
        with stop_on_signals() as stop:
            os.kill(os.getpid(), number)
            async with asyncio.timeout(10):
                await stop.wait()
        return "drained"

    assert run(until_stopped()) == "drained"


def test_the_second_ctrl_c_ends_at_once() -> None:
    async def never_drains() -> None:
        with stop_on_signals() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            await stop.wait()
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(30)

    with pytest.raises(SystemExit) as ended:
        run(never_drains())
    assert ended.value.code == 130


def test_a_result_is_returned() -> None:
    async def answer() -> int:
        return 42

    assert run(answer()) == 42


def test_as_many_descriptors_are_taken_as_the_system_allows() -> None:
    program = (
        "import resource\n"
        "from ingressd.cli.event_loop import raise_descriptor_limit\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))\n"
        "raise_descriptor_limit()\n"
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "512 512\n"

from __future__ import annotations

import asyncio

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.outage import Outage, OutageSettings
from tests.kube.scripted_api import ScriptedApi

DOWN = ApiError(ApiFault.UNREACHABLE, "Nobody is there.")
QUICK = OutageSettings(between_questions=0.001)
LONG = 600.0


async def rests(outage: Outage, *errors: ApiError | None, seconds: float = LONG) -> None:
    async with asyncio.timeout(10):
        await asyncio.gather(*(outage.rest(seconds, error) for error in errors))


async def test_everybody_goes_on_when_one_question_is_answered() -> None:
    api = ScriptedApi([DOWN, ApiError(ApiFault.SERVER, "Not yet.", status=503), b"ok"])
    outage = Outage(api, QUICK)
    await rests(outage, DOWN, ApiError(ApiFault.SERVER, "Oh."), DOWN)
    assert api.paths == ["/readyz"] * 3
    await outage.close()


async def test_a_refusal_is_an_answer_too() -> None:
    outage = Outage(ScriptedApi([ApiError(ApiFault.UNAUTHORIZED, "Who?", status=401)]), QUICK)
    await rests(outage, DOWN)
    await outage.close()


async def test_it_lasts_no_longer_than_it_was_to() -> None:
    api = ScriptedApi()
    outage = Outage(api, QUICK)
    await rests(outage, DOWN, seconds=0.05)
    assert api.paths in ([], ["/readyz"])
    await outage.close()


async def test_other_faults_are_waited_out_without_a_question() -> None:
    api = ScriptedApi()
    outage = Outage(api, QUICK)
    await rests(
        outage,
        None,
        ApiError(ApiFault.FORBIDDEN, "No."),
        ApiError(ApiFault.SERVER, "Later.", retry_after_seconds=1.0),
        seconds=0.02,
    )
    assert api.paths == []
    await outage.close()


async def test_who_fails_again_soon_is_not_called_back_early() -> None:
    now = 100.0
    api = ScriptedApi([b"ok", b"ok"])
    outage = Outage(api, QUICK, clock=lambda: now)
    await rests(outage, DOWN)
    await rests(outage, DOWN, seconds=0.02)
    assert len(api.paths) == 1
    now += 61
    await rests(outage, DOWN)
    assert len(api.paths) == 2
    await outage.close()


async def test_closing_ends_the_question_and_later_waits_ask_again() -> None:
    api = ScriptedApi()
    outage = Outage(api, QUICK)
    waiting = asyncio.gather(outage.rest(LONG, DOWN))
    async with asyncio.timeout(10):
        await api.idle.wait()
    await outage.close()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    api.lists = [b"ok"]
    await rests(outage, DOWN)
    await outage.close()

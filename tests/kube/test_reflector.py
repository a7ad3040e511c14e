from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import pytest

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.reflector import Reflector, ReflectorSettings
from ingressd.kube.selection import Selection
from ingressd.resources.change import Applied, Change, Deleted, Reported
from ingressd.resources.key import Kind
from tests.kube.scripted_api import Piece, ScriptedApi, Time, a_bookmark, a_list, an_event, an_object

SERVICES = Selection(Kind.SERVICE)
DOWN = ApiError(ApiFault.UNREACHABLE, "Nobody is there.")
LONG = 400.0


def expired(code: int = 410) -> bytes:
    return an_event("ERROR", {"kind": "Status", "code": code, "reason": "Expired", "message": "too old"})


class Followed:
    """A reflector, followed until the scripts have nothing more to say."""

    def __init__(
        self,
        lists: Iterable[bytes | Exception],
        watches: Iterable[Iterable[Piece]] = (),
        *,
        settings: ReflectorSettings | None = None,
        time: Time | None = None,
        selection: Selection = SERVICES,
    ) -> None:
        self.api = ScriptedApi(lists, watches)
        self.time = time or Time()
        self.reflector = Reflector(
            self.api,
            selection,
            settings or ReflectorSettings(),
            rest=self.time.rest,
            draw=lambda: 0.0,
            clock=self.time.clock,
        )
        self.batches: list[list[str]] = []

    async def end(self) -> Followed:
        async with asyncio.timeout(10):
            following = asyncio.get_running_loop().create_task(self._follow())
            await self.api.idle.wait()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        return self

    async def _follow(self) -> None:
        async for batch in self.reflector.batches():
            self.batches.append([said(change) for change in batch])

    @property
    def versions(self) -> list[str]:
        """Of every watch the resource version it began at, and "list" for every list."""
        return [query.get("resourceVersion", "") if "watch" in query else "list" for query in self.api.asked]

    @property
    def rests(self) -> list[float]:
        return [round(seconds, 3) for seconds, _error in self.time.rests]


def said(change: Change) -> str:
    match change:
        case Applied(found):
            return f"+{found.metadata.name}"
        case Deleted(key):
            return f"-{key.name}"
        case Reported(reporter, problems):
            return f"{reporter}: {','.join(problem.code for problem in problems)}"
        case _:
            return repr(change)


async def test_lists_in_pages_and_watches_from_the_version_of_the_list() -> None:
    followed = await Followed(
        [a_list(an_object("a"), version=7, following="more"), a_list(an_object("b"), version=7)],
        settings=ReflectorSettings(page_size=1),
    ).end()
    assert followed.batches == [["+a", "+b"]]
    assert followed.api.asked[:2] == [{"limit": "1"}, {"limit": "1", "continue": "more"}]
    assert followed.api.asked[2] == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "7",
        "timeoutSeconds": "300",
    }
    assert followed.api.silences == [315.0]


async def test_selectors_and_namespace_are_asked_for_in_lists_and_watches() -> None:
    followed = await Followed(
        [a_list()], selection=Selection(Kind.SECRET, "shop", "team=a", "type=kubernetes.io/tls")
    ).end()
    assert followed.api.paths == ["/api/v1/namespaces/shop/secrets"] * 2
    for query in followed.api.asked:
        assert query["labelSelector"] == "team=a"
        assert query["fieldSelector"] == "type=kubernetes.io/tls"


async def test_an_empty_kind_is_an_empty_batch() -> None:
    followed = await Followed([a_list()]).end()
    assert followed.batches == [[]]
    assert followed.reflector.health.listed


async def test_what_comes_in_one_piece_is_one_batch() -> None:
    piece = an_event("ADDED", an_object("a", 2)) + an_event("DELETED", an_object("b", 3)) + a_bookmark(9)
    followed = await Followed([a_list(an_object("b"))], [[piece]]).end()
    assert followed.batches == [["+b"], ["+a", "-b"]]


async def test_a_watch_that_ends_goes_on_at_the_last_version_seen() -> None:
    time = Time()
    followed = await Followed(
        [a_list(version=5)],
        [
            [an_event("ADDED", an_object("a", 6)), time.pass_(LONG)],
            [a_bookmark(8), time.pass_(LONG)],
            [time.pass_(LONG)],
        ],
        time=time,
    ).end()
    assert followed.versions == ["list", "5", "6", "8", "8"]
    assert followed.rests == []


async def test_watches_that_end_at_once_are_opened_ever_less_often() -> None:
    followed = await Followed([a_list(version=5)], [[], [a_bookmark(6)], [], []]).end()
    assert followed.versions == ["list", "5", "5", "6", "6", "6"]
    assert followed.rests == [0.8, 1.6, 3.2, 6.4]
    assert followed.reflector.health.error == ""


@pytest.mark.parametrize("gone", [[expired()], [ApiError(ApiFault.EXPIRED, "too old", status=410)]])
async def test_a_version_that_is_too_old_leads_to_a_list_that_deletes_what_vanished(gone: list[Piece]) -> None:
    time = Time()
    followed = await Followed(
        [a_list(an_object("a"), an_object("b"), version=5), a_list(an_object("b"), an_object("c"), version=9)],
        [[time.pass_(LONG)], gone],
        time=time,
    ).end()
    assert followed.batches == [["+a", "+b"], ["-a", "+b", "+c"]]
    assert followed.versions == ["list", "5", "5", "list", "9"]
    assert "resourceVersion" not in followed.api.asked[3]
    assert followed.rests == []


async def test_versions_that_are_always_too_old_make_no_hot_loop() -> None:
    followed = await Followed([a_list()] * 4, [[expired()]] * 3).end()
    assert followed.rests == [0.8, 1.6, 3.2]
    assert followed.batches == [[]] * 4


@pytest.mark.parametrize(
    ("error", "goes_on"),
    [
        (DOWN, "5"),
        (ApiError(ApiFault.THROTTLED, "Later."), "5"),
        (ApiError(ApiFault.SERVER, "etcd is gone."), "5"),
        (ApiError(ApiFault.UNAUTHORIZED, "Who?"), "5"),
        (ApiError(ApiFault.FORBIDDEN, "No."), "5"),
        (ApiError(ApiFault.MALFORMED, "Garbage."), "list"),
        (ApiError(ApiFault.REFUSED, "Bad version."), "list"),
        (ApiError(ApiFault.NOT_FOUND, "No such kind."), "list"),
    ],
)
async def test_what_a_watch_that_failed_leads_to(error: ApiError, goes_on: str) -> None:
    followed = await Followed([a_list(version=5), a_list(version=5)], [[error]]).end()
    assert followed.versions[:3] == ["list", "5", goes_on]
    assert followed.rests == [0.8]


async def test_a_server_that_refuses_the_same_watch_again_and_again_is_listed() -> None:
    broken = ApiError(ApiFault.SERVER, "too large resource version", status=504)
    followed = await Followed([a_list(version=5), a_list(version=5)], [[broken]] * 5).end()
    assert followed.versions == ["list", *["5"] * 5, "list", "5"]


async def test_a_cut_in_the_middle_of_an_event_loses_nothing() -> None:
    event = an_event("ADDED", an_object("a", 6))
    followed = await Followed([a_list(version=5)], [[event[:30]], [event]]).end()
    assert followed.versions[:3] == ["list", "5", "5"]
    assert followed.batches == [[], ["+a"]]
    assert followed.rests[0] == 0.8


@pytest.mark.parametrize("end", [[], [DOWN]], ids=["by an end", "by an error"])
async def test_an_event_that_never_comes_through_leads_to_a_list(end: list[Piece]) -> None:
    beginning = an_event("ADDED", an_object("a", 6))[:30]
    followed = await Followed([a_list(version=5), a_list(an_object("a", 6), version=6)], [[beginning, *end]] * 5).end()
    assert followed.versions == ["list", *["5"] * 5, "list", "6"]
    assert followed.batches == [[], ["+a"]]


async def test_connections_that_are_cut_between_events_lead_to_no_list() -> None:
    followed = await Followed([a_list(version=5)], [[DOWN]] * 8).end()
    assert followed.versions == ["list", *["5"] * 9]


async def test_garbage_in_the_stream_leads_to_a_list() -> None:
    followed = await Followed(
        [a_list(version=5), a_list(version=8)], [[an_event("ADDED", an_object("a", 6)) + b"<html>\n"]]
    ).end()
    assert followed.batches == [[], ["+a"], ["-a"]]
    assert followed.versions == ["list", "5", "list", "8"]


async def test_an_event_that_is_too_large_leads_to_a_list_and_a_problem_until_the_watch_goes_on() -> None:
    big = an_event("MODIFIED", an_object("a", 6, extra="x" * 500))
    followed = await Followed(
        [a_list(version=5), a_list(an_object("a", 6), version=6)],
        [[big], [a_bookmark(7)]],
        settings=ReflectorSettings(most_event_bytes=400),
    ).end()
    assert followed.batches == [[], ["api watch of services: event_too_large"], ["+a"], ["api watch of services: "]]
    assert followed.versions[:4] == ["list", "5", "list", "6"]


async def test_a_bad_object_harms_no_other_and_keeps_its_last_good_version() -> None:
    bad = an_object("a", 6, spec={"ports": 7})
    followed = await Followed(
        [a_list(an_object("a"), version=5)],
        [[an_event("MODIFIED", bad) + an_event("ADDED", an_object("b", 7)), an_event("MODIFIED", an_object("a", 8))]],
    ).end()
    assert followed.batches == [["+a"], ["api Service shop/a: wrong_type", "+b"], ["+a", "api Service shop/a: "]]
    assert followed.versions[:3] == ["list", "5", "8"]


async def test_a_failing_list_is_repeated_ever_less_often_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    time = Time()
    with caplog.at_level(logging.INFO, "ingressd.kube.reflector"):
        followed = await Followed([DOWN, DOWN, DOWN, a_list(an_object("a"))], time=time).end()
    assert followed.rests == [0.8, 1.6, 3.2]
    assert followed.batches == [["+a"]]
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "services cannot be read; nothing is known of them yet. Nobody is there."),
        ("INFO", "services can be read now."),
    ]


async def test_what_is_known_stays_while_it_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    time = Time()
    with caplog.at_level(logging.INFO, "ingressd.kube.reflector"):
        await Followed([a_list(), a_list()], [[time.pass_(LONG), DOWN], [time.pass_(LONG)]], time=time).end()
    assert [record.message for record in caplog.records] == [
        "services cannot be read; what is known of them stays. Nobody is there.",
        "services can be read again.",
    ]


async def test_the_server_says_when_to_come_back() -> None:
    throttled = ApiError(ApiFault.THROTTLED, "Later.", status=429, retry_after_seconds=17.0)
    followed = await Followed([throttled, a_list()]).end()
    assert followed.rests == [17.0]


async def test_a_forbidden_kind_names_the_rule_that_is_missing() -> None:
    forbidden = ApiError(ApiFault.FORBIDDEN, "services is forbidden.", status=403)
    followed = await Followed([forbidden]).end()
    health = followed.reflector.health
    assert not health.listed
    assert health.error == (
        "services is forbidden. For the service account, a ClusterRole must grant "
        'apiGroups [""], resources [services], verbs [list, watch].'
    )


async def test_a_page_token_that_is_too_old_starts_the_list_over() -> None:
    expired_token = ApiError(ApiFault.EXPIRED, "The continue parameter is too old.", status=410)
    followed = await Followed(
        [a_list(an_object("a"), following="more"), expired_token, a_list(an_object("b"), version=9)]
    ).end()
    assert followed.batches == [["+b"]]
    assert [query.get("continue") for query in followed.api.asked[:3]] == [None, "more", None]
    assert followed.rests == []


async def test_tokens_that_are_always_too_old_make_no_hot_loop() -> None:
    expired_token = ApiError(ApiFault.EXPIRED, "The continue parameter is too old.", status=410)
    answers: list[bytes | ApiError] = [a_list(following="more"), expired_token]
    followed = await Followed([*answers * 3, a_list()]).end()
    assert followed.rests == [0.8]


async def test_a_page_that_is_too_large_is_asked_for_in_smaller_pages() -> None:
    large = ApiError(ApiFault.MALFORMED, "more than 1 bytes")
    followed = await Followed([large, large, large, large, a_list(), a_list()], [[b"garbage\n"]]).end()
    assert [query["limit"] for query in followed.api.asked if "limit" in query] == [
        "500",
        "125",
        "31",
        "10",
        "10",
        "500",
    ]


async def test_health_counts_and_says_what_is_wrong() -> None:
    time = Time()
    followed = Followed([DOWN, a_list(an_object("a"), an_object("b"))], [[time.pass_(LONG)], [DOWN]], time=time)
    began = followed.reflector.health
    assert (began.listed, began.error, began.lists, began.watches) == (False, "", 0, 0)
    await followed.end()
    health = followed.reflector.health
    assert (health.listed, health.error, health.lists, health.watches, health.objects) == (
        True,
        "Nobody is there.",
        2,
        3,
        2,
    )


async def test_two_minutes_of_health_forget_earlier_failures() -> None:
    time = Time()
    followed = await Followed(
        [DOWN, DOWN, a_list()], [[time.pass_(LONG), DOWN], [time.pass_(60.0), DOWN]], time=time
    ).end()
    assert followed.rests == [0.8, 1.6, 0.8, 1.6]


async def test_a_server_known_to_send_bookmarks_may_not_be_silent_for_long() -> None:
    class Silent(ScriptedApi):
        async def _pieces(self, pieces: list[Piece]):  # type: ignore[no-untyped-def]  # as the one it replaces
            for piece in pieces:
                if isinstance(piece, bytes):
                    yield piece
            await asyncio.Event().wait()

    time = Time()
    api = Silent([a_list(version=5)], [[a_bookmark(6)]])
    reflector = Reflector(api, SERVICES, ReflectorSettings(bookmark_silence=0.01), rest=time.rest, clock=time.clock)
    followed = Followed([])
    followed.api, followed.reflector = api, reflector
    await followed.end()
    assert followed.versions == ["list", "5", "6"]
    assert isinstance(time.rests[0][1], ApiError)
    assert time.rests[0][1].fault is ApiFault.UNREACHABLE


async def test_a_storm_in_one_piece_is_split_so_that_others_get_their_turn() -> None:
    piece = b"".join(an_event("ADDED", an_object(f"s-{number}", number + 2)) for number in range(450))
    followed = await Followed([a_list()], [[piece]]).end()
    assert [len(batch) for batch in followed.batches] == [0, 200, 200, 50]


@pytest.mark.parametrize("where", ["a list", "a watch"])
async def test_a_defect_of_ours_is_loud_and_leads_to_a_list(where: str, caplog: pytest.LogCaptureFixture) -> None:
    defect = TypeError("unforeseen")
    lists: list[bytes | Exception] = [a_list(), a_list()] if where == "a watch" else [defect, a_list()]
    followed = await Followed(lists, [[defect]] if where == "a watch" else []).end()
    assert "following services failed" in caplog.text
    assert "TypeError: unforeseen" in caplog.text
    assert followed.versions[-2:] == ["list", "1"]
    assert followed.rests[0] > 0
    assert followed.reflector.health.error == ""

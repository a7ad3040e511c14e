from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path

import pytest

from ingressd.sources import file_systems, wakes
from ingressd.sources.listing import Listing, list_files
from ingressd.sources.wakes import Wakes
from tests.sources.descriptors import TOO_FEW_FOR_NOTIFICATIONS, free_descriptors

PATIENCE_SECONDS = 30


def settled() -> Wakes:
    return Wakes(lambda: False)


async def count_wakes(waking: Wakes, listing: Listing, *, most: int) -> int:
    """How many wakes there are until the end, which none of them asks to watch anew."""
    count = 0
    async with contextlib.aclosing(waking.wakes(listing)) as moments, asyncio.timeout(PATIENCE_SECONDS):
        async for watch_anew in moments:
            assert not watch_anew
            count += 1
            if count == most:
                break
    return count


async def test_it_looks_once_at_the_start(tmp_path: Path) -> None:
    assert await count_wakes(settled(), list_files([str(tmp_path)]), most=1) == 1


async def test_a_watched_folder_that_goes_asks_to_watch_anew(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    listing = list_files([str(tmp_path)])
    async with contextlib.aclosing(settled().wakes(listing)) as moments, asyncio.timeout(PATIENCE_SECONDS):
        # The first wake says that the folders are watched.
        assert await anext(moments) is False
        folder.rmdir()
        assert await anext(moments) is True


async def test_only_what_matters_wakes(tmp_path: Path) -> None:
    (tmp_path / "k8s").mkdir()
    listing = list_files([str(tmp_path / "k8s")])
    async with contextlib.aclosing(settled().wakes(listing)) as moments, asyncio.timeout(PATIENCE_SECONDS):
        assert await anext(moments) is False
        (tmp_path / "unrelated").mkdir()
        # Longer than a burst: the two would be one wake.
        await asyncio.sleep(0.5)
        (tmp_path / "k8s").rmdir()
        assert await anext(moments) is True


async def test_a_folder_that_went_before_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    listing = list_files([str(tmp_path)])
    folder.rmdir()
    assert await count_wakes(settled(), listing, most=1) == 1


async def test_what_is_unsettled_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakes, "_SHORTEST_PAUSE_SECONDS", 0.001)
    assert await count_wakes(Wakes(lambda: True), list_files([str(tmp_path)]), most=3) == 3


async def test_a_lost_notification_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakes, "_LONGEST_WAIT_SECONDS", 0.001)
    assert await count_wakes(settled(), list_files([str(tmp_path)]), most=3) == 3


async def test_without_notifications_it_looks_regularly_and_says_why_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wakes, "_SHORTEST_PAUSE_SECONDS", 0.001)
    listing = list_files([str(tmp_path)])
    waking = settled()
    with free_descriptors(TOO_FEW_FOR_NOTIFICATIONS):
        for _ in range(2):
            assert await count_wakes(waking, listing, most=3) == 3
    (record,) = (record for record in caplog.records if record.name == wakes.__name__)
    assert record.levelno == logging.WARNING
    assert "Too many open files" in record.getMessage()
    assert "fs.inotify.max_user_instances" in record.getMessage()


async def test_notifications_are_tried_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wakes, "_LONGEST_WAIT_SECONDS", 0.5)
    monkeypatch.setattr(wakes, "_SHORTEST_PAUSE_SECONDS", 0.1)
    listing = list_files([str(tmp_path)])
    waking = settled()
    with free_descriptors(TOO_FEW_FOR_NOTIFICATIONS):
        assert await count_wakes(waking, listing, most=1000) < 1000
    monkeypatch.setattr(wakes, "_LONGEST_WAIT_SECONDS", 60.0)
    caplog.clear()
    async with contextlib.aclosing(waking.wakes(listing)) as moments, asyncio.timeout(PATIENCE_SECONDS):
        assert await anext(moments) is False
        (tmp_path / "a.yaml").touch()
        assert await anext(moments) is False
    assert caplog.records == []


async def test_a_name_that_is_not_text_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wakes, "_SHORTEST_PAUSE_SECONDS", 0.001)
    listing = list_files([str(tmp_path)])
    async with contextlib.aclosing(settled().wakes(listing)) as moments, asyncio.timeout(PATIENCE_SECONDS):
        assert await anext(moments) is False
        os.mkdir(os.fsencode(tmp_path / "a") + b"\xff")
        assert [await anext(moments) for _ in range(3)] == [False] * 3
    assert "Unable to decode path" in caplog.text


async def test_a_silent_file_system_is_looked_at_regularly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("27 1 0:40 / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(file_systems, "_MOUNTS", str(table))
    monkeypatch.setattr(wakes, "_SHORTEST_PAUSE_SECONDS", 0.001)
    caplog.set_level(logging.INFO, logger=wakes.__name__)
    listing = list_files([str(tmp_path)])
    assert await count_wakes(settled(), listing, most=3) == 3
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{min(listing.watched)} is on nfs4")


@pytest.mark.parametrize(("look", "pause"), [(0.0, 1.0), (0.005, 1.0), (0.02, 4.0), (5.0, 10.0)])
def test_looks_take_a_small_part_of_the_time(look: float, pause: float) -> None:
    assert wakes._pause(look) == pause

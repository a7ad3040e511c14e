from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from ingressd.sources.listing import Listing, list_files
from ingressd.sources.wakes import wakes

PATIENCE_SECONDS = 30


async def first(listing: Listing, wanted: bool) -> None:
    """Returns at the first wake that asks to watch anew, or does not."""
    async with contextlib.aclosing(wakes(listing)) as moments, asyncio.timeout(PATIENCE_SECONDS):
        async for watch_anew in moments:
            if watch_anew is wanted:
                return
    pytest.fail("the watcher ended")


async def test_it_looks_once_soon_after_the_start(tmp_path: Path) -> None:
    await first(list_files([str(tmp_path)]), wanted=False)


async def test_a_watched_folder_that_goes_asks_to_watch_anew(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    listing = list_files([str(tmp_path)])
    async with contextlib.aclosing(wakes(listing)) as moments, asyncio.timeout(PATIENCE_SECONDS):
        # The first wake says that the watcher runs.
        assert await anext(moments) is False
        folder.rmdir()
        async for watch_anew in moments:
            if watch_anew:
                break


async def test_a_folder_that_went_before_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    listing = list_files([str(tmp_path)])
    folder.rmdir()
    await first(listing, wanted=False)


async def test_without_anything_it_tries_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def awatch(*_: str, **__: Any) -> AsyncGenerator[Any, None]:
        for changes in list[Any]():
            yield changes
        raise OSError("no watches left")

    monkeypatch.setattr(watchfiles, "awatch", awatch)
    monkeypatch.setattr("ingressd.sources.wakes._PAUSE_AFTER_FAILURE_SECONDS", 0)
    await first(list_files([str(tmp_path)]), wanted=True)


async def test_without_notifications_it_polls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    notified = watchfiles.awatch

    async def awatch(*paths: str, force_polling: bool | None, **options: Any) -> AsyncGenerator[Any, None]:
        if not force_polling:
            raise OSError("no watches left")
        async for changes in notified(*paths, force_polling=True, **options):
            yield changes

    monkeypatch.setattr(watchfiles, "awatch", awatch)
    await first(list_files([str(tmp_path)]), wanted=False)
    assert "no watches left" in caplog.text

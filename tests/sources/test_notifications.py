from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from ingressd.sources.notifications import NotificationError, Notifications
from tests.sources.descriptors import TOO_FEW_FOR_NOTIFICATIONS, free_descriptors

PATIENCE_SECONDS = 30


def inotify_instances() -> int:
    found = 0
    for name in os.listdir("/proc/self/fd"):
        link = f"/proc/self/fd/{name}"
        found += os.path.islink(link) and os.readlink(link) == "anon_inode:inotify"
    return found


async def until_instances(count: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while inotify_instances() != count:
            await asyncio.sleep(0.01)


async def test_a_change_is_told_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    notifications = await Notifications.subscribe([str(tmp_path)])
    (tmp_path / "below" / "unseen.yaml").touch()
    (tmp_path / "a.yaml").touch()
    assert await notifications.wait(PATIENCE_SECONDS) == {str(tmp_path / "a.yaml")}
    notifications.close()


async def test_without_a_change_nothing_is_told(tmp_path: Path) -> None:
    notifications = await Notifications.subscribe([str(tmp_path)])
    assert await notifications.wait(0) == frozenset()
    notifications.close()


async def test_a_folder_that_does_not_exist_is_passed_over(tmp_path: Path) -> None:
    notifications = await Notifications.subscribe([str(tmp_path / "gone"), str(tmp_path)])
    (tmp_path / "a.yaml").touch()
    assert await notifications.wait(PATIENCE_SECONDS) == {str(tmp_path / "a.yaml")}
    notifications.close()


async def test_closing_ends_a_wait_that_was_given_up(tmp_path: Path) -> None:
    before = inotify_instances()
    notifications = await Notifications.subscribe([str(tmp_path)])
    assert inotify_instances() == before + 1
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(notifications.wait(PATIENCE_SECONDS))
        await asyncio.sleep(0)
        waiting.cancel()
    notifications.close()
    del notifications, waiting
    await until_instances(before)


async def test_without_descriptors_there_are_none(tmp_path: Path) -> None:
    with free_descriptors(TOO_FEW_FOR_NOTIFICATIONS), pytest.raises(NotificationError, match="Too many open files"):
        await Notifications.subscribe([str(tmp_path)])


async def test_a_folder_whose_name_is_not_text_is_named(tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path / "a") + b"\xff")
    os.mkdir(folder)
    with pytest.raises(NotificationError, match=r"a\\udcff' is not UTF-8"):
        await Notifications.subscribe([folder])


async def test_an_error_while_waiting_lets_go_of_the_watches(tmp_path: Path) -> None:
    before = inotify_instances()
    notifications = await Notifications.subscribe([str(tmp_path)])
    os.mkdir(os.fsencode(tmp_path / "a") + b"\xff")
    with pytest.raises(NotificationError, match="Unable to decode path"):
        await notifications.wait(PATIENCE_SECONDS)
    await until_instances(before)

"""A camera that was paused stays so, whatever happens to the daemon."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.time import SystemClock
from smartlogd.store.backup import back_up, restore
from smartlogd.store.engine import Store
from smartlogd.store.privacy import set_camera_paused, was_camera_paused

Opener = Callable[..., Store]
pause, resume = partial(set_camera_paused, is_paused=True), partial(set_camera_paused, is_paused=False)


async def test_a_pause_outlasts_a_restart_and_ends_when_someone_says_so(opener: Opener, running: Any) -> None:
    async with running(opener()) as store:
        assert not was_camera_paused(store.path)
        await store.change(pause)
    store = opener()
    assert was_camera_paused(store.path)
    async with running(store):
        await store.change(resume)
        assert not was_camera_paused(store.path)


async def test_a_pause_that_was_acknowledged_outlasts_a_power_cut(
    opener: Opener, running: Any, folder: Path, tmp_path: Path
) -> None:
    async with running(opener()) as store:
        await store.change(pause)
        # What a card holds at that moment: the files as they lie there, nothing closed.
        await asyncio.to_thread(shutil.copytree, folder, tmp_path / "cut")
    async with running(opener(tmp_path / "cut")) as store:
        assert was_camera_paused(store.path)


async def test_a_copy_that_is_brought_back_brings_its_own_word(
    opener: Opener, running: Any, folder: Path, tmp_path: Path
) -> None:
    async with running(opener()) as store:
        await store.change(pause)
    back_up(folder, tmp_path / "copy.db")
    async with running(opener()) as store:
        await store.change(resume)
    restore(folder, tmp_path / "copy.db", SystemClock())
    assert was_camera_paused(folder / "smartlog.db")


def test_a_database_that_cannot_be_read_says_neither(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble):
        was_camera_paused(tmp_path / "none.db")

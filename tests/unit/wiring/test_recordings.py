"""What settings become that keep recordings, and find them again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from kept import written
from reels import filed, wanted

from smartlogd import wiring
from smartlogd.base.errors import Missing
from smartlogd.base.time import SystemClock
from smartlogd.settings import Settings

Given = Callable[..., Settings]


async def test_the_shelf_takes_up_what_an_earlier_start_left(settings: Given, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "clips"
    folder.mkdir(parents=True)
    (folder / "stray.mp4").touch()
    async with written(wiring.store(settings(), SystemClock(), uuid4())) as store:
        shelf = wiring.shelf(store, settings)
        assert [repair.about for repair in await shelf.recover()] == ["clips/stray.mp4"]
        recording = wanted(SystemClock().now())
        path = await shelf.plan(recording)
        await shelf.filed(recording.id, filed(recording, tmp_path / "state", path))


async def test_without_a_centre_a_link_is_asked_of_nobody_else(settings: Given) -> None:
    assert await wiring.link_opened(settings(), "token") is None


async def test_without_an_object_store_there_are_no_strays_in_it(settings: Given) -> None:
    assert await wiring.stray_objects(settings()) == ()


async def test_an_object_store_without_keys_is_said_to_have_none(settings: Given) -> None:
    with pytest.raises(Missing, match="no keys for the object store"):
        async with wiring.objects(settings()):
            pass

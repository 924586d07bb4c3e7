"""What is asked of the recorder in a running daemon: clips, snapshots, bookmarks."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from kept import running

from smartlogd.base.errors import ServiceAway, UnusableInput
from smartlogd.base.seen import Frame
from smartlogd.base.time import SystemClock
from smartlogd.filming import Filming
from smartlogd.settings import Settings
from smartlogd.store.engine import Store


@dataclass
class Set:
    """A recorder over a store, and a lens that gives a frame when it is told to."""

    store: Store
    filming: Filming
    frame: Frame | None = None

    def shoot(self, seq: int) -> None:
        """One more frame, of this instant."""
        pixels = np.full((48, 64, 3), seq * 7 % 255, np.uint8)
        self.frame = Frame(seq, SystemClock().now(), pixels)
        self.filming.recorder.watch(self.frame, None, ())

    def newest(self) -> Frame:
        if self.frame is None:
            raise ServiceAway("The camera is paused.")
        return self.frame

    def rows(self, asked: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.store.path)) as connection:
            return connection.execute(asked).fetchall()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Set]:
    settings = Settings.model_validate({"device": {"state_dir": str(tmp_path)}})
    async with running(tmp_path) as store:
        made = Set(store, None)  # type: ignore[arg-type]
        made.filming = Filming(lambda: settings, store, SystemClock(), made.newest)
        yield made


@asynccontextmanager
async def rolling(scene: Set) -> AsyncIterator[None]:
    """The recorder at work, and ten frames a second."""

    async def shoot() -> None:
        seq = 0
        while True:
            scene.shoot(seq)
            seq += 1
            await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(part) for part in (scene.filming.run(), shoot())]
    try:
        await asyncio.sleep(0.5)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_a_clip_is_there_with_its_row_and_its_event_when_it_is_answered(scene: Set) -> None:
    async with rolling(scene):
        told = await scene.filming.clip({"seconds": 1, "labels": ["dog", "dog"]})
    assert Path(str(told["path"])).stat().st_size > 0
    assert scene.rows("SELECT event_id, phase, labels FROM clips") == [(told["id"], "kept", json.dumps(["dog"]))]
    assert ("clip_saved",) in scene.rows("SELECT type FROM events")


async def test_a_snapshot_is_kept_and_is_the_newest_one(scene: Set, tmp_path: Path) -> None:
    scene.shoot(1)
    told = await scene.filming.snapshot({"note": "the postman"})
    assert Path(str(told["path"])).read_bytes().startswith(b"\xff\xd8\xff")
    assert scene.rows("SELECT event_id, phase, note FROM snapshots") == [(told["id"], "kept", "the postman")]
    assert len((tmp_path / "snapshot.jpg").read_bytes()) == told["bytes"]


async def test_where_no_lens_is_open_nothing_is_kept(scene: Set) -> None:
    for ask in (scene.filming.clip, scene.filming.snapshot):
        with pytest.raises(ServiceAway, match="paused"):
            await ask({"seconds": 4})
    assert scene.rows("SELECT * FROM clips UNION ALL SELECT * FROM clips") == []


async def test_a_bookmark_is_an_event_of_this_moment(scene: Set) -> None:
    told = await scene.filming.bookmark({"note": "here"})
    assert scene.rows("SELECT event_id, type, data ->> 'note' FROM events") == [(told["id"], "bookmark", "here")]
    at = dt.datetime.fromisoformat(str(told["at"]))
    assert abs((SystemClock().now().utc - at).total_seconds()) < 60


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"seconds": "10"}, "no length"),
        ({"seconds": True}, "no length"),
        ({"seconds": 4, "labels": "dog"}, "Labels are words"),
        ({"seconds": 4, "labels": [""]}, "Labels are words"),
        ({"seconds": 4, "labels": ["a\nb"]}, "Labels are words"),
        ({"seconds": 4, "labels": [str(n) for n in range(40)]}, "at most 32 labels"),
    ],
)
async def test_a_clip_that_cannot_be_meant_is_refused(scene: Set, asked: dict[str, object], why: str) -> None:
    scene.shoot(1)
    with pytest.raises(UnusableInput, match=why):
        await scene.filming.clip(asked)


async def test_a_note_is_a_text_of_reasonable_length(scene: Set) -> None:
    for note in (7, "x" * 3000):
        with pytest.raises(UnusableInput, match="A note is a text"):
            await scene.filming.bookmark({"note": note})
    assert scene.rows("SELECT * FROM events") == []

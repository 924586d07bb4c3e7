"""Everything that is open beside the river: who looks on, who is hushed, who hears of other settings."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kept import running

from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event
from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp, SystemClock, monotonic_s
from smartlogd.crew import Crew, Eyes
from smartlogd.pipeline import Tally
from smartlogd.settings import Settings
from smartlogd.telemetry.systemd import Notifier


class Harbour:
    """A crew over a store, and a river that stands still."""

    def __init__(self, store: Any, folder: Path) -> None:
        self.tables: dict[str, object] = {"device": {"name": "yard", "state_dir": str(folder)}}
        self.eyes, self.camera, self.is_paused, self.models_changed = Eyes(), None, False, 0
        self.eyes.watch(frame(0), None, ())  # nobody is there yet, and nothing is wrong with that
        self.eyes.over(event(store.origin.device))
        self.crew = Crew(
            self.settings,
            store,
            self,  # type: ignore[arg-type] # all they need of a river
            self.eyes,
            Tally(),
            Notifier(None),
            obey=self.obey,
            troubles={},
            life=lambda: "running",
            began_s=monotonic_s(),
        )

    def settings(self) -> Settings:
        return Settings.model_validate(self.tables)

    async def obey(self, *_: object) -> dict[str, object]:
        return {}

    async def refresh(self) -> None: ...

    async def sweep(self) -> None: ...

    def frame(self) -> Frame:
        return frame(1)


def frame(seq: int) -> Frame:
    at = Stamp(seq * 2_000_000_000, dt.datetime(2027, 3, 1, tzinfo=dt.UTC), trusted=True)
    return Frame(seq, at, np.zeros((48, 64, 3), np.uint8))


def event(device: str) -> Event:
    now = SystemClock().now()
    return Event(LiveIds().event("sit", None, now), device, "sit", now, data={"track": 1})


@pytest.fixture
async def harbour(tmp_path: Path) -> AsyncIterator[Harbour]:
    async with running(tmp_path) as store:
        here = Harbour(store, tmp_path)
        yield here
        task = asyncio.create_task(here.crew.filming.run())
        await asyncio.sleep(0.05)
        task.cancel()  # it ends the thread that encodes
        await asyncio.wait({task})


async def test_whoever_looks_on_is_shown_every_frame_once_all_is_open(harbour: Harbour) -> None:
    harbour.eyes.watch(frame(1), None, ())
    assert harbour.crew.filming.recorder.state()["on"] is True


async def test_a_pause_hushes_the_microphone_and_lets_go_of_pictures(harbour: Harbour) -> None:
    await harbour.crew.hush()
    assert harbour.crew.hearing.is_paused
    assert harbour.eyes.recent.pictures() == ()
    await harbour.crew.listen()
    assert not harbour.crew.hearing.is_paused


async def test_the_state_says_of_each_how_it_fares(harbour: Harbour) -> None:
    state = harbour.crew.state()
    assert {"sync", "recordings", "hearing", "mqtt", "health"} <= state.keys()


async def test_a_bucket_that_was_named_is_looked_for(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(harbour.crew, "locker", SimpleNamespace(again=lambda: asked.append("again")))
    old = harbour.settings()
    harbour.crew.changed(old, harbour.settings())
    harbour.tables["sync"] = {"media": {"bucket": "yard-clips"}}
    harbour.crew.changed(old, harbour.settings())
    assert asked == ["again"]


async def test_each_part_that_begins_later_has_a_name(harbour: Harbour) -> None:
    assert {"sync", "vitals", "models", "hearing", "object store"} <= harbour.crew.later().keys()

"""How the device fares, gathered: what a heartbeat and the status say, and what heat does."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from kept import running
from lens import Lens, alongside, until

from smartlogd import status, vitals
from smartlogd.base.errors import DiskTrouble
from smartlogd.base.health import Backlog, Body, Told
from smartlogd.base.ids import uuid7
from smartlogd.base.known import Event, EventId, SubjectId
from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.pipeline import Tally
from smartlogd.settings import Settings
from smartlogd.telemetry.health import rendered
from smartlogd.vitals import Vitals, backlog, told


class Machine:
    """A machine whose thermometer is set by hand, and all else that is looked at."""

    def __init__(self, store: Any) -> None:
        self.body = Body(temperature_c=50.0, disk_free_bytes=7)
        self.paces: list[float] = []
        self.models_changed = 0
        self.camera: Lens | None = Lens()
        self.tally = Tally()
        self.troubles: dict[str, str] = {}
        self.tables: dict[str, object] = {"device": {"name": "yard"}}
        self.sync: dict[str, object] = {"word": "off"}
        link: Any = SimpleNamespace(state=lambda: self.sync)
        self.vitals = Vitals(
            lambda: Settings.model_validate(self.tables),
            self,  # type: ignore[arg-type] # all it needs of a river
            store,
            link,
            self.tally,
            life=lambda: "running",
            troubles=self.troubles,
            rung=lambda: "reopening",
            began_s=monotonic_s() - 100,
        )
        self.vitals._probes = SimpleNamespace(read=lambda: self.body)  # type: ignore[assignment]

    def pace(self, share: float) -> None:
        self.paces.append(share)


@pytest.fixture
async def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    monkeypatch.setattr(vitals, "LOOK_S", 0.01)
    async with running(tmp_path) as store:
        made = Machine(store)
        made.store = store  # type: ignore[attr-defined]
        yield made


def crossing(line: str, action: str) -> Event:
    stamp = SystemClock().now()
    data = {"line": line, "action": action, "track": 1, "confidence": 0.9, "x": 0.5, "y": 0.5}
    return Event(EventId(uuid7(stamp)), "yard", "crossing", stamp, subject=SubjectId(uuid4()), data=data)


async def test_passings_of_today_are_told_also_of_lines_that_are_gone(machine: Machine) -> None:
    machine.tables["movement"] = {
        "lines": {
            "door": {"start": [0.5, 0], "end": [0.5, 1], "inside": "right"},
            "gate": {"start": [0.2, 0], "end": [0.2, 1], "inside": "right", "counts": "none"},
        }
    }
    store: Any = machine.store  # type: ignore[attr-defined]
    async with alongside(machine.vitals.run()):
        for line, action in (("door", "I"), ("door", "I"), ("door", "O"), ("attic", "I")):
            await store.journal.append(crossing(line, action)).durable()
        await until(lambda: machine.vitals.beat().entered == 3)
        lines = {line.name: (line.entered, line.left, line.is_counting) for line in machine.vitals.beat().lines}
        last = machine.vitals.beat().last_crossing
        state: Any = machine.vitals.state()
    assert lines == {"door": (2, 1, True), "gate": (0, 0, False), "attic": (1, 0, False)}
    assert last is not None
    assert (last.line, last.action) == ("attic", "I")
    assert state["today"]["door"] == {"in": 2, "out": 1}
    assert [event["line"] for event in state["last_events"]] == ["attic", "door", "door", "door"]


async def test_before_anything_was_looked_at_a_heartbeat_can_be_sent(machine: Machine) -> None:
    machine.camera = None
    beat = machine.vitals.beat()
    assert (beat.camera, beat.camera_status, beat.frame_age_s, beat.last_crossing) == ("", "opening", None, None)
    assert (beat.rung, beat.state, beat.journal) == ("reopening", "running", "ok")
    assert beat.uptime_s >= 100
    assert set(beat.models) > set()
    assert rendered(beat, names=True)["device"] == "yard"


async def test_without_new_frames_nothing_is_said_about_now(machine: Machine) -> None:
    machine.tally.fps, machine.tally.people = 9.0, 2
    machine.tally.newest_s = monotonic_s()
    assert (machine.vitals.beat().fps, machine.vitals.beat().people) == (9.0, 2)
    machine.tally.newest_s = monotonic_s() - status.STALE_S
    assert (machine.vitals.beat().fps, machine.vitals.beat().people) == (0.0, 0)


async def test_troubles_and_what_waits_are_told(machine: Machine) -> None:
    machine.troubles["sound"] = "No microphone."
    machine.sync = {"word": "away", "waiting": 7, "oldest_age_s": 61, "dead": 1}
    beat = machine.vitals.beat()
    assert beat.troubles == ("sound: No microphone.",)
    assert beat.waiting == Backlog("away", 7, 61.0, 1)


@pytest.mark.parametrize("said", [{}, {"word": "away", "waiting": None, "oldest_age_s": "?", "dead": 1.5}])
def test_what_the_sync_does_not_say_is_unknown(said: dict[str, object]) -> None:
    known = backlog(said)
    assert (known.rows, known.oldest_s, known.dead_letters) == (None, None, None)


async def test_when_it_is_hot_fewer_frames_are_used_and_more_when_it_is_cool_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hours = iter(range(0, 10**9, 3600))
    monkeypatch.setattr(vitals, "monotonic_s", lambda: float(next(hours)))
    async with alongside(machine.vitals.run()):
        await until(lambda: machine.vitals.body.temperature_c == 50.0)
        assert machine.vitals.pace == 1.0
        machine.body = Body(temperature_c=85.0)
        await until(lambda: machine.vitals.pace == 1 / 8)
        machine.body = Body(temperature_c=75.0)
        await asyncio.sleep(0.05)
        assert machine.vitals.beat().pace == 1 / 8
        machine.body = Body(temperature_c=50.0)
        await until(lambda: machine.vitals.pace == 1.0)
    assert machine.paces == [1 / 2, 1 / 4, 1 / 8, 1 / 4, 1 / 2, 1.0]
    assert caplog.messages == ["fewer frames are used: the device is hot"] * 3 + ["more frames are used again"] * 3


async def test_a_log_that_cannot_be_read_just_now_is_read_the_next_time(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    async def look() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise DiskTrouble("The disk is away.")

    monkeypatch.setattr(machine.vitals._today, "look", look)
    async with alongside(machine.vitals.run()):
        await until(lambda: len(looks) > 1)


async def test_the_catalogue_is_read_again_only_when_other_models_are_used(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def versions(given: Settings) -> dict[str, str]:
        read.append(given.detect.profile)
        return {given.detect.profile: "1"}

    monkeypatch.setattr(vitals.wiring, "model_versions", versions)
    for _ in range(3):
        machine.vitals.beat()
    machine.tables["detect"] = {"profile": "wide"}
    assert machine.vitals.beat().models == {"wide": "1"}
    assert read == ["door", "wide"]
    machine.models_changed += 1
    assert machine.vitals.beat().models == {"wide": "1"}
    assert read == ["door", "wide", "wide"]


def test_an_event_is_told_with_who_and_which_way() -> None:
    at = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    event = Told(7, "id", "crossing", at, True, person="Anna", data={"line": "door", "action": "I", "x": 0.5})
    assert told(event) == {
        "time": "2026-11-22T12:00:00.000+00:00",
        "type": "crossing",
        "line": "door",
        "action": "I",
        "person": "Anna",
        "trusted": True,
    }

"""The river, with a made scene and a scripted detector; movement and the journal are the real ones."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point, Segment
from smartlogd.base.ids import LiveIds, ReplayIds
from smartlogd.base.known import Anchor, CrossingLine, Event, Phase, Side, SubjectId, Track, TrackId
from smartlogd.base.seen import Detection, Frame, Glance, Kind
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.capture.motion import MotionGate
from smartlogd.capture.options import MotionOptions
from smartlogd.movement.rules import Rules
from smartlogd.pipeline import MOST_REGIONS, Gate, Pipeline, Subjects
from smartlogd.store.engine import open_store
from smartlogd.store.log import passings
from smartlogd.store.options import StoreOptions

BEGIN = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
WIDTH, HEIGHT, FPS = 160, 120, 10
DOOR = CrossingLine("door", Segment(Point(0.5, 0), Point(0.5, 1)), Side.RIGHT, Anchor.CENTRE)

Where = Callable[[int], Box | None]
"""Where the walker is in frame number n, None for nowhere."""


def walks_right(n: int) -> Box | None:
    """From left to right in 6 s, between the second and the eighth."""
    if not 20 <= n < 80:
        return None
    return Box.around(Point((n - 20) / 60, 0.6), 0.12, 0.5)


def nobody(_: int) -> Box | None:
    return None


class MadeCamera:
    """A grey room through which a bright block walks."""

    name = "made"
    status = "running"

    def __init__(self, where: Where, frames: int) -> None:
        self.dropped = 0
        self._where, self._frames = where, frames

    async def frames(self) -> AsyncIterator[Frame]:
        for n in range(self._frames):
            yield Frame(
                n, Stamp(n * 10**9 // FPS, BEGIN + dt.timedelta(seconds=n / FPS), trusted=True), self._pixels(n)
            )

    async def close(self) -> None:
        """Nothing is open."""

    def _pixels(self, n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        if box := self._where(n):
            shown = box.clipped()
            rows = slice(round(shown.y0 * HEIGHT), round(shown.y1 * HEIGHT))
            pixels[rows, round(shown.x0 * WIDTH) : round(shown.x1 * WIDTH)] = 220
        return pixels


class Script:
    """A detector that is told what it finds; stands in for the models, which only real people move."""

    def __init__(self, where: Where) -> None:
        self.asked: list[tuple[int, tuple[Box, ...]]] = []
        self._where = where

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        self.asked.append((frame.seq, regions))
        box = self._where(frame.seq)
        return (Detection(Kind.PERSON, box.clipped(), 0.9),) if box else ()

    async def close(self) -> None:
        """Nothing is open."""


class Shelf:
    """A journal that keeps events in a list, with a door that can be shut."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.door = asyncio.Event()
        self.door.set()

    def append(self, event: Event) -> Shelf:
        self.events.append(event)
        return self

    async def durable(self) -> None:
        """At once."""

    async def room(self) -> None:
        await self.door.wait()


def pipeline(where: Where, frames: int, **changed: object) -> Pipeline:
    parts: dict[str, object] = {
        "camera": MadeCamera(where, frames),
        "gate": MotionGate(MotionOptions()),
        "detector": Script(where),
        "ids": ReplayIds("0" * 64),
        "journal": Shelf(),
        "lines": (DOOR,),
        "rules": Rules(),
        "device": "test",
    }
    return Pipeline(**(parts | changed))  # type: ignore[arg-type]


async def test_who_walks_through_the_door_is_entered_and_logged_once() -> None:
    shelf = Shelf()
    river = pipeline(walks_right, 100, journal=shelf)
    await river.run()
    assert [(event.type, event.data.get("action")) for event in shelf.events] == [
        ("person_entered", None),
        ("crossing", "I"),
    ]
    assert len({event.subject for event in shelf.events}) == 1
    assert river.tally.passings == {"door": {"I": 1}}
    assert (river.tally.frames, river.tally.events) == (100, 2)


async def test_two_runs_over_the_same_frames_log_the_same() -> None:
    one, other = Shelf(), Shelf()
    await pipeline(walks_right, 100, journal=one).run()
    await pipeline(walks_right, 100, journal=other).run()
    assert one.events == other.events != []


async def test_what_is_logged_stands_in_the_database(tmp_path: Path) -> None:
    store = await asyncio.to_thread(
        open_store, tmp_path, device="test", version="0", clock=SystemClock(), options=StoreOptions(), boot=uuid4()
    )
    writer = asyncio.create_task(store.journal.run())
    await asyncio.sleep(0)  # the made frames come without a pause, and the writer is to be there before them
    await pipeline(walks_right, 100, journal=store.journal, ids=LiveIds()).run()
    await store.close()
    await writer
    (row,) = await asyncio.to_thread(passings, tmp_path)
    assert (row.line, row.action.value, row.device) == ("door", "I", "test")
    assert abs((row.at - BEGIN).total_seconds() - 5) < 0.5


async def test_in_a_still_room_the_models_look_only_now_and_then() -> None:
    script = Script(nobody)
    river = pipeline(nobody, 101, detector=script, heartbeat_s=5.0)
    await river.run()
    assert [seq for seq, _ in script.asked] == [0, 50, 100]
    assert river.tally.scans == 3


async def test_who_stands_still_is_looked_at_in_every_frame_while_tracked() -> None:
    def stands(n: int) -> Box:
        return Box(0.4, 0.3, 0.55, 0.9)

    script = Script(stands)
    await pipeline(stands, 30, detector=script).run()
    assert [seq for seq, _ in script.asked] == list(range(30))


async def test_the_detector_is_pointed_at_what_moves_and_who_is_tracked_largest_first() -> None:
    script = Script(walks_right)
    await pipeline(walks_right, 60, detector=script).run()
    pointed = [regions for seq, regions in script.asked if seq > 30]
    assert all(len(regions) >= 2 for regions in pointed), "one for the movement, one for the track"
    for regions in pointed:
        areas = [box.area for box in regions]
        assert areas == sorted(areas, reverse=True)
        assert len(regions) <= MOST_REGIONS


async def test_watchers_see_every_frame_also_the_quiet_ones() -> None:
    seen: list[tuple[int, int]] = []
    river = pipeline(walks_right, 100, watchers=(lambda frame, _scene, events: seen.append((frame.seq, len(events))),))
    await river.run()
    assert [seq for seq, _ in seen] == list(range(100))
    assert sum(events for _, events in seen) == 2


async def test_a_full_journal_holds_the_frames_back_and_loses_no_event() -> None:
    shelf = Shelf()
    shelf.door.clear()
    river = pipeline(walks_right, 100, journal=shelf)
    running = asyncio.create_task(river.run())
    await asyncio.sleep(0.05)
    assert river.tally.frames == 1
    shelf.door.set()
    await running
    assert river.tally.frames == 100
    assert len(shelf.events) == 2


async def test_lines_change_in_mid_run_and_tracks_live_on() -> None:
    shelf = Shelf()
    late = CrossingLine("late", Segment(Point(0.8, 0), Point(0.8, 1)), Side.RIGHT)
    rivers: list[Pipeline] = []

    def reline(frame: Frame, _scene: object, _events: object) -> None:
        if frame.seq == 40:
            rivers[0].relined((late,), Rules())

    rivers.append(pipeline(walks_right, 100, journal=shelf, watchers=(reline,)))
    await rivers[0].run()
    assert [event.data.get("line") for event in shelf.events] == [None, "late"]
    assert shelf.events[0].subject == shelf.events[1].subject


async def test_a_gate_is_exchanged_in_mid_run() -> None:
    class Open:
        def look(self, frame: Frame) -> Glance:
            return Glance(0.5, (), light_changed=False)

    script = Script(nobody)
    gate: Gate = Open()
    rivers: list[Pipeline] = []

    def exchange(frame: Frame, _scene: object, _events: object) -> None:
        if frame.seq == 9:
            rivers[0].refitted(gate=gate, heartbeat_s=60.0)

    rivers.append(pipeline(nobody, 20, detector=script, watchers=(exchange,)))
    await rivers[0].run()
    assert [seq for seq, _ in script.asked] == [0, *range(10, 20)]


async def test_a_detector_is_handed_back_only_when_it_is_idle() -> None:
    class Slow(Script):
        """Takes its time, and minds being asked after it was handed back."""

        looking, handed_back = False, False

        async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
            assert not self.handed_back
            self.looking = True
            await asyncio.sleep(0.01)
            self.looking = False
            return await super().find(frame, regions)

    def stands(n: int) -> Box:
        return Box(0.4, 0.3, 0.55, 0.9)

    old, new = Slow(stands), Script(stands)
    river = pipeline(stands, 30, detector=old)
    running = asyncio.create_task(river.run())
    while not old.looking:
        await asyncio.sleep(0)
    assert await river.redetected(new) is old
    assert not old.looking
    old.handed_back = True
    await running
    assert len(old.asked) + len(new.asked) == 30
    assert len(new.asked) >= 28


async def test_the_tally_tells_who_is_in_view_and_what_was_dropped() -> None:
    people: list[int] = []
    river = pipeline(walks_right, 60)
    river._camera.dropped = 7  # type: ignore[misc]
    river._watchers = (lambda *_: people.append(river.tally.people),)
    await river.run()
    assert (people[0], people[-1], river.tally.people) == (0, 1, 1)
    assert river.tally.dropped == 7
    assert river.tally.fps > 0
    assert river.tally.first_s is not None
    assert river.tally.newest is not None
    assert river.tally.newest.mono_ns == 5_900_000_000


def track(number: int) -> Track:
    first = Stamp(number * 10**9, BEGIN, trusted=True)
    return Track(TrackId(number), Kind.PERSON, Box(0, 0, 1, 1), Point(0, 0), 1.0, 3, first, first, Phase.CONFIRMED)


class Counting:
    """Ids that remember what they were minted from."""

    def __init__(self) -> None:
        self.minted: list[tuple[int, int]] = []

    def subject(self, of: TrackId, stamp: Stamp) -> SubjectId:
        self.minted.append((of, stamp.mono_ns))
        return SubjectId(uuid4())


def test_a_track_gets_its_subject_once_from_its_first_stamp() -> None:
    ids = Counting()
    subjects = Subjects(ids)  # type: ignore[arg-type]
    late = Stamp(99 * 10**9, BEGIN, trusted=True)
    assert subjects.of(TrackId(3), (track(3),), late) == subjects.of(TrackId(3), (), late)
    assert ids.minted == [(3, 3 * 10**9)]


def test_a_track_that_is_gone_already_gets_a_subject_too() -> None:
    ids = Counting()
    Subjects(ids).of(TrackId(3), (), Stamp(7, BEGIN, trusted=True))  # type: ignore[arg-type]
    assert ids.minted == [(3, 7)]


@pytest.mark.parametrize("most", [1, 5])
def test_subjects_of_the_living_are_never_forgotten_and_the_others_are_bounded(most: int) -> None:
    subjects = Subjects(Counting(), most)  # type: ignore[arg-type]
    kept = subjects.of(TrackId(1), (track(1),), track(1).first)
    for number in range(2, 50):
        subjects.of(TrackId(number), (track(1), track(number)), track(number).first)
    assert subjects.of(TrackId(1), (track(1),), track(1).first) == kept
    assert len(subjects._known) <= max(most, 2)

"""The river, with a made scene and a scripted detector; movement and the journal are the real ones."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
from looks import FAR, NEAR, face, person, stranger

from smartlogd.base.geometry import Box, Point, Segment
from smartlogd.base.ids import LiveIds, ReplayIds
from smartlogd.base.known import Anchor, CrossingLine, Event, EventId, Json, Side, SubjectId, Track, Zone, ZoneKind
from smartlogd.base.seen import Detection, Frame, Glance, Guess, Kind
from smartlogd.base.time import Stamp, SystemClock, monotonic_s
from smartlogd.base.who import Likeness, Recognition, Template, View, Who
from smartlogd.capture.motion import MotionGate
from smartlogd.capture.options import MotionOptions
from smartlogd.identities import FACE_SEEN
from smartlogd.movement.rules import BehaviourRules, Rules
from smartlogd.pipeline import MOST_REGIONS, Gate, Pipeline, Tally
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

    async def pause(self) -> None:
        """Nothing is open."""

    async def resume(self) -> None:
        """Nothing was closed."""

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
    """A journal that keeps all it is given in order, with a door that can be shut."""

    def __init__(self) -> None:
        self.kept: list[Event | Recognition] = []
        self.ends: list[tuple[EventId, Stamp, Mapping[str, Json]]] = []
        self.door = asyncio.Event()
        self.door.set()

    @property
    def events(self) -> list[Event]:
        return [one for one in self.kept if isinstance(one, Event)]

    @property
    def learnt(self) -> list[Recognition]:
        return [one for one in self.kept if isinstance(one, Recognition)]

    def append(self, event: Event) -> Shelf:
        self.kept.append(event)
        return self

    def end(self, event: EventId, at: Stamp, data: Mapping[str, Json]) -> Shelf:
        self.ends.append((event, at, data))
        return self

    def learn(self, recognition: Recognition) -> Shelf:
        self.kept.append(recognition)
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


def sits(n: int) -> Box | None:
    """Somebody on a chair from the second second to the eighth."""
    return Box(0.3, 0.3, 0.5, 0.8) if 20 <= n < 80 else None


class Chair(Script):
    """A detector that also says what it takes people to be doing."""

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        found = await super().find(frame, regions)
        return tuple(replace(one, guess=Guess("sit", 0.9)) for one in found)


async def test_what_takes_time_is_logged_when_it_began_and_its_end_is_noted_once() -> None:
    shelf = Shelf()
    over: list[Event] = []
    await pipeline(sits, 120, detector=Chair(sits), journal=shelf, enders=(over.append,)).run()
    begun = {event.id: event for event in shelf.events}
    assert [event.type for event in shelf.events] == ["person_entered", "sit", "calm"]
    assert all(event.ended is None for event in shelf.events)
    assert {event for event, _, _ in shelf.ends} == set(begun)
    assert len(shelf.ends) == len(over) == 3
    for event, at, _ in shelf.ends:
        assert begun[event].stamp.mono_ns < at.mono_ns == 7_900_000_000
    assert {event.ended for event in over} == {at for _, at, _ in shelf.ends}


async def test_when_the_recording_ends_or_nobody_looks_any_more_all_is_over() -> None:
    shelf = Shelf()
    river = pipeline(sits, 75, detector=Chair(sits), journal=shelf)
    await river.run()
    assert len(shelf.ends) == len(shelf.events) == 3
    assert {at.mono_ns for _, at, _ in shelf.ends} == {7_400_000_000}
    river.leave()
    assert len(shelf.ends) == 3


async def test_zones_change_in_mid_run() -> None:
    shelf = Shelf()
    here = Zone("bowl", ZoneKind.BOWL_FOOD, (Point(0, 0), Point(1, 0), Point(1, 1), Point(0, 1)))
    rivers: list[Pipeline] = []

    def rezone(frame: Frame, _scene: object, _events: object) -> None:
        if frame.seq == 40:
            rivers[0].relined((DOOR,), Rules(), (here,), BehaviourRules())

    rivers.append(pipeline(sits, 100, detector=Chair(sits), journal=shelf, watchers=(rezone,)))
    await rivers[0].run()
    (meal,) = [event for event in shelf.events if event.type == "eating"]
    assert (meal.data["zone"], meal.stamp.mono_ns) == ("bowl", 4_100_000_000)


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
            rivers[0].relined((late,), Rules(), (), BehaviourRules())

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


async def test_a_second_pipeline_goes_on_counting_where_the_first_one_ended() -> None:
    tally, rates = Tally(), []
    first = pipeline(walks_right, 100, tally=tally)
    first._camera.dropped = 3  # type: ignore[misc]
    await first.run()
    rates.append(tally.fps)
    second = pipeline(
        walks_right, 100, tally=tally, watchers=(lambda *_: rates.append(tally.fps),), ids=ReplayIds("1" * 64)
    )
    second._camera.dropped = 4  # type: ignore[misc]
    begun_s, looks = tally.first_s, tally.scans
    await second.run()
    assert (tally.frames, tally.dropped, tally.events) == (200, 7, 4)
    assert tally.passings == {"door": {"I": 2}}
    assert (tally.first_s, tally.scans) == (begun_s, 2 * looks)
    assert len(tally.took_ms) == tally.scans
    assert all(0.5 < later / sooner < 2 for sooner, later in itertools.pairwise(rates)), "the rate does not jump"


async def test_another_camera_takes_over_and_nothing_counted_is_lost() -> None:
    river = pipeline(walks_right, 50)
    river._camera.dropped = 3  # type: ignore[misc]
    await river.run()
    other = MadeCamera(nobody, 20)
    other.dropped = 2
    river.refilmed(other)
    assert river.newest_frame is None
    await river.run()
    assert (river.tally.frames, river.tally.dropped) == (70, 5)
    assert river.newest_frame is not None
    assert river.newest_frame.seq == 19


async def test_a_slow_pace_uses_fewer_frames_until_it_is_lifted() -> None:
    came_s: list[float] = []
    river = pipeline(nobody, 1000, watchers=(lambda *_: came_s.append(monotonic_s()),))
    river.paced(0.1)
    running = asyncio.create_task(river.run())
    await asyncio.sleep(0.75)
    assert 4 <= len(came_s) <= 8
    assert all(later - sooner >= 0.099 for sooner, later in itertools.pairwise(came_s))
    river.paced(0.0)
    async with asyncio.timeout(20):
        await running
    assert river.tally.frames == 1000


async def test_a_long_span_between_frames_does_not_outlast_its_reason() -> None:
    river = pipeline(nobody, 2)
    river.paced(3600.0)
    running = asyncio.create_task(river.run())
    await asyncio.sleep(0.1)
    assert river.tally.frames == 1
    river.paced(0.0)
    async with asyncio.timeout(2):
        await running


async def test_the_newest_frame_is_at_hand_but_for_the_time_of_a_pause() -> None:
    river = pipeline(nobody, 5)
    assert river.newest_frame is None
    seen: list[Frame] = []
    river._watchers = (lambda frame, *_: seen.append(frame),)
    await river.run()
    assert river.newest_frame is seen[-1]
    river._camera.status = "paused"  # type: ignore[misc]
    assert river.newest_frame is None


def test_percentiles_are_of_the_newest_looks_alone() -> None:
    tally = Tally()
    assert tally.inference_ms(0.5) is None
    tally.look(9.0)
    assert (tally.inference_ms(0.5), tally.inference_ms(0.95)) == (9000.0, 9000.0)
    for n in range(1000):
        tally.look(n % 10 / 1000)
    assert (tally.inference_ms(0.0), tally.inference_ms(0.5), tally.inference_ms(1.0)) == (0.0, 5.0, 9.0)
    assert len(tally.took_ms) == 300


ANN, OLD = person("Ann"), stranger("old")

Scripted = Mapping[int, tuple[tuple[Who, float], ...]]
"""At which frame a look begins at everybody in view, and whom it finds them like."""


class Looks:
    """An identifier that is told when it looks and what it sees; a look takes `late` frames."""

    def __init__(self, script: Scripted, late: int = 0) -> None:
        self.script, self.late = script, late
        self.asked = 0
        self.begun: list[tuple[int, View]] = []
        self.changes: list[tuple[object, ...]] = []

    def offer(self, tracks: tuple[Track, ...], frame: Frame) -> None:
        for track in tracks if frame.seq in self.script else ():
            likenesses = tuple(Likeness(who, distance) for who, distance in self.script[frame.seq])
            view = View(track.id, track.stretch, frame.stamp, "made", face(0), 0.8, likenesses, b"jpeg")
            self.begun.append((frame.seq + self.late, view))

    async def news(self) -> tuple[View, ...]:
        self.asked += 1
        done = tuple(view for due, view in self.begun if due < self.asked)
        self.begun = [one for one in self.begun if one[1] not in done]
        return done

    def remember(self, templates: Sequence[Template]) -> None:
        if templates:
            self.changes.append(("remember", *(template.who for template in templates)))

    def forget(self, owners: Collection[UUID]) -> None:
        self.changes.append(("forget", *owners))

    def merged(self, one: SubjectId, into: SubjectId) -> None:
        self.changes.append(("merged", one, into))

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_known_face_is_told_of_and_every_event_from_then_on_carries_the_person() -> None:
    shelf, looks = Shelf(), Looks({30: ((ANN, NEAR),)})
    river = pipeline(walks_right, 100, journal=shelf, identifier=looks)
    await river.run()
    assert [(event.type, event.person) for event in shelf.events] == [
        ("person_entered", None),
        (FACE_SEEN, ANN.id),
        ("crossing", ANN.id),
    ]
    assert len({event.subject for event in shelf.events}) == 1
    seen = shelf.events[1]
    assert (seen.stamp.mono_ns, seen.data["track"]) == (3_000_000_000, 1)
    assert 0.5 < float(str(seen.data["confidence"])) < 1
    assert river.tally.looks == 1


async def test_what_is_learnt_is_written_before_the_events_that_follow_from_it() -> None:
    shelf = Shelf()
    await pipeline(walks_right, 100, journal=shelf, identifier=Looks({30: ((ANN, NEAR),)})).run()
    assert [one.type if isinstance(one, Event) else one.person for one in shelf.kept] == [
        "person_entered",
        ANN.id,
        FACE_SEEN,
        "crossing",
    ]
    assert shelf.learnt[0].subject == shelf.events[0].subject


async def test_the_events_of_a_stranger_seen_before_carry_that_strangers_uuid() -> None:
    shelf, looks = Shelf(), Looks({30: ((OLD, NEAR),)})
    await pipeline(walks_right, 100, journal=shelf, identifier=looks).run()
    entered, seen, crossed = shelf.events
    assert entered.subject != OLD.id
    assert (seen.subject, crossed.subject) == (OLD.id, OLD.id)
    assert (seen.person, crossed.person) == (None, None)
    assert [(one.subject, one.merged_into) for one in shelf.learnt] == [(entered.subject, OLD.id)]
    assert looks.changes == [("merged", entered.subject, OLD.id), ("remember", OLD)]


async def test_a_face_that_nobody_knows_is_remembered_at_once_and_told_of_a_while_later() -> None:
    shelf, looks = Shelf(), Looks({30: ((ANN, FAR),)})
    await pipeline(walks_right, 100, journal=shelf, identifier=looks).run()
    own = shelf.events[0].subject
    assert own is not None
    assert looks.changes == [("remember", Who(own, is_known=False))]
    assert [(one.subject, one.crop) for one in shelf.learnt] == [(own, b"jpeg")]
    assert [event.type for event in shelf.events] == ["person_entered", FACE_SEEN, "crossing"]
    assert shelf.events[1].stamp.mono_ns == 3_000_000_000
    assert shelf.events[1].data["confidence"] == 0.8


async def test_a_person_is_no_stranger_any_more() -> None:
    looks = Looks({30: (), 45: ((ANN, 0.1),)})
    shelf = Shelf()
    await pipeline(walks_right, 100, journal=shelf, identifier=looks).run()
    own = shelf.events[0].subject
    assert own is not None
    assert looks.changes == [("remember", Who(own, is_known=False)), ("forget", own)]


async def test_a_look_that_takes_long_names_whoever_is_still_there() -> None:
    shelf = Shelf()
    await pipeline(walks_right, 100, journal=shelf, identifier=Looks({30: ((ANN, NEAR),)}, late=30)).run()
    assert [(event.type, event.person) for event in shelf.events] == [
        ("person_entered", None),
        ("crossing", None),
        (FACE_SEEN, ANN.id),
    ]


async def test_what_is_learnt_after_the_last_frame_is_written_and_listeners_are_told() -> None:
    shelf, heard = Shelf(), list[tuple[Event, ...]]()
    seen: list[Event] = []
    river = pipeline(
        walks_right,
        60,
        journal=shelf,
        identifier=Looks({59: ((ANN, NEAR),)}),
        watchers=(lambda _frame, _scene, events: seen.extend(events),),
        listeners=(heard.append,),
    )
    await river.run()
    (last,) = heard
    assert [(event.type, event.person) for event in last] == [(FACE_SEEN, ANN.id)]
    assert shelf.events == [*seen, *last]
    assert shelf.learnt[-1].person == ANN.id


async def test_an_unknown_face_is_told_of_at_the_end_when_there_was_no_time_to_know_it() -> None:
    heard = list[tuple[Event, ...]]()
    await pipeline(walks_right, 60, identifier=Looks({55: ()}), listeners=(heard.append,)).run()
    assert [event.type for event in heard[0]] == [FACE_SEEN]


async def test_without_an_identifier_nobody_is_recognised_and_listeners_hear_that_it_is_over() -> None:
    shelf, heard = Shelf(), list[tuple[Event, ...]]()
    await pipeline(walks_right, 100, journal=shelf, listeners=(heard.append,)).run()
    assert (shelf.learnt, heard) == ([], [()])


async def test_two_runs_over_the_same_looks_learn_the_same() -> None:
    def told(shelf: Shelf) -> list[object]:
        return [
            one if isinstance(one, Event) else (one.subject, one.person, one.merged_into, one.templates[0].id)
            for one in shelf.kept
        ]

    shelves = Shelf(), Shelf()
    for shelf in shelves:
        looks = Looks({30: ((ANN, FAR),), 40: ((OLD, NEAR),), 50: ((OLD, NEAR),)})
        await pipeline(walks_right, 100, journal=shelf, identifier=looks).run()
    assert told(shelves[0]) == told(shelves[1])
    assert len(shelves[0].learnt) == 3


async def test_a_person_who_is_lost_and_comes_back_on_another_track_is_logged_once() -> None:
    # Someone passes, is out of sight for 3 s, and passes the same way again within the span of strangers.
    def twice(n: int) -> Box | None:
        return walks_right(n) if n < 90 else walks_right(n - 90)

    def once_known(debounce_s: float) -> Pipeline:
        rules = Rules(debounce_unknown_s=15.0, debounce_known_s=debounce_s)
        looks = Looks({30: ((ANN, NEAR),), 120: ((ANN, NEAR),)})
        return pipeline(twice, 180, identifier=looks, rules=rules, journal=Shelf())

    for debounce_s, times in ((12.0, 1), (5.0, 2)):
        river = once_known(debounce_s)
        await river.run()
        assert river.tally.passings == {"door": {"I": times}}


async def test_who_is_named_from_outside_carries_the_name_from_then_on() -> None:
    shelf = Shelf()
    rivers: list[Pipeline] = []

    def name(frame: Frame, _scene: object, _events: object) -> None:
        if frame.seq == 40:
            (subject,) = rivers[0].identities.subjects
            rivers[0].identities.recast({subject: ANN})

    rivers.append(pipeline(walks_right, 100, journal=shelf, identifier=Looks({}), watchers=(name,)))
    await rivers[0].run()
    assert [(event.type, event.person) for event in shelf.events] == [("person_entered", None), ("crossing", ANN.id)]

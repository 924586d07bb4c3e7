from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from filmed import MemoryShelf, at, coded, event, numbers, raw

from smartlogd.base.errors import DiskTrouble, ServiceAway, UnusableInput
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, Medium, PersonId, SubjectId
from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp
from smartlogd.record import clip as clip_module
from smartlogd.record.options import RecordOptions, RuleOptions
from smartlogd.record.recorder import Recorder

OPTIONS = RecordOptions(encoder="libx264", encode_fps=30)
approx = pytest.approx
ANNA, SOMEBODY = PersonId(uuid4()), SubjectId(uuid4())


class CameraClock:
    """What the camera's newest frame says."""

    now_: Stamp = at(0)

    def now(self) -> Stamp:
        return self.now_


class Day:
    """A recorder, and what is before its camera: frames one after the other, with what happens in them."""

    def __init__(self, folder: Path, options: RecordOptions = OPTIONS) -> None:
        self.options, self.folder, self.shelf, self.clock = options, folder, MemoryShelf(folder), CameraClock()
        self.recorder = Recorder(lambda: self.options, self.shelf, folder, LiveIds(), self.clock)

    async def watch(self, frames: Sequence[Frame], happens: Mapping[int, Event] | None = None) -> None:
        for frame in frames:
            self.clock.now_ = frame.stamp
            told = (happens or {}).get(frame.seq)
            self.recorder.watch(frame, None, (told,) if told else ())
            film = self.recorder._film
            if film is not None and film._encoder is not None:  # a real camera leaves it more time than a test
                for _ in range(1000):
                    if film._encoder._waiting is None:
                        break
                    await asyncio.sleep(0.001)
            await self.recorder.step()

    def labels(self) -> list[tuple[str, ...]]:
        return [filed.labels or recording.labels for recording, filed in self.shelf.clips()]

    def numbers(self) -> list[tuple[int, int]]:
        """First and last picture of each clip."""
        shown = [numbers(self.folder / filed.path) for _, filed in self.shelf.clips()]
        assert all(each == list(range(each[0], each[-1] + 1)) for each in shown), "no picture is missing"
        return [(each[0], each[-1]) for each in shown]


@pytest.fixture
async def day(tmp_path: Path):
    made = Day(tmp_path)
    yield made
    if made.recorder._film:
        made.recorder._film.close(2.0)


def crossing(t_s: float, **more: object) -> Event:
    return event("crossing", t_s, subject=SOMEBODY, data={"track": 7}, **more)


# By itself -------------------------------------------------------------------------------------------


async def test_a_crossing_by_someone_unknown_is_cut_five_seconds_before_and_after(day: Day) -> None:
    crossed = crossing(110.0)
    await day.watch(coded(raw(30)), {100: crossed})
    assert day.labels() == [("crossing", "unknown")]
    assert day.numbers() == [(50, 150)]
    ((recording, filed),) = day.shelf.clips()
    assert recording.cause == crossed.id
    assert filed.start.mono_ns / 1e9 == approx(105.0, abs=0.001)
    assert filed.duration_s == approx(10.1, abs=0.001)
    assert filed.moments == {crossed.id: approx(5000, abs=1)}
    assert filed.sha256 == hashlib.sha256((day.folder / filed.path).read_bytes()).hexdigest()
    assert (day.folder / filed.preview).exists()


async def test_one_who_is_known_by_then_is_not_filmed(day: Day) -> None:
    recognised = event("face_seen", 112.0, subject=SubjectId(uuid4()), person=ANNA, data={"track": 7})
    await day.watch(coded(raw(30)), {100: crossing(110.0), 120: recognised})
    assert day.shelf.rows == {}


async def test_one_who_was_known_at_once_is_not_filmed(day: Day) -> None:
    await day.watch(coded(raw(30)), {100: crossing(110.0, person=ANNA)})
    assert day.shelf.rows == {}


async def test_one_who_is_recognised_too_late_was_filmed(day: Day) -> None:
    recognised = event("face_seen", 118.0, subject=SOMEBODY, person=ANNA, data={"track": 7})
    await day.watch(coded(raw(30)), {100: crossing(110.0), 180: recognised})
    assert len(day.labels()) == 1


async def test_from_a_cameras_packets_a_clip_begins_at_the_last_key_picture_and_says_so(day: Day) -> None:
    await day.watch(coded(raw(30), key_every=40), {100: crossing(110.0)})
    assert day.numbers() == [(40, 150)]
    ((recording, filed),) = day.shelf.clips()
    assert recording.start.mono_ns / 1e9 == filed.start.mono_ns / 1e9 == approx(104.0, abs=0.001)
    assert list(filed.moments.values()) == [approx(6000, abs=1)]


@pytest.mark.parametrize("crossed_s", [110.0, 110.1, 110.2, 110.3, 110.5])
async def test_encoded_here_a_clip_begins_within_a_third_of_a_second(day: Day, crossed_s: float) -> None:
    await day.watch(raw(26), {round((crossed_s - 100) * 10): crossing(crossed_s)})
    ((_, filed),) = day.shelf.clips()
    assert abs(filed.start.mono_ns / 1e9 - (crossed_s - 5)) <= 0.3
    shown = numbers(day.folder / filed.path)
    assert shown[0] == round((filed.start.mono_ns / 1e9 - 100) * 10)


async def test_windows_that_overlap_are_one_clip(day: Day) -> None:
    first, second = crossing(110.0), crossing(117.0)
    await day.watch(coded(raw(40)), {100: first, 170: second})
    assert day.numbers() == [(50, 220)]
    ((_, filed),) = day.shelf.clips()
    assert {event: round(ms, -1) for event, ms in filed.moments.items()} == {first.id: 5000, second.id: 12000}


async def test_a_clip_that_may_still_grow_waits_until_that_is_decided(day: Day) -> None:
    known = crossing(117.0, person=ANNA)
    await day.watch(coded(raw(40)), {100: crossing(110.0), 170: known})
    assert day.numbers() == [(50, 150)], "one who is known does not make it longer"


async def test_windows_apart_are_two_clips(day: Day) -> None:
    await day.watch(coded(raw(50)), {100: crossing(110.0), 300: crossing(130.0)})
    assert day.numbers() == [(50, 150), (250, 350)]


async def test_what_goes_on_and_on_is_cut_into_clips_that_leave_no_gap(tmp_path: Path) -> None:
    day = Day(tmp_path, OPTIONS.model_copy(update={"longest_s": 20.0}))
    happens = {n: crossing(100 + n / 10) for n in range(100, 500, 50)}
    await day.watch(coded(raw(70)), happens)
    assert day.numbers() == [(50, 250), (250, 450), (450, 500)]


async def test_labels_of_what_happens_during_a_clip_are_added(tmp_path: Path) -> None:
    rules = {"sits": RuleOptions(event="sit", labels=("sat",))}
    day = Day(tmp_path, OPTIONS.model_copy(update={"rules": rules}))
    await day.watch(coded(raw(40)), {100: crossing(110.0), 170: event("sit", 117.0)})
    assert day.labels() == [("crossing", "unknown", "sat")]


async def test_a_fetch_that_came_back_is_cut_eight_to_twelve_seconds_long(day: Day) -> None:
    brought = replace(event("fetch_return", 108.0, data={"success": True}), ended=at(115.0))
    await day.watch(coded(raw(30)), {150: brought})
    ((_, filed),) = day.shelf.clips()
    assert 8 <= filed.duration_s <= 12
    assert filed.start.mono_ns / 1e9 == approx(107.0, abs=0.01)


async def test_eating_after_an_approach_is_cut(day: Day) -> None:
    came = replace(event("approach", 108.0, subject=SOMEBODY), ended=at(110.0))
    await day.watch(coded(raw(30)), {100: came, 130: event("eating", 112.0, subject=SOMEBODY)})
    assert day.labels() == [("approach", "eating")]


async def test_the_end_of_what_takes_time_can_be_filmed(tmp_path: Path) -> None:
    rules = {"up": RuleOptions(event="lie", at="end", before_s=2, after_s=2)}
    day = Day(tmp_path, OPTIONS.model_copy(update={"rules": rules}))
    lay = event("lie", 103.0)
    await day.watch(coded(raw(12)), {30: lay})
    day.recorder.over(replace(lay, ended=at(112.0)))
    await day.watch(coded(raw(12, first=120), pts_from_s=12.0))
    assert day.numbers() == [(100, 140)]


async def test_what_no_frame_shows_can_be_filmed_too(tmp_path: Path) -> None:
    day = Day(tmp_path, OPTIONS.model_copy(update={"rules": {"barks": RuleOptions(event="bark")}}))
    frames = coded(raw(30))
    await day.watch(frames[:120])
    day.recorder.tell((event("bark", 110.0),))
    await day.watch(frames[120:])
    assert day.labels() == [("bark",)]


async def test_rules_that_are_switched_off_cut_nothing(tmp_path: Path) -> None:
    day = Day(tmp_path, OPTIONS.model_copy(update={"automatic": ()}))
    await day.watch(coded(raw(30)), {100: crossing(110.0)})
    assert day.shelf.rows == {}


async def test_without_clips_nothing_is_kept_in_memory(day: Day) -> None:
    frames = coded(raw(30))
    await day.watch(frames[:120], {100: crossing(110.0)})
    assert day.recorder.state()["ring_bytes"] > 0
    day.options = OPTIONS.model_copy(update={"clips": False})
    await day.watch(frames[120:])
    assert day.recorder.state()["on"] is False
    assert day.shelf.rows == {}


# What tears a film -----------------------------------------------------------------------------------


async def test_a_camera_that_changes_its_size_ends_the_clip_and_begins_another(day: Day) -> None:
    frames = [*coded(raw(12)), *coded(raw(18, first=120, size=(120, 240)), pts_from_s=12.0)]
    await day.watch(frames, {100: crossing(110.0)})
    assert day.numbers() == [(50, 119), (120, 150)]
    assert day.labels() == [("crossing", "unknown")] * 2


async def test_a_clock_that_is_set_ends_the_clip_and_begins_another(day: Day) -> None:
    frames = raw(12) + raw(18, first=120, set_s=7200.0)
    await day.watch(frames, {100: crossing(110.0)})
    assert [shown[1] - shown[0] for shown in day.numbers()] == [approx(70, abs=4), approx(30, abs=4)]
    starts = [filed.start.utc for _, filed in day.shelf.clips()]
    assert (starts[1] - starts[0]).total_seconds() == approx(7207, abs=1), "each is dated by the clock of its time"


async def test_a_camera_that_gives_no_more_frames_ends_the_clip_all_the_same(day: Day) -> None:
    await day.watch(coded(raw(13)), {100: crossing(110.0)})
    day.clock.now_ = at(128.0)
    day.recorder._came_s -= 5.0
    await day.recorder.step()
    assert day.numbers() == [(50, 129)]


# By hand ---------------------------------------------------------------------------------------------


async def asked(day: Day, frames: Sequence[Frame], span_s: float, labels: tuple[str, ...] = ()):
    """Ask for a clip, then let the frames come."""
    clip = asyncio.create_task(day.recorder.clip(span_s, labels))
    await asyncio.sleep(0)
    await day.watch(frames)
    return await clip


async def test_a_clip_that_is_asked_for_is_around_now_and_as_long_as_asked(day: Day) -> None:
    frames = coded(raw(30))
    await day.watch(frames[:120])
    recording = await asked(day, frames[120:], 10.0, ("ball",))
    assert (recording.medium, recording.labels, recording.cause) == (Medium.CLIP, ("ball",), None)
    assert recording.duration_s == approx(11.0, abs=0.01), "from the key picture before"
    assert day.numbers() == [(60, 169)]


async def test_a_short_one_is_half_before_and_half_after(day: Day) -> None:
    frames = raw(30)
    await day.watch(frames[:120])
    recording = await asked(day, frames[120:], 4.0)
    assert recording.start.mono_ns / 1e9 == approx(109.9, abs=0.3)
    assert recording.duration_s == approx(4.0, abs=0.4)


async def test_a_long_one_is_written_while_it_goes_on_and_outlives_the_ring(tmp_path: Path) -> None:
    day = Day(tmp_path, OPTIONS.model_copy(update={"ring_s": 20.0}))
    frames = coded(raw(80))
    await day.watch(frames[:100])
    await asked(day, frames[100:], 60.0)
    assert day.numbers() == [(40, 649)]


async def test_one_by_hand_is_its_own_clip_whatever_else_is_cut(day: Day) -> None:
    frames = coded(raw(40))
    await day.watch(frames[:120], {100: crossing(110.0)})
    await asked(day, frames[120:], 4.0, ("mine",))
    assert sorted(day.labels()) == [("crossing", "unknown"), ("mine",)]


@pytest.mark.parametrize("span_s", [0.0, 0.5, 301.0, float("nan"), float("inf"), -3.0])
async def test_spans_that_cannot_be_meant_are_refused(day: Day, span_s: float) -> None:
    await day.watch(coded(raw(2)))
    with pytest.raises(UnusableInput):
        await day.recorder.clip(span_s)


async def test_without_video_there_is_no_clip(day: Day) -> None:
    with pytest.raises(ServiceAway, match="no video"):
        await day.recorder.clip(10.0)
    day.options = OPTIONS.model_copy(update={"clips": False})
    await day.watch(coded(raw(1)))
    with pytest.raises(ServiceAway, match="switched off"):
        await day.recorder.clip(10.0)


async def test_not_too_many_are_cut_at_once(day: Day) -> None:
    await day.watch(coded(raw(3)))
    waiting = [asyncio.create_task(day.recorder.clip(10.0)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(ServiceAway, match="being cut"):
        await day.recorder.clip(10.0)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


# Snapshots -------------------------------------------------------------------------------------------


async def test_a_snapshot_is_noted_written_and_noted_again(day: Day) -> None:
    (frame,) = raw(0.1)
    recording = await day.recorder.snapshot(frame, ("door",), "he waits")
    row = day.shelf.rows[recording.id]
    assert (row.recording.medium, row.recording.labels, row.recording.note) == (Medium.SNAPSHOT, ("door",), "he waits")
    assert row.filed is not None
    assert (day.folder / row.filed.path).read_bytes().startswith(b"\xff\xd8")
    assert row.filed.sha256 == hashlib.sha256((day.folder / row.filed.path).read_bytes()).hexdigest()
    assert recording.start == frame.stamp
    assert day.recorder.state()["snapshots"] == 1


async def test_a_snapshot_that_cannot_be_written_is_lost(day: Day) -> None:
    (day.folder / "snapshots").write_bytes(b"a file where a folder should be")
    with pytest.raises(DiskTrouble):
        await day.recorder.snapshot(raw(0.1)[0])
    (row,) = day.shelf.rows.values()
    assert row.is_lost


# Disks and ends --------------------------------------------------------------------------------------


async def test_where_nothing_can_be_noted_nothing_is_written(day: Day) -> None:
    day.shelf.is_full = True
    await day.watch(coded(raw(30)), {100: crossing(110.0)})
    assert list(day.folder.iterdir()) == []
    assert day.recorder.state()["lost"] == 1
    day.shelf.is_full = False
    await day.watch(coded(raw(30, first=300), pts_from_s=30.0), {400: crossing(140.0)})
    assert day.recorder.state()["clips"] == 1


async def test_what_cannot_be_written_is_noted_lost(day: Day) -> None:
    (day.folder / "clips").write_bytes(b"a file where a folder should be")
    frames = coded(raw(30))
    await day.watch(frames[:120])
    with pytest.raises(DiskTrouble):
        await asked(day, frames[120:], 4.0)
    (row,) = day.shelf.rows.values()
    assert row.is_lost


async def run(day: Day, frames: Sequence[Frame], happens: Mapping[int, Event]) -> None:
    """The daemon's way: the recorder runs beside the camera, and is cancelled at the end."""
    running = asyncio.create_task(day.recorder.run())
    for frame in frames:
        day.clock.now_ = frame.stamp
        told = happens.get(frame.seq)
        day.recorder.watch(frame, None, (told,) if told else ())
        await asyncio.sleep(0.001)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_it_cuts_beside_the_camera(day: Day) -> None:
    await run(day, coded(raw(30)), {100: crossing(110.0)})
    assert day.numbers() == [(50, 150)]


async def test_when_it_is_stopped_a_clip_is_finished_with_what_is_there(day: Day) -> None:
    await run(day, coded(raw(12)), {100: crossing(110.0)})
    assert day.numbers() == [(50, 119)]
    assert not [each for each in (day.folder / "clips").iterdir() if each.name.startswith(".")]


async def test_when_it_is_stopped_and_the_disk_hangs_the_clip_is_given_up_in_time(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed = threading.Event()
    monkeypatch.setattr(clip_module, "settle", lambda temporary, path: freed.wait(20))
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await run(day, coded(raw(12)), {100: crossing(110.0)})
    assert loop.time() - began_s < 4.0
    freed.set()
    assert [row.filed for row in day.shelf.rows.values()] == [None]
    await asyncio.sleep(0.1)


async def test_stopping_with_nothing_to_do_is_at_once(day: Day) -> None:
    await run(day, [], {})
    assert day.shelf.rows == {}

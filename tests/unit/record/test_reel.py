from __future__ import annotations

import logging
from pathlib import Path

import pytest
from filmed import MemoryShelf, coded, numbers, raw

from smartlogd.base.errors import DiskTrouble, ServiceAway
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import EventId, Filed
from smartlogd.record.intake import Intake
from smartlogd.record.reel import Desk, Reel
from smartlogd.record.ring import Ring
from smartlogd.record.window import Window

S = 1_000_000_000


class FailingShelf(MemoryShelf):
    """A shelf whose disk takes no note of how it ended."""

    async def filed(self, recording: EventId, filed: Filed) -> None:
        raise DiskTrouble("The disk is full.", "Make room.")

    async def lost(self, recording: EventId) -> None:
        raise DiskTrouble("The disk is full.", "Make room.")


def filled(ring: Ring, frames: list) -> Ring:
    intake = Intake()
    for frame in frames:
        for piece in intake.taken(frame):
            ring.add(piece)
    return ring


def made(window: Window, shelf: MemoryShelf, folder: Path) -> Reel:
    return Reel(window, Desk(shelf, folder, LiveIds(), lambda *_: {}), moment_ns=window.start_ns)


async def test_it_is_noted_written_and_filed(tmp_path: Path) -> None:
    ring, shelf = filled(Ring(10_000_000, 60), coded(raw(10))), MemoryShelf(tmp_path)
    reel = made(Window(102 * S, 105 * S, ("x",)), shelf, tmp_path)
    await reel.advance(ring, 110 * S)
    recording = await reel.outcome
    ((_, filed),) = shelf.clips()
    assert numbers(tmp_path / filed.path) == list(range(20, 51))
    assert recording.duration_s == filed.duration_s == pytest.approx(3.1, abs=0.01)


async def test_after_its_end_it_does_nothing_more(tmp_path: Path) -> None:
    ring, shelf = filled(Ring(10_000_000, 60), coded(raw(10))), MemoryShelf(tmp_path)
    reel = made(Window(102 * S, 105 * S), shelf, tmp_path)
    for _ in range(3):
        await reel.advance(ring, 110 * S)
    assert len(shelf.rows) == 1


async def test_it_waits_while_it_may_still_grow(tmp_path: Path) -> None:
    ring, shelf = filled(Ring(10_000_000, 60), coded(raw(10))), MemoryShelf(tmp_path)
    reel = made(Window(102 * S, 105 * S), shelf, tmp_path)
    await reel.advance(ring, 110 * S, may_end=False)
    assert not reel.is_done
    reel.window = Window(102 * S, 107 * S)
    await reel.advance(ring, 110 * S)
    ((_, filed),) = shelf.clips()
    assert numbers(tmp_path / filed.path) == list(range(20, 71))


async def test_a_hole_in_the_ring_ends_it_and_what_follows_is_left(tmp_path: Path) -> None:
    ring, shelf, frames = Ring(10_000_000, 60), MemoryShelf(tmp_path), coded(raw(20))
    intake = Intake()
    reel = made(Window(102 * S, 115 * S), shelf, tmp_path)
    for frame in frames[:60]:
        for piece in intake.taken(frame):
            ring.add(piece)
    await reel.advance(ring, 106 * S)
    ring.bounded(10_000_000, 1)  # the disk was slow, and the ring went on meanwhile
    for frame in frames[60:]:
        for piece in intake.taken(frame):
            ring.add(piece)
    await reel.advance(ring, 120 * S)
    ((_, filed),) = shelf.clips()
    assert numbers(tmp_path / filed.path) == list(range(20, 60))
    assert reel.rest is None, "what is left of the ring lies behind the window"


async def test_where_there_is_no_video_nothing_is_noted(tmp_path: Path) -> None:
    shelf = MemoryShelf(tmp_path)
    reel = made(Window(102 * S, 105 * S), shelf, tmp_path)
    await reel.advance(Ring(1000, 10), 103 * S)
    assert not reel.is_done
    await reel.advance(Ring(1000, 10), 108 * S)
    with pytest.raises(ServiceAway, match="no video"):
        await reel.outcome
    assert shelf.rows == {}


async def test_one_that_had_not_begun_at_the_end_is_nothing(tmp_path: Path) -> None:
    shelf = MemoryShelf(tmp_path)
    reel = made(Window(102 * S, 105 * S), shelf, tmp_path)
    await reel.end(Ring(1000, 10))
    with pytest.raises(ServiceAway, match="stops"):
        await reel.outcome


async def test_one_that_is_given_up_is_lost_and_leaves_no_file(tmp_path: Path) -> None:
    ring, shelf = filled(Ring(10_000_000, 60), coded(raw(10))), MemoryShelf(tmp_path)
    reel = made(Window(102 * S, 205 * S), shelf, tmp_path)
    await reel.advance(ring, 110 * S)
    await reel.give_up()
    (row,) = shelf.rows.values()
    assert row.is_lost
    assert list((tmp_path / "clips").iterdir()) == []


async def test_where_its_end_cannot_be_noted_the_next_start_will(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ring, shelf = filled(Ring(10_000_000, 60), coded(raw(10))), FailingShelf(tmp_path)
    reel = made(Window(102 * S, 105 * S), shelf, tmp_path)
    with caplog.at_level(logging.WARNING):
        await reel.advance(ring, 110 * S)
    with pytest.raises(DiskTrouble):
        await reel.outcome
    assert [record.message for record in caplog.records] == ["clip not cut", "a lost clip is not noted"]

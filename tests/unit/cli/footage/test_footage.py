"""A clip through the river."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.known import Anchor, Event
from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp
from smartlogd.cli.footage import Account, Unkept, play
from smartlogd.cli.lines import given_lines, with_lines
from smartlogd.movement.scene import Scene
from smartlogd.record.draw import LineCount
from smartlogd.settings import Settings

if TYPE_CHECKING:
    from smartlogd.base.ports import Receipt


def frame(seq: int, t_s: float) -> Frame:
    at = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    return Frame(seq, Stamp(round(t_s * 1e9), at, trusted=False), np.zeros((2, 2, 3), np.uint8))


def test_a_video_plays_until_its_last_frame_has_been_shown() -> None:
    account = Account(())
    for seq in range(30):
        account(frame(seq, seq / 10), Scene(), ())
    assert (account.frames, round(account.seconds, 6), round(account.fps, 6)) == (30, 3.0, 10.0)


def test_a_single_picture_has_no_duration_and_no_rate() -> None:
    account = Account(())
    account(frame(0, 0.0), Scene(), ())
    assert (account.seconds, account.fps) == (0.0, 0.0)


class Kept(Unkept):
    """A journal that remembers what it was given."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, event: Event) -> Receipt:
        self.events.append(event)
        return super().append(event)


@pytest.mark.usefixtures("seen_as_people")
async def test_watchers_and_the_journal_get_the_same_events(there_and_back: Path) -> None:
    settings = with_lines(Settings(), given_lines(["door=0.5,0,0.5,1:right"], Anchor.CENTRE))
    journal, seen = Kept(), list[Event]()
    account = await play(
        there_and_back, settings, journal=journal, watchers=(lambda _frame, _scene, events: seen.extend(events),)
    )
    assert [event.type for event in seen] == ["person_entered", "crossing", "crossing"]
    assert journal.events == seen
    assert account.counts() == (LineCount("door", 1, 1),)
    assert (account.tracks, account.dropped) == (1, 0)


@pytest.mark.usefixtures("seen_as_people")
async def test_ids_come_from_the_bytes_of_the_file_and_not_from_its_name(there_and_back: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(there_and_back.read_bytes())
    ids = []
    for path in (there_and_back, copy):
        journal = Kept()
        await play(path, Settings(), journal=journal)
        ids.append([(event.id, event.subject) for event in journal.events])
    assert ids[0] == ids[1] != []


async def test_footage_that_is_not_there_is_told_before_any_model_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="There is no file"):
        await play(tmp_path / "gone.mp4", Settings())

"""Which recordings there are, and which one is meant."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from reels import shelved, wanted

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.known import Medium
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store.birth import arrive
from smartlogd.store.recordings import Link, by_id, copies, meant, recording, recordings
from smartlogd.store.rows import Origin


@pytest.fixture
def here(database: sqlite3.Connection, at: Stamp) -> Origin:
    return arrive(database, device="door", version="0", boot=UUID(int=1), start=at)


def test_they_are_listed_newest_first_each_with_what_is_known_of_it(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    cause = UUID(int=5)
    old, shot, new = (
        wanted(at, labels=("unknown", "door"), cause=cause),
        wanted(at.shifted(60), medium=Medium.SNAPSHOT, note="look"),
        wanted(at.shifted(120)),
    )
    shelved(database, here, folder, old)
    shelved(database, here, folder, shot, phase="uploaded")
    shelved(database, here, folder, new, phase="planned")
    until = at.shifted(3600)
    database.execute("UPDATE snapshots SET share_token_hash = 'x', share_expires_at = ?", (micros(until.utc),))

    found = recordings(folder)
    assert [one.id for one in found] == [str(one.id) for one in (new, shot, old)]
    first = found[2]
    assert (first.medium, first.at, first.duration_s, first.phase) == (Medium.CLIP, at.utc, 10.0, "kept")
    assert (first.labels, first.bytes, first.cause, first.original, first.link) == (
        ("unknown", "door"), 1000, str(cause), None, None,
    )  # fmt: skip
    assert (first.path, first.preview) == (f"clips/{old.id}.mp4", f"clips/{old.id}.png")
    second = found[1]
    assert (second.note, second.uri) == ("look", f"s3://clips/door/{shot.id}.jpg")
    assert second.link == Link(until.utc, None)
    assert [one.id for one in recordings(folder, Medium.CLIP)] == [str(new.id), str(old.id)]
    assert [one.id for one in recordings(folder, only_shared=True)] == [str(shot.id)]
    assert [one.id for one in recordings(folder, limit=1)] == [str(new.id)]


def test_lost_ones_are_listed_when_asked_for(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    shelved(database, here, folder, wanted(at))
    database.execute("UPDATE clips SET phase = 'lost', path = NULL, labels = 'no JSON'")
    assert recordings(folder) == ()
    (lost,) = recordings(folder, with_lost=True)
    assert (lost.phase, lost.path, lost.preview, lost.labels) == ("lost", None, None, ())


def test_one_whose_clock_was_set_right_later_is_listed_at_its_true_instant(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    shelved(database, here, folder, wanted(Stamp(at.mono_ns, at.utc.replace(year=2000), trusted=False)))
    zero = micros(at.utc) - at.mono_ns // 1000
    database.execute("UPDATE boots SET zero_at = ?", (zero,))
    assert recordings(folder)[0].at == at.utc


def test_some_characters_of_an_id_are_enough_where_they_are_one_recordings_alone(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    one, other = wanted(at), wanted(at, medium=Medium.SNAPSHOT)
    shelved(database, here, folder, one)
    shelved(database, here, folder, other)
    assert meant(database, str(one.id)[-8:].upper()).id == str(one.id)
    assert recording(folder, str(other.id)[-8:]).medium is Medium.SNAPSHOT
    with pytest.raises(UnusableInput, match="could be several recordings"):
        meant(database, str(one.id)[:8])
    with pytest.raises(Missing, match="There is no recording"):
        meant(database, "ffff-ffff")
    assert by_id(database, str(one.id)[-8:]) is None
    assert copies(database, str(one.id)) == ()


def test_without_a_log_there_is_nothing_to_list(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no log"):
        recordings(tmp_path)

"""An event and a row before a file, and what becomes of both."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from reels import filed, files, shelved, wanted

import smartlogd.store.room
from smartlogd.base.errors import DiskTrouble, UnusableInput
from smartlogd.base.known import Event, EventId, Medium
from smartlogd.base.time import Stamp
from smartlogd.store.birth import arrive
from smartlogd.store.engine import Store
from smartlogd.store.options import StoreOptions
from smartlogd.store.shelf import StoreShelf, kept, planned

MIB = 1024 * 1024
Maker = Callable[..., Event]
Running = Callable[[Store], Any]


def rows(folder: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        return connection.execute(sql, values).fetchall()


def shelf_of(store: Store, **options: Any) -> StoreShelf:
    return StoreShelf(store, lambda: StoreOptions(**options))


async def test_a_clip_is_an_event_and_a_row_before_it_is_a_file(
    opener: Callable[..., Store], running: Running, folder: Path, at: Stamp, crossing: Maker
) -> None:
    cause = crossing(stamp=at)
    async with running(opener()) as store:
        shelf = shelf_of(store)
        store.journal.append(cause)
        recording = wanted(at.shifted(-5), cause=cause.id, labels=("unknown", "door"))
        path = await shelf.plan(recording)
        assert path == f"clips/{recording.id}.mp4"
        ((type_, data, subject, ts),) = rows(
            folder, "SELECT type, data, subject_uuid, ts FROM events WHERE event_id = ?", str(recording.id)
        )
        assert (type_, subject) == ("clip_saved", str(cause.subject))
        assert json.loads(data) == {"labels": ["unknown", "door"], "cause": str(cause.id)}
        assert rows(folder, "SELECT phase, path, start_ts, duration_ms FROM clips") == [("planned", path, ts, 10_000)]
        assert files(folder) == set()
        assert (folder / "clips").stat().st_mode & 0o777 == 0o700

        whole = filed(recording, folder, path, moments={cause.id: 5000, EventId(UUID(int=1)): 3})
        whole = replace(whole, start=at.shifted(-4.8), duration_s=9.8, labels=("unknown", "door", "sit"))
        await shelf.filed(recording.id, whole)
        await shelf.filed(recording.id, whole)  # told again, nothing changes
        columns = "phase, bytes, sha256, start_ts - ?, duration_ms, preview_png, labels"
        assert rows(folder, f"SELECT {columns} FROM clips", ts) == [
            ("kept", 1000, whole.sha256, 200_000, 9800, whole.preview, '["unknown", "door", "sit"]')
        ]
        assert rows(folder, "SELECT video_ts_ms FROM events WHERE event_id = ?", str(cause.id)) == [(5000,)]

        later = wanted(at.shifted(1))
        await shelf.filed(later.id, filed(later, folder, await shelf.plan(later), moments={cause.id: 7}))
        assert rows(folder, "SELECT video_ts_ms FROM events WHERE event_id = ?", str(cause.id)) == [(5000,)]


async def test_a_snapshot_keeps_its_note_in_its_row(
    opener: Callable[..., Store], running: Running, folder: Path, at: Stamp
) -> None:
    async with running(opener()) as store:
        recording = wanted(at, medium=Medium.SNAPSHOT, note="the postman again")
        path = await shelf_of(store).plan(recording)
        await shelf_of(store).filed(recording.id, filed(recording, folder, path))
        assert rows(folder, "SELECT phase, note, path FROM snapshots") == [("kept", "the postman again", path)]
        ((type_, data),) = rows(folder, "SELECT type, data FROM events")
        assert (type_, json.loads(data)) == ("snapshot_saved", {"labels": ["by hand"]})


async def test_what_came_to_nothing_leaves_no_file(
    opener: Callable[..., Store], running: Running, folder: Path, at: Stamp
) -> None:
    async with running(opener()) as store:
        shelf, recording = shelf_of(store), wanted(at)
        path = await shelf.plan(recording)
        filed(recording, folder, path)
        await shelf.lost(recording.id)
        assert rows(folder, "SELECT phase, path FROM clips") == [("lost", None)]
        assert files(folder) == set()
        await shelf.lost(recording.id)
        await shelf.lost(EventId(UUID(int=7)))  # of whom nothing is known

        kept_one = wanted(at.shifted(9))
        await shelf.filed(kept_one.id, filed(kept_one, folder, await shelf.plan(kept_one)))
        await shelf.lost(kept_one.id)
        assert rows(folder, "SELECT phase FROM clips ORDER BY id") == [("lost",), ("kept",)]


async def test_what_was_taken_back_while_it_was_made_is_not_kept(
    opener: Callable[..., Store], running: Running, folder: Path, at: Stamp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.store")
    async with running(opener()) as store:
        shelf, recording = shelf_of(store), wanted(at)
        path = await shelf.plan(recording)
        whole = filed(recording, folder, path)
        await store.change(
            lambda connection: connection.execute("UPDATE clips SET phase = 'lost', path = NULL").rowcount
        )
        await shelf.filed(recording.id, whole)
        assert files(folder) == set()
        assert rows(folder, "SELECT phase FROM clips") == [("lost",)]
        assert [record.message for record in caplog.records].count("recording not wanted any more") == 1


async def test_planning_again_changes_nothing(
    opener: Callable[..., Store], running: Running, folder: Path, at: Stamp
) -> None:
    async with running(opener()) as store:
        shelf, recording = shelf_of(store), wanted(at)
        assert await shelf.plan(recording) == await shelf.plan(recording)
        assert rows(folder, "SELECT count(*) FROM clips") == rows(folder, "SELECT count(*) FROM events") == [(1,)]


async def test_nothing_is_planned_where_hardly_any_room_is_left_and_that_is_said_once(
    opener: Callable[..., Store],
    running: Running,
    folder: Path,
    at: Stamp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    free = 24 * MIB
    monkeypatch.setattr(smartlogd.store.room, "free_bytes", lambda _: free)
    async with running(opener()) as store:
        shelf = shelf_of(store, keep_free_mib=100)
        for _ in range(3):
            with pytest.raises(DiskTrouble, match=r"no room for recordings in .*: 24 MiB are free"):
                await shelf.plan(wanted(at))
        assert rows(folder, "SELECT count(*) FROM clips") == rows(folder, "SELECT count(*) FROM events") == [(0,)]
        free = 25 * MIB  # little, but the oldest recordings still make room
        await shelf.plan(wanted(at))
        await shelf.plan(wanted(at))
    said = [record.message for record in caplog.records if "room" in record.message]
    assert said == ["no room for recordings", "room for recordings again"]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"suffix": "/../../x"}, "name cannot end"),
        ({"suffix": ""}, "name cannot end"),
        ({"labels": ("x" * 65,)}, "labels of at most 64"),
        ({"labels": ("",)}, "labels of at most 64"),
        ({"labels": ("x",) * 33}, "at most 32 labels"),
        ({"note": "x" * 2001}, "at most 2000 letters"),
    ],
)
async def test_what_could_never_be_kept_is_refused(
    opener: Callable[..., Store], running: Running, at: Stamp, changed: dict[str, Any], what: str
) -> None:
    async with running(opener()) as store:
        with pytest.raises(UnusableInput, match=what):
            await shelf_of(store).plan(replace(wanted(at), **changed))


async def test_a_start_puts_right_what_the_one_before_left_and_lets_its_own_be(
    opener: Callable[..., Store], running: Running, folder: Path, at: Stamp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.store")
    whole, unmade, fine = (wanted(at.shifted(seconds)) for seconds in range(3))
    async with running(opener()) as store:
        shelf = shelf_of(store)
        for recording in (whole, unmade, fine):
            await shelf.plan(recording)
        written = filed(whole, folder, f"clips/{whole.id}.mp4")
        (folder / f"clips/{unmade.id}.png").write_bytes(b"a still")  # the still is there before its clip
        (folder / f"clips/.{unmade.id}.abc.part").write_bytes(b"half a clip")
        await shelf.filed(fine.id, filed(fine, folder, f"clips/{fine.id}.mp4"))
        (folder / "clips" / "stray.mp4").write_bytes(b"nobody's")
    async with running(opener()) as store:
        shelf, live = shelf_of(store), wanted(at.shifted(60))
        path = await shelf.plan(live)
        (folder / f"clips/.{live.id}.abc.part").write_bytes(b"being written")
        done = await shelf.recover()
        assert {repair.about for repair in done} == {
            f"clips/{whole.id}.mp4", f"clips/{unmade.id}.mp4", f"clips/.{unmade.id}.abc.part", "clips/stray.mp4",
        }  # fmt: skip
        found = rows(folder, "SELECT event_id, phase, sha256, preview_png FROM clips ORDER BY id")
        assert found == [
            (str(whole.id), "kept", written.sha256, written.preview),
            (str(unmade.id), "lost", None, None),
            (str(fine.id), "kept", found[2][2], f"clips/{fine.id}.png"),
            (str(live.id), "planned", None, None),
        ]
        ours = {f"clips/{one.id}{suffix}" for one in (whole, fine) for suffix in (".mp4", ".png")}
        assert files(folder) == ours | {f"clips/.{live.id}.abc.part"}
        await shelf.filed(live.id, filed(live, folder, path))
        assert [record.message for record in caplog.records].count("recording put right") == len(done)
        assert await shelf.recover() == ()


def test_a_clip_is_dated_by_its_event_however_the_clock_was_set_meanwhile(
    database: sqlite3.Connection, folder: Path, at: Stamp
) -> None:
    lost_years = Stamp(at.mono_ns, at.utc.replace(year=1999), trusted=False)
    origin = arrive(database, device="door", version="0", boot=UUID(int=1), start=lost_years)
    recording = wanted(lost_years)
    planned(database, origin, recording, f"clips/{recording.id}.mp4")
    database.execute("UPDATE events SET ts = 1000000000000000")  # as sealing does
    first_frame = lost_years.shifted(0.5)
    whole = replace(filed(recording, folder, f"clips/{recording.id}.mp4"), start=first_frame)
    assert kept(database, folder, str(recording.id), whole)
    assert database.execute("SELECT start_ts FROM clips").fetchone() == (1_000_000_000_500_000,)


def test_a_note_on_a_clip_stands_with_its_event(database: sqlite3.Connection, folder: Path, at: Stamp) -> None:
    origin = arrive(database, device="door", version="0", boot=UUID(int=1), start=at)
    shelved(database, origin, folder, wanted(at, note="look at this"))
    assert json.loads(database.execute("SELECT data FROM events").fetchone()[0])["note"] == "look at this"

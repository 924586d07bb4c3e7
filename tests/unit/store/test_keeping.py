from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

import smartlogd.store.keeping
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import doings
from smartlogd.store.begin import begin, end, note, noted
from smartlogd.store.birth import arrive
from smartlogd.store.days import COUNTED, KEPT_FROM, RECOUNT
from smartlogd.store.keeping import FIRST, Gone, is_due, let_go
from smartlogd.store.life import begun
from smartlogd.store.rows import Origin

Logged = Callable[..., str]


@pytest.fixture
def here(database: sqlite3.Connection, at: Stamp) -> Origin:
    """A device with a centre."""
    origin = arrive(database, device="door", version="0", boot=uuid4(), start=at)
    begin(database)
    return origin


@pytest.fixture
def logged(database: sqlite3.Connection, here: Origin, at: Stamp) -> Logged:
    """Writes a passing of so many days ago; the centre has it, unless it is told otherwise. Gives the event's id."""

    def made(days: float, *, waits: bool = False, counted: bool = True, trusted: bool = True) -> str:
        event, uuid, at_us = str(uuid4()), str(uuid4()), micros(at.utc - dt.timedelta(days=days))
        database.execute("INSERT INTO subjects (uuid, first_seen, last_seen, has_face, ignored) VALUES (?, ?, ?, 0, 0)",
                         (uuid, at_us, at_us))  # fmt: skip
        stamp = (here.boot_id, 1_000_000, trusted)
        (number,) = database.execute(
            "INSERT INTO events (user_id, type, ts, data, event_id, device_id, subject_uuid, boot_id, mono_us,"
            " clock_trusted) VALUES (1, 'crossing', ?, '{}', ?, 1, ?, ?, ?, ?) RETURNING id",
            (at_us, event, uuid, *stamp),
        ).fetchone()
        row = (uuid, at_us, event, *stamp)
        (id_,) = database.execute(
            "INSERT INTO smartlog (uuid, action, timestamp, event_id, device_id, boot_id, mono_us, clock_trusted)"
            " VALUES (?, 'I', ?, ?, 1, ?, ?, ?) RETURNING id",
            row,
        ).fetchone()
        if not waits:
            database.execute("DELETE FROM outbox WHERE kind = 'event' AND row_id = CAST(? AS TEXT)", (number,))
        if counted:
            note(database, COUNTED, id_)
        return event

    return made


def left(database: sqlite3.Connection) -> set[str]:
    events, passings = (
        {id_ for (id_,) in database.execute(f"SELECT event_id FROM {table}")} for table in ("events", "smartlog")
    )
    assert events == passings
    return events


def test_what_the_centre_has_goes_after_thirty_days(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged
) -> None:
    logged(31)
    waiting, young = logged(31, waits=True), logged(29.9)
    assert is_due(database, at, 30)
    assert let_go(database, folder, at, 30) == Gone(1, 1, 1, None)
    assert left(database) == {waiting, young}
    assert let_go(database, folder, at, 30) == Gone(0, 0, 0, None)
    assert noted(database, KEPT_FROM) == micros(at.utc - dt.timedelta(days=31)) + 1


def test_a_dead_letter_stays(database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged) -> None:
    logged(40, waits=True)
    move = "INSERT INTO dead_letters SELECT seq, kind, row_id, priority, at, 0, 'because' FROM outbox"
    database.execute(move)
    database.execute("DELETE FROM outbox")
    assert let_go(database, folder, at, 30).events == 0
    assert len(left(database)) == 1


def test_nothing_goes_without_a_centre_nor_by_a_clock_that_may_be_years_ahead(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged
) -> None:
    logged(400)
    ahead = Stamp(at.mono_ns, at.utc + dt.timedelta(days=9000), trusted=False)
    assert not is_due(database, ahead, 30)
    assert let_go(database, folder, ahead, 30) == Gone()
    end(database)
    assert not is_due(database, at, 30)
    assert let_go(database, folder, at, 30) == Gone()


def test_history_from_before_the_centre_stays(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged
) -> None:
    old = logged(400)
    note(database, "acknowledged_after", 1)
    logged(400)
    assert let_go(database, folder, at, 30).events == 1
    assert left(database) == {old}


def test_what_is_not_counted_yet_stays_until_it_is(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged
) -> None:
    logged(40)
    logged(40, counted=False)
    assert let_go(database, folder, at, 30).events == 1
    note(database, COUNTED, 2)
    note(database, RECOUNT, [1])
    assert let_go(database, folder, at, 30).events == 0, "a day is to be counted again"
    database.execute("DELETE FROM meta WHERE key = ?", (RECOUNT,))
    assert let_go(database, folder, at, 30).events == 1


def test_a_sealed_row_is_as_old_as_it_was_found_to_be(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged
) -> None:
    logged(400, trusted=False)
    database.execute("UPDATE boots SET zero_at = ?", (micros(at.utc - dt.timedelta(days=5)),))
    assert not is_due(database, at, 30)
    assert let_go(database, folder, at, 30).events == 0
    assert let_go(database, folder, at, 4).events == 1


def test_much_goes_in_small_steps_and_what_stays_is_passed_over(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged
) -> None:
    stay = {logged(90 - number, waits=True) for number in range(5)}
    for number in range(8):
        logged(50 - number)
    after, steps, events = FIRST, 0, 0
    while True:
        step = let_go(database, folder, at, 30, after=after, most=3)
        steps, events = steps + 1, events + step.events
        if step.after is None:
            break
        after = step.after
    assert (steps, events) == (5, 8)
    assert left(database) == stay


@pytest.mark.parametrize(
    ("phase", "path", "waits", "goes"),
    [
        ("kept", "clip", False, False),
        ("planned", None, False, False),
        ("uploaded", "clip", False, False),
        ("uploaded", None, True, False),
        ("uploaded", None, False, False),
        ("lost", None, False, True),
    ],
)
def test_an_event_stays_as_long_as_its_recording(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged,
    phase: str, path: str | None, waits: bool, goes: bool,
) -> None:  # fmt: skip
    event = logged(40)
    database.execute(
        "INSERT INTO clips (user_id, device_id, event_id, path, labels, phase, start_ts, duration_ms)"
        " VALUES (1, 1, ?, ?, '[]', ?, 0, 1)",
        (event, path, phase),
    )
    if not waits:
        database.execute("DELETE FROM outbox")
    assert let_go(database, folder, at, 30).events == goes
    assert database.execute("SELECT count(*) FROM clips").fetchone() == (not goes,)


def test_the_picture_of_a_passing_goes_with_it(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged
) -> None:
    (folder / "picture.jpg").write_bytes(b"x")
    logged(40)
    database.execute("UPDATE smartlog SET image_path = 'picture.jpg'")
    let_go(database, folder, at, 30)
    assert not (folder / "picture.jpg").exists()


@pytest.mark.parametrize(
    "bond",
    [
        "UPDATE subjects SET user_id = 1",
        "UPDATE subjects SET best_crop = 'faces/x.jpg'",
        "UPDATE subjects SET ignored = 1",
        "UPDATE subjects SET last_seen = 9000000000000000",
        "INSERT INTO smartlog (uuid, action, timestamp, event_id) SELECT uuid, 'O', 0, 'other' FROM subjects",
        "INSERT INTO face_templates (id, subject, model, vector, quality, source, created_at)"
        " SELECT 't', uuid, 'm', x'00', 0.5, 'track', 0 FROM subjects",
        "INSERT INTO subjects (uuid, merged_into, has_face, ignored, first_seen, last_seen)"
        " SELECT 'other', uuid, 0, 0, 0, 0 FROM subjects",
    ],
)
def test_someone_who_is_somebody_stays_when_their_rows_go(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged, bond: str
) -> None:
    logged(40)
    database.execute(bond)
    database.execute("DELETE FROM outbox")
    people = database.execute("SELECT count(*) FROM subjects").fetchone()
    assert let_go(database, folder, at, 30) == Gone(1, 1, 0, None)
    assert database.execute("SELECT count(*) FROM subjects").fetchone() == people


def test_old_rows_are_found_by_their_index(database: sqlite3.Connection) -> None:
    named = dict.fromkeys(("after_ts", "after_id", "cutoff", "mark", "most"), 0)
    plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {smartlogd.store.keeping._OLD}", named))
    assert "ix_events_ts" in plan
    assert "TEMP B-TREE" not in plan


def test_what_is_to_be_erased_from_the_object_store_is_not_forgotten_before(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged
) -> None:
    event = logged(40)
    database.execute(
        "INSERT INTO clips (user_id, device_id, event_id, labels, phase, start_ts, duration_ms, s3_uri)"
        " VALUES (1, 1, ?, '[]', 'lost', 0, 1, 's3://clips/a.mp4')",
        (event,),
    )
    database.execute("DELETE FROM outbox")
    assert let_go(database, folder, at, 30).events == 0
    database.execute("UPDATE clips SET s3_uri = NULL")
    database.execute("DELETE FROM outbox")
    assert let_go(database, folder, at, 30).events == 1


def test_what_a_clip_shows_stays_as_long_as_the_clip(
    database: sqlite3.Connection, folder: Path, at: Stamp, logged: Logged
) -> None:
    shown, beside, elsewhere = logged(40), logged(40), logged(41)
    database.execute("UPDATE events SET video_ts_ms = 5 WHERE event_id IN (?, ?)", (shown, elsewhere))
    database.execute(
        "INSERT INTO clips (user_id, device_id, event_id, labels, phase, start_ts, duration_ms, s3_uri)"
        " VALUES (1, 1, 'c', '[]', 'uploaded', ?, 10000, 's3://clips/a.mp4')",
        (micros(at.shifted(-40 * 86_400 - 5).utc),),
    )
    database.execute("DELETE FROM outbox")
    assert let_go(database, folder, at, 30).events == 2
    assert left(database) == {shown}, f"{beside} is not in the picture"
    database.execute("UPDATE clips SET phase = 'lost'")
    assert let_go(database, folder, at, 30).events == 1


def gone(database: sqlite3.Connection, folder: Path, at: Stamp) -> int:
    return let_go(database, folder, at, 30).events


Happened = Callable[..., str]


@pytest.fixture
def happened(database: sqlite3.Connection, here: Origin, at: Stamp) -> Happened:
    """Writes something that took time, of so many days ago, which the centre has and which is counted; gives its id."""

    def made(days: float, *, lasted_us: int | None = 5, boot: str | None = None) -> str:
        event, at_us = str(uuid4()), micros(at.utc - dt.timedelta(days=days))
        (number,) = database.execute(
            "INSERT INTO events (user_id, device_id, type, data, mono_us, clock_trusted, ts, event_id, boot_id,"
            " ended_at) VALUES (1, 1, 'sit', '{}', 1, 1, ?, ?, ?, ?) RETURNING id",
            (at_us, event, boot or here.boot_id, None if lasted_us is None else at_us + lasted_us),
        ).fetchone()
        database.execute("DELETE FROM outbox WHERE kind = 'event'")
        note(database, doings.COUNTED, number)
        return event

    return made


def test_what_took_time_goes_when_it_is_counted_and_its_day_is_whole_no_more(
    database: sqlite3.Connection, folder: Path, at: Stamp, happened: Happened
) -> None:
    happened(31, lasted_us=1_000_000)
    note(database, doings.COUNTED, 0)
    assert gone(database, folder, at) == 0
    note(database, doings.COUNTED, 1)
    doings.reopen(database, [(0, 1)])
    assert gone(database, folder, at) == 0, "its day is to be counted again"
    database.execute("DELETE FROM meta WHERE key = ?", (doings.RECOUNT,))
    assert gone(database, folder, at) == 1
    assert noted(database, KEPT_FROM) == micros(at.utc - dt.timedelta(days=31)) + 1_000_001


@pytest.mark.parametrize("table", ["outbox", "dead_letters"])
def test_an_event_stays_as_long_as_its_end_waits_or_was_refused(
    database: sqlite3.Connection, folder: Path, at: Stamp, happened: Happened, table: str
) -> None:
    happened(31)
    more = ("", "") if table == "outbox" else (", died_at, reason", ", 0, 'no'")
    database.execute(
        f"INSERT INTO {table} (seq, kind, row_id, priority, at{more[0]}) VALUES (9, 'ended', '1', 1, 0{more[1]})"
    )
    assert gone(database, folder, at) == 0
    database.execute(f"DELETE FROM {table}")
    assert gone(database, folder, at) == 1


def test_what_lasts_stays_until_it_is_over_and_what_nobody_will_end_goes(
    database: sqlite3.Connection, folder: Path, at: Stamp, happened: Happened, here: Origin
) -> None:
    begun(database, here, at)
    lasting = happened(31, lasted_us=None)
    happened(31, lasted_us=None, boot=str(uuid4()))
    assert gone(database, folder, at) == 1
    assert database.execute("SELECT event_id FROM events").fetchall() == [(lasting,)]

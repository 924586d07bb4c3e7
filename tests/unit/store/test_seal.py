from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from reels import shelved, wanted

import smartlogd.store.seal
from smartlogd.base.known import Medium
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store.begin import noted
from smartlogd.store.birth import arrive
from smartlogd.store.days import RECOUNT
from smartlogd.store.payload import PATIENCE_US
from smartlogd.store.recordings import INSTANTS
from smartlogd.store.rows import Origin
from smartlogd.store.seal import MARGIN_US, Sealed, is_due, seal

KERNEL = str(uuid4())
TRUE_ZERO = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
"""When the machine was really started."""
WRONG = dt.timedelta(days=-40, hours=-3)


def stamp(mono_s: float, *, trusted: bool, wrong: dt.timedelta = WRONG) -> Stamp:
    """The machine's clock so many seconds after its start, right where it is trusted."""
    utc = TRUE_ZERO + dt.timedelta(seconds=mono_s)
    return Stamp(round(mono_s * 1e9), utc if trusted else utc + wrong, trusted)


def started(database: sqlite3.Connection, mono_s: float = 1, *, kernel: str | None = KERNEL) -> Origin:
    start = stamp(mono_s, trusted=False)
    return arrive(database, device="door", version="0", boot=uuid4(), start=start, machine_boot=kernel)


def written(
    database: sqlite3.Connection, origin: Origin, at: Stamp, subject: UUID | None = None, lasts_s: float | None = None
) -> str:
    """A passing at that instant, as the journal writes it; gives the event's id."""
    event, uuid, mono_us = str(uuid4()), str(subject or uuid4()), at.mono_ns // 1000
    ended = None if lasts_s is None else micros(at.shifted(lasts_s).utc)
    database.execute(
        "INSERT INTO events (user_id, type, ts, data, event_id, device_id, subject_uuid, ended_at, boot_id, mono_us,"
        " clock_trusted) VALUES (?, 'crossing', ?, '{}', ?, ?, ?, ?, ?, ?, ?)",
        (origin.owner_id, micros(at.utc), event, origin.device_id, uuid, ended, origin.boot_id, mono_us, at.trusted),
    )
    database.execute(
        "INSERT INTO smartlog (uuid, action, timestamp, event_id, device_id, line, boot_id, mono_us, clock_trusted)"
        " VALUES (?, 'I', ?, ?, ?, 'door', ?, ?, ?)",
        (uuid, micros(at.utc), event, origin.device_id, origin.boot_id, mono_us, at.trusted),
    )
    database.execute(
        "INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen) VALUES (?, 0, 0, ?, ?) ON CONFLICT DO"
        " UPDATE SET first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)",
        (uuid, micros(at.utc), micros(at.utc)),
    )
    return event


def dated(database: sqlite3.Connection, event: str) -> tuple[int, int]:
    """When the event is said to have been, by both tables, and whether that is trusted."""
    (ts, trusted), other = (
        database.execute(f"SELECT {column}, clock_trusted FROM {table} WHERE event_id = ?", (event,)).fetchone()
        for table, column in (("events", "ts"), ("smartlog", "timestamp"))
    )
    assert (ts, trusted) == other
    return ts, trusted


def true_us(mono_s: float) -> int:
    return micros(stamp(mono_s, trusted=True).utc)


def corrections(database: sqlite3.Connection) -> list[dict[str, object]]:
    found = database.execute("SELECT data, clock_trusted FROM events WHERE type = 'clock_corrected' ORDER BY id")
    rows = found.fetchall()
    assert all(trusted == 1 for _, trusted in rows)
    return [json.loads(data) for data, _ in rows]


def test_rows_from_before_the_time_server_get_their_true_instant(database: sqlite3.Connection) -> None:
    origin = started(database)
    early = written(database, origin, stamp(20, trusted=False))
    late = written(database, origin, stamp(70, trusted=True))
    now = stamp(90, trusted=True)
    assert is_due(database, now, KERNEL)
    assert seal(database, origin, now, KERNEL) == Sealed(2, 0)
    assert dated(database, early) == (true_us(20), 1)
    assert dated(database, late) == (true_us(70), 1)
    assert corrections(database) == []
    assert not is_due(database, now, KERNEL)
    assert seal(database, origin, now, KERNEL) == Sealed(0, 0)


def test_nothing_is_dated_by_a_clock_that_nobody_disciplines(database: sqlite3.Connection) -> None:
    origin = started(database)
    event = written(database, origin, stamp(20, trusted=False))
    for now, kernel in ((stamp(3000, trusted=False), KERNEL), (stamp(60, trusted=True), None)):
        assert not is_due(database, now, kernel)
        assert seal(database, origin, now, kernel) == Sealed(0, 0)
    assert dated(database, event) == (micros(stamp(20, trusted=False).utc), 0)


def test_a_sealed_row_stays_as_it_is_and_its_start_is_corrected_once(database: sqlite3.Connection) -> None:
    origin = started(database)
    sealed = written(database, origin, stamp(20, trusted=False))
    young = written(database, origin, stamp(1900, trusted=False))
    now = stamp(2000, trusted=True)
    assert seal(database, origin, now, KERNEL) == Sealed(2, 1)
    assert dated(database, sealed) == (micros(stamp(20, trusted=False).utc), 0)
    assert dated(database, young) == (true_us(1900), 1)
    assert corrections(database) == [{"boot_id": origin.boot_id, "zero_us": micros(TRUE_ZERO)}]
    times = [time for (time,) in database.execute("SELECT time FROM smartlog_readable ORDER BY id")]
    assert times == ["2027-03-01T12:00:20.000000Z", "2027-03-01T12:31:40.000000Z"]
    for later_s in (2005, 9000):
        assert not is_due(database, stamp(later_s, trusted=True), KERNEL)
        assert seal(database, origin, stamp(later_s, trusted=True), KERNEL) == Sealed(0, 0)


def test_each_start_of_the_daemon_within_one_start_of_the_machine_is_corrected(database: sqlite3.Connection) -> None:
    one = started(database)
    first = written(database, one, stamp(20, trusted=False))
    other = started(database, 500)
    second = written(database, other, stamp(600, trusted=False))
    third = written(database, other, stamp(1950, trusted=False))
    assert seal(database, other, stamp(2000, trusted=True), KERNEL) == Sealed(2, 2)
    assert [told["boot_id"] for told in corrections(database)] == [one.boot_id, other.boot_id]
    assert [dated(database, event)[1] for event in (first, second, third)] == [0, 0, 1]


def test_rows_of_the_daemon_before_its_restart_are_dated_too(database: sqlite3.Connection) -> None:
    event = written(database, started(database), stamp(20, trusted=False))
    again = started(database, 60)
    assert seal(database, again, stamp(100, trusted=True), KERNEL) == Sealed(2, 0)
    assert dated(database, event) == (true_us(20), 1)


@pytest.mark.parametrize("kernel", [str(uuid4()), None])
def test_rows_of_another_start_of_the_machine_or_of_a_replay_stay_for_good(
    database: sqlite3.Connection, kernel: str | None
) -> None:
    event = written(database, started(database, kernel=kernel), stamp(20, trusted=False))
    now = started(database)
    assert seal(database, now, stamp(100, trusted=True), KERNEL) == Sealed(0, 0)
    assert seal(database, now, stamp(5000, trusted=True), KERNEL) == Sealed(0, 0)
    assert dated(database, event) == (micros(stamp(20, trusted=False).utc), 0)


def test_a_row_that_the_outbox_may_be_about_to_give_out_is_not_dated(database: sqlite3.Connection) -> None:
    """Asked in the next moment, the outbox takes it for sealed; then this one must not have changed it."""
    origin = started(database)
    almost = written(database, origin, stamp(1000 - PATIENCE_US / 1e6 + MARGIN_US / 1e6 / 2, trusted=False))
    assert seal(database, origin, stamp(1000, trusted=True), KERNEL) == Sealed(0, 1)
    assert dated(database, almost)[1] == 0


def test_a_row_that_is_written_late_is_dated_by_the_same_zero(database: sqlite3.Connection) -> None:
    """The disk was full: a row stamped long ago comes after its start was corrected."""
    origin = started(database)
    written(database, origin, stamp(20, trusted=False))
    seal(database, origin, stamp(2000, trusted=True), KERNEL)
    written(database, origin, stamp(30, trusted=False))
    assert seal(database, origin, stamp(2005, trusted=True), KERNEL) == Sealed(0, 0)
    times = [time for (time,) in database.execute("SELECT time FROM smartlog_readable ORDER BY id")]
    assert times[1] == "2027-03-01T12:00:30.000000Z"


def test_a_subject_was_seen_when_its_rows_say(database: sqlite3.Connection) -> None:
    origin, subject, other = started(database), uuid4(), uuid4()
    written(database, origin, stamp(20, trusted=False), subject)
    written(database, origin, stamp(50, trusted=True), subject)
    before = TRUE_ZERO - dt.timedelta(days=900)
    written(database, origin, stamp(30, trusted=False), other)
    database.execute("UPDATE subjects SET first_seen = ? WHERE uuid = ?", (micros(before), str(other)))
    seal(database, origin, stamp(60, trusted=True), KERNEL)
    spans = {uuid: span for uuid, *span in database.execute("SELECT uuid, first_seen, last_seen FROM subjects")}
    assert spans[str(subject)] == [true_us(20), true_us(50)]
    assert spans[str(other)] == [micros(before), true_us(30)]


def test_a_subject_seen_in_the_future_was_seen_now(database: sqlite3.Connection) -> None:
    origin, subject = started(database), uuid4()
    written(database, origin, stamp(20, trusted=False, wrong=dt.timedelta(days=40)), subject)
    written(database, origin, stamp(50, trusted=True), subject)
    seal(database, origin, stamp(60, trusted=True), KERNEL)
    span = database.execute("SELECT first_seen, last_seen FROM subjects").fetchone()
    assert span == (true_us(20), true_us(50))


@pytest.mark.parametrize(
    ("ended_s", "is_told_by_the_wrong_clock"), [(30.0, True), (50.0, False)], ids=["before the clock was set", "after"]
)
def test_what_takes_time_ends_when_it_ended(
    database: sqlite3.Connection, ended_s: float, is_told_by_the_wrong_clock: bool
) -> None:
    origin = started(database)
    event = written(database, origin, stamp(20, trusted=False), lasts_s=ended_s - 20)
    if not is_told_by_the_wrong_clock:
        database.execute("UPDATE events SET ended_at = ? WHERE event_id = ?", (true_us(ended_s), event))
    seal(database, origin, stamp(60, trusted=True), KERNEL)
    assert database.execute("SELECT ended_at FROM events WHERE event_id = ?", (event,)).fetchone() == (
        true_us(ended_s),
    )


def test_the_days_of_what_is_dated_anew_are_counted_again(database: sqlite3.Connection) -> None:
    origin = started(database)
    written(database, origin, stamp(20, trusted=False))
    written(database, origin, stamp(1950, trusted=False))
    seal(database, origin, stamp(2000, trusted=True), KERNEL)
    instants = [stamp(mono_s, trusted=trusted) for mono_s in (20, 1950) for trusted in (False, True)]
    assert noted(database, RECOUNT) == sorted({micros(at.utc) // 900_000_000 for at in instants})


def test_looking_for_what_is_to_be_dated_reads_no_table(database: sqlite3.Connection) -> None:
    for name, statement in vars(smartlogd.store.seal).items():
        if not name.startswith("_") or not isinstance(statement, str) or "boots AS b" not in statement:
            continue
        named = dict.fromkeys(("machine", "young", "zero", "is_new", "after", "until"), 0) | {"boots": "[]"}
        plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", named))
        assert "SCAN events" not in plan, (name, plan)
        assert "SCAN smartlog" not in plan, (name, plan)
        assert "boot_id_mono_us" in plan, (name, plan)


def test_a_recording_is_dated_with_its_event(database: sqlite3.Connection, folder: Path) -> None:
    origin, kept = started(database), []
    for medium in Medium:
        for mono_s, trusted in ((20, False), (70, True)):
            kept.append(wanted(stamp(mono_s, trusted=trusted), medium=medium))
            shelved(database, origin, folder, kept[-1])
    seal(database, origin, stamp(90, trusted=True), KERNEL)
    seal(database, origin, stamp(91, trusted=True), KERNEL)
    begun = [database.execute(f"SELECT {at} FROM {table} ORDER BY id").fetchall() for table, at in INSTANTS.items()]
    assert begun == [[(true_us(20),), (true_us(70),)]] * 2

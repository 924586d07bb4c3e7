"""The triggers: what is enqueued by itself, in the transaction of the row, and what is not."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import UUID

import pytest

from smartlogd.schema.models import METRICS as COLUMNS
from smartlogd.store.begin import begin
from smartlogd.store.find import NOT_LOCAL_OWNER
from smartlogd.store.triggers import METRICS, PULLING, set_up, take_down

PERSON = "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES (?, ?, ?, 1, 2)"
STRANGER = "INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen) VALUES (?, ?, 0, 3, 4)"
FACE = (
    "INSERT INTO face_templates (id, subject, model, vector, quality, source, created_at)"
    " VALUES (?, ?, 'm', x'00', 0.5, 'track', 5)"
)
EVENT = (
    "INSERT INTO events (user_id, type, ts, data, event_id, device_id) VALUES (1, ?, ?, '{}', ?, 1)"
    " ON CONFLICT (event_id) DO NOTHING"
)
CLIP = (
    "INSERT INTO clips (user_id, device_id, event_id, labels, phase, start_ts, duration_ms)"
    " VALUES (1, 1, 'c', '[]', 'planned', 7, 8)"
)


@pytest.fixture
def log(database: sqlite3.Connection) -> sqlite3.Connection:
    """A database of a device that has a centre."""
    database.execute(PERSON, ("owner", "local owner", "owner"))
    database.execute(
        "INSERT INTO devices (user_id, name, type, status, capabilities, enabled, epoch, high_seq)"
        " VALUES (1, 'door', 'camera', 'online', '[]', 1, 'e', 0)"
    )
    begin(database)
    return database


def waiting(log: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return log.execute("SELECT kind, row_id, priority, at FROM outbox ORDER BY seq").fetchall()


def settled(log: sqlite3.Connection) -> None:
    log.execute("DELETE FROM outbox")


def test_an_event_is_enqueued_once_and_losses_go_first(log: sqlite3.Connection) -> None:
    for type_, event_id in (("crossing", "a"), ("loss", "b"), ("clock_corrected", "c"), ("crossing", "a")):
        log.execute(EVENT, (type_, 9, event_id))
    assert waiting(log) == [("event", "1", 1, 9), ("event", "2", 0, 9), ("event", "3", 0, 9)]


def test_what_is_rolled_back_was_never_enqueued(log: sqlite3.Connection) -> None:
    log.execute("BEGIN")
    log.execute(EVENT, ("crossing", 9, "a"))
    log.execute("ROLLBACK")
    assert waiting(log) == []


def test_a_passing_written_by_hand_gets_an_id_and_one_of_an_event_goes_with_it(log: sqlite3.Connection) -> None:
    log.execute("INSERT INTO smartlog (uuid, action, timestamp, event_id) VALUES ('u', 'I', 5, 'a')")
    log.execute("INSERT INTO smartlog (user_id, action, timestamp) VALUES (1, 'I', 6)")
    assert waiting(log) == [("passing", "2", 1, 6)]
    (minted,) = log.execute("SELECT event_id FROM smartlog WHERE id = 2").fetchone()
    assert UUID(minted).version == 4
    assert str(UUID(minted)) == minted


def test_a_row_that_changes_waits_once_under_a_new_number(log: sqlite3.Connection) -> None:
    log.execute(PERSON, ("u", "Anna", "member"))
    (first,) = log.execute("SELECT seq FROM outbox").fetchone()
    log.execute("UPDATE OR IGNORE users SET name = 'Anne', updated_at = 8 WHERE uid = 'u'")
    assert waiting(log) == [("user", "u", 1, 8)]
    assert log.execute("SELECT seq FROM outbox").fetchone()[0] > first


def test_the_local_owner_is_nobody_to_tell_of_until_they_have_a_name(log: sqlite3.Connection) -> None:
    log.execute("UPDATE users SET updated_at = 9 WHERE uid = 'owner'")
    assert waiting(log) == []
    log.execute("UPDATE users SET name = 'Olga' WHERE uid = 'owner'")
    assert waiting(log) == [("user", "owner", 1, 9)]


def test_a_stranger_is_told_of_with_a_face_and_when_what_is_said_of_them_changes(log: sqlite3.Connection) -> None:
    log.execute(STRANGER, ("s", 0))
    log.execute("UPDATE subjects SET last_seen = 9")
    log.execute("UPDATE subjects SET has_face = 0, ignored = 0")
    assert waiting(log) == []
    for change in ("has_face = 1", "ignored = 1", "user_id = 1", "merged_into = 's'"):
        log.execute(f"UPDATE subjects SET {change} WHERE uuid = 's'")
        assert waiting(log) == [("subject", "s", 1, 9)], change
        settled(log)
    log.execute(STRANGER, ("t", 1))
    assert waiting(log) == [("subject", "t", 1, 4)]


def test_a_face_is_told_of_when_it_comes_is_sealed_anew_and_goes(log: sqlite3.Connection) -> None:
    log.execute(STRANGER, ("s", 0))
    log.execute(FACE, ("f", "s"))
    assert waiting(log) == [("template", "f", 1, 5)]
    settled(log)
    log.execute("UPDATE face_templates SET vector = vector, quality = 0.6")
    assert waiting(log) == []
    for change in ("UPDATE face_templates SET vector = x'01'", "DELETE FROM face_templates"):
        log.execute(change)
        assert waiting(log) == [("template", "f", 1, 5)], change
        settled(log)


def test_a_tombstone_goes_before_all_else(log: sqlite3.Connection) -> None:
    log.execute("INSERT INTO tombstones (uid, what, at) VALUES ('u', 'person', 5)")
    assert waiting(log) == [("tombstone", "u", 0, 5)]


def test_a_day_is_told_of_when_a_number_changes(log: sqlite3.Connection) -> None:
    log.execute("INSERT INTO device_metrics_daily (device_id, date, in_count) VALUES (1, '2026-11-22', 1)")
    assert [row[:3] for row in waiting(log)] == [("metrics", "1", 1)]
    settled(log)
    log.execute("UPDATE device_metrics_daily SET in_count = 1")
    assert waiting(log) == []
    log.execute("UPDATE device_metrics_daily SET barks = 1")
    assert len(waiting(log)) == 1


@pytest.mark.parametrize("table", ["clips", "snapshots"])
def test_a_recording_is_told_of_once_the_object_store_has_it(log: sqlite3.Connection, table: str) -> None:
    kind, at = ("clip", "start_ts, duration_ms") if table == "clips" else ("snapshot", "ts")
    times = "7, 8" if table == "clips" else "7"
    log.execute(
        f"INSERT INTO {table} (user_id, device_id, event_id, labels, phase, {at})"
        f" VALUES (1, 1, 'c', '[]', 'planned', {times})"
    )
    log.execute(f"UPDATE {table} SET phase = 'kept', path = 'x', bytes = 9, sha256 = 'a'")
    log.execute(f"UPDATE {table} SET labels = '[\"dog\"]', share_uses_left = 5")
    assert waiting(log) == []
    log.execute(f"UPDATE {table} SET phase = 'uploaded', s3_uri = 's3://b/c.mp4'")
    assert waiting(log) == [(kind, "1", 2, 7)]
    settled(log)
    log.execute(f"UPDATE {table} SET path = NULL")
    assert waiting(log) == [], "where it lies here is nobody's affair"
    log.execute(f"UPDATE {table} SET share_token_hash = 'b'")
    assert waiting(log) == [(kind, "1", 2, 7)]


def test_where_a_clip_shows_an_event_is_told_once_and_of_none_that_was_refused(log: sqlite3.Connection) -> None:
    for name in ("a", "b"):
        log.execute(EVENT, ("crossing", 9, name))
    settled(log)
    log.execute(
        "INSERT INTO dead_letters (seq, kind, row_id, priority, at, died_at, reason)"
        " VALUES (9, 'event', 2, 1, 9, 9, '')"
    )
    log.execute("UPDATE events SET video_ts_ms = 5000")
    log.execute("UPDATE events SET video_ts_ms = 6000")
    assert waiting(log) == [("ended", "1", 1, 9)]


def test_that_a_recording_is_gone_is_told_where_the_centre_knew_of_it(log: sqlite3.Connection) -> None:
    log.execute(CLIP)
    log.execute("UPDATE clips SET phase = 'lost'")
    assert waiting(log) == []
    log.execute("UPDATE clips SET phase = 'uploaded'")
    settled(log)
    log.execute("UPDATE clips SET phase = 'lost'")
    assert waiting(log) == [("clip", "1", 2, 7)]
    settled(log)
    log.execute("UPDATE clips SET s3_uri = NULL")
    assert waiting(log) == []


def test_what_is_pulled_is_not_pushed(log: sqlite3.Connection) -> None:
    log.execute("INSERT INTO meta VALUES (?, 'true')", (PULLING,))
    log.execute(PERSON, ("u", "Anna", "member"))
    log.execute(STRANGER, ("s", 1))
    log.execute(FACE, ("f", "s"))
    log.execute("UPDATE subjects SET user_id = 1")
    log.execute("DELETE FROM face_templates")
    log.execute("INSERT INTO tombstones (uid, what, at) VALUES ('u', 'person', 5)")
    assert waiting(log) == []
    log.execute(EVENT, ("crossing", 9, "a"))
    assert len(waiting(log)) == 1, "but an event is never left out"


def test_triggers_are_made_once_mended_and_taken_away(log: sqlite3.Connection) -> None:
    count = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
    (all_,) = log.execute(count).fetchone()
    assert set_up(log) is False
    log.execute("DROP TRIGGER outbox_of_event")
    log.execute("CREATE TRIGGER outbox_of_old AFTER INSERT ON meta BEGIN SELECT 1; END")
    assert set_up(log) is True
    assert log.execute(count).fetchone() == (all_,)
    take_down(log)
    assert log.execute(count).fetchone() == (0,)


def test_the_columns_of_a_day_are_those_of_the_model() -> None:
    assert tuple(METRICS) == COLUMNS
    assert "role" in NOT_LOCAL_OWNER, "which the trigger rewrites for the new row"

"""A centre comes, goes and is another; history is enqueued in steps."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from smartlogd.store.begin import MARK, backfill, begin, begin_anew, end, noted

EVENT = "INSERT INTO events (user_id, type, ts, data, event_id, device_id) VALUES (1, 'crossing', ?, '{}', ?, 1)"


@pytest.fixture
def log(database: sqlite3.Connection) -> sqlite3.Connection:
    """A log with ten events, a passing by hand, a person, two strangers (one with a face) and one forgotten."""
    database.executescript(
        """
        INSERT INTO users (uid, name, role, created_at, updated_at) VALUES ('owner', 'local owner', 'owner', 1, 1),
            ('anna', 'Anna', 'member', 1, 2);
        INSERT INTO devices (user_id, name, type, status, capabilities, enabled, epoch, high_seq)
            VALUES (1, 'door', 'camera', 'online', '[]', 1, 'e', 0);
        INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen) VALUES
            ('s', 1, 0, 1, 3), ('t', 0, 0, 1, 3);
        INSERT INTO face_templates (id, subject, model, vector, quality, source, created_at)
            VALUES ('f', 's', 'm', x'00', 0.5, 'track', 4);
        INSERT INTO tombstones (uid, what, at) VALUES ('gone', 'person', 5);
        INSERT INTO smartlog (user_id, action, timestamp) VALUES (2, 'I', 6);
        INSERT INTO device_metrics_daily (device_id, date) VALUES (1, '2026-11-22');
        INSERT INTO clips (user_id, device_id, event_id, labels, phase, start_ts, duration_ms)
            VALUES (1, 1, 'c', '[]', 'uploaded', 7, 8), (1, 1, 'd', '[]', 'kept', 7, 8);
        """
    )
    happen(database, 10)
    return database


def happen(log: sqlite3.Connection, count: int) -> None:
    (last,) = log.execute("SELECT count(*) FROM events").fetchone()
    log.executemany(EVENT, [(n, f"e{n}") for n in range(last, last + count)])


def waiting(log: sqlite3.Connection, *kinds: str) -> list[tuple[Any, ...]]:
    rows = log.execute("SELECT kind, row_id, priority FROM outbox ORDER BY priority, seq")
    return [row for row in rows if row[0] in kinds or not kinds]


EVERYONE = [("tombstone", "gone", 0), ("user", "anna", 1), ("subject", "s", 1), ("template", "f", 1)]


def test_everyone_who_is_known_is_told_of_and_no_history(log: sqlite3.Connection) -> None:
    assert begin(log) is True
    assert waiting(log) == EVERYONE
    assert noted(log, MARK) == 10
    assert begin(log) is False
    happen(log, 1)
    assert waiting(log, "event") == [("event", "11", 1)]


def test_history_is_enqueued_in_steps_the_newest_first_and_then_nothing_more(log: sqlite3.Connection) -> None:
    begin(log)
    happen(log, 1)
    steps = []
    while taken := backfill(log, 4):
        steps.append(taken)
        log.execute("DELETE FROM outbox WHERE priority = 2 AND kind <> 'event'")  # sent meanwhile
    assert steps == [4, 4, 2, 3], "the last are the passing by hand, the day and the clip that is in the object store"
    history = [int(row_id) for _, row_id, priority in waiting(log, "event") if priority == 2]
    assert history == [7, 8, 9, 10, 3, 4, 5, 6, 1, 2]
    assert log.execute("SELECT count(*) FROM smartlog WHERE event_id IS NULL").fetchone() == (0,)
    assert backfill(log) == 0


def test_there_is_no_history_without_a_centre(log: sqlite3.Connection) -> None:
    assert backfill(log) == 0
    end(log)
    assert waiting(log) == []


def test_what_happened_while_there_was_no_centre_is_told_when_one_comes_again(log: sqlite3.Connection) -> None:
    begin(log)
    happen(log, 1)
    end(log)
    happen(log, 2)
    end(log)
    log.execute("UPDATE users SET name = 'Anne' WHERE uid = 'anna'")
    assert waiting(log, "event") == [("event", "11", 1)]
    log.execute("DELETE FROM outbox")
    assert begin(log) is True
    assert sorted(waiting(log)) == sorted([*EVERYONE, ("event", "12", 1), ("event", "13", 1)])


def test_a_trigger_that_a_migration_took_away_is_put_back_and_everyone_told_of_again(log: sqlite3.Connection) -> None:
    begin(log)
    log.execute("DELETE FROM outbox")
    log.execute("DROP TRIGGER outbox_of_subject_new")
    assert begin(log) is True
    assert waiting(log) == EVERYONE
    assert noted(log, MARK) == 10


def test_another_centre_gets_everyone_all_that_waits_and_by_and_by_what_the_first_one_took(
    log: sqlite3.Connection,
) -> None:
    begin(log)
    happen(log, 4)
    log.execute("UPDATE clips SET labels = '[1]'")
    log.execute("DELETE FROM outbox WHERE kind IN ('user', 'subject', 'template') OR row_id IN ('11', '12')")
    begin_anew(log)
    assert waiting(log, "event") == [("event", "13", 1), ("event", "14", 1)]
    assert waiting(log, "clip") == [("clip", "1", 2)]
    assert waiting(log, "tombstone", "user", "subject", "template") == EVERYONE
    assert noted(log, MARK) == 12
    assert backfill(log, 100) == 12


def test_what_ended_while_there_was_no_centre_is_told_once_more(log: sqlite3.Connection) -> None:
    begin(log)
    happen(log, 3)
    log.execute("UPDATE events SET type = 'sit', ended_at = ts WHERE id = 11")
    log.execute("DELETE FROM outbox")
    end(log)
    log.execute("UPDATE events SET type = 'lie', ended_at = 50 WHERE id = 12")
    happen(log, 1)
    assert waiting(log) == []
    begin(log)
    assert waiting(log, "event", "ended") == [("event", "14", 1), ("ended", "12", 1)]

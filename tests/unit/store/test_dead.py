"""Dead letters: listed, explained, sent again."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from smartlogd.base.errors import Missing
from smartlogd.store.begin import begin
from smartlogd.store.dead import dead_letters, explained, retry


@pytest.fixture
def log(database: sqlite3.Connection) -> sqlite3.Connection:
    """Three dead letters: an event, a person, and one whose row is gone."""
    database.executescript(
        """
        INSERT INTO users (uid, name, role, created_at, updated_at) VALUES ('owner', 'local owner', 'owner', 1, 1),
            ('anna', 'Anna', 'member', 1, 2);
        INSERT INTO devices (user_id, name, type, status, capabilities, enabled, epoch, high_seq)
            VALUES (1, 'door', 'camera', 'online', '[]', 1, 'e', 0);
        INSERT INTO events (user_id, type, ts, data, event_id, device_id) VALUES (1, 'bark', 9, '{}', 'e', 1);
        INSERT INTO dead_letters VALUES (5, 'event', '1', 1, 9, 20, 'no such type');
        INSERT INTO dead_letters VALUES (6, 'user', 'anna', 1, 2, 21, 'no such role');
        INSERT INTO dead_letters VALUES (7, 'subject', 'gone', 1, 3, 22, 'no such subject');
        """
    )
    begin(database)
    database.execute("DELETE FROM outbox")
    return database


def test_the_newest_is_listed_first_with_the_reason(log: sqlite3.Connection, folder: Path) -> None:
    found = dead_letters(folder)
    assert [(one.seq, one.kind, one.row, one.reason) for one in found] == [
        (7, "subject", "gone", "no such subject"),
        (6, "user", "anna", "no such role"),
        (5, "event", "1", "no such type"),
    ]
    assert (found[2].at.microsecond, found[2].died.microsecond) == (9, 20)
    assert dead_letters(folder, limit=1) == found[:1]


def test_one_is_explained_by_what_would_be_sent_now(log: sqlite3.Connection, folder: Path) -> None:
    letter, item = explained(folder, 5)
    assert (letter.kind, json.loads(item or "")["type"]) == ("event", "bark")
    assert json.loads(explained(folder, 6)[1] or "")["name"] == "Anna"
    assert explained(folder, 7)[1] is None
    with pytest.raises(Missing, match="no dead letter 8"):
        explained(folder, 8)


def test_one_or_all_are_sent_again(log: sqlite3.Connection, folder: Path) -> None:
    assert retry(log, [5]) == 1
    assert [one.seq for one in dead_letters(folder)] == [7, 6]
    assert retry(log) == 2
    waiting = log.execute("SELECT kind, row_id, priority, at FROM outbox ORDER BY seq").fetchall()
    assert waiting == [("event", "1", 1, 9), ("user", "anna", 1, 2), ("subject", "gone", 1, 3)]
    assert retry(log) == 0


def test_what_waits_already_as_it_changed_since_goes_once(log: sqlite3.Connection) -> None:
    log.execute("UPDATE users SET name = 'Anne', updated_at = 8 WHERE uid = 'anna'")
    assert retry(log, [6]) == 1
    assert log.execute("SELECT kind, at FROM outbox").fetchall() == [("user", 8)]


def test_a_number_that_is_none_changes_nothing(log: sqlite3.Connection) -> None:
    with pytest.raises(Missing, match="no dead letter 8"):
        retry(log, [5, 8])
    assert log.execute("SELECT count(*) FROM dead_letters").fetchone() == (3,)

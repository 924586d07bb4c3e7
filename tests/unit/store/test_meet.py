"""The rules of merging people and strangers who come down from the centre."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from smartlogd.base.time import Stamp
from smartlogd.store.arriving import SubjectRow, UserRow
from smartlogd.store.keys import Keys
from smartlogd.store.meet import buried, heir_of, met, person_id, seen
from smartlogd.store.outcome import Work

NOW = Stamp(1, dt.datetime(2026, 11, 22, tzinfo=dt.UTC), trusted=True)
ANNA, BERT, ONE, TWO = (str(UUID(int=n)) for n in (11, 12, 21, 22))


@pytest.fixture
def work(database: sqlite3.Connection, folder: Path) -> Work:
    return Work(database, Keys.open(folder), folder, NOW)


def user(uid: str = ANNA, updated: int = 5, **more: Any) -> UserRow:
    return UserRow(uid=uid, created=1, updated=updated, **{"name": "Anna", **more})


def subject(uuid: str = ONE, rev: int = 1, **more: Any) -> SubjectRow:
    return SubjectRow(uuid=uuid, rev=rev, **{"first": 5, "last": 6, **more})


def ask(work: Work, sql: str, *values: Any) -> list[Any]:
    return work.connection.execute(sql, values).fetchall()


def wait(work: Work, kind: str, key: str) -> None:
    work.connection.execute("INSERT INTO outbox (kind, row_id, priority, at) VALUES (?, ?, 1, 1)", (kind, key))


@pytest.mark.parametrize(("updated", "name"), [(6, "Anne"), (5, "Anne"), (4, "Anna")])
def test_the_newer_copy_of_a_person_wins_and_of_two_as_new_the_centres(work: Work, updated: int, name: str) -> None:
    assert met(work, user()) is False, "nobody was called otherwise before"
    assert met(work, user(updated=updated, name="Anne")) is (name == "Anne")
    assert ask(work, "SELECT name FROM users") == [(name,)]


def test_a_copy_of_the_future_is_as_new_as_this_instant(work: Work) -> None:
    met(work, user(updated=work.at_us + 10**12))
    assert ask(work, "SELECT updated_at FROM users") == [(work.at_us,)]


def test_one_dated_in_the_future_here_gives_way_once_it_was_sent(work: Work) -> None:
    met(work, user())
    work.connection.execute("UPDATE users SET updated_at = ?", (work.at_us + 10**12,))
    wait(work, "user", ANNA)
    assert met(work, user(updated=6, name="Anne")) is False
    work.connection.execute("DELETE FROM outbox")
    assert met(work, user(updated=6, name="Anne")) is True


def test_an_address_goes_where_the_centre_says(work: Work) -> None:
    met(work, user(email="a@example.org"))
    met(work, user(BERT, name="Bert", email="A@example.org"))
    assert ask(work, "SELECT name, email FROM users ORDER BY id") == [("Anna", None), ("Bert", "A@example.org")]


def test_who_was_forgotten_has_no_name_whatever_comes(work: Work) -> None:
    met(work, user())
    assert met(work, user(name=None, updated=7, forgotten=7)) is True
    met(work, user(updated=9))
    met(work, user(BERT, name=None, forgotten=7))
    assert ask(work, "SELECT name, forgotten_at FROM users ORDER BY id") == [(None, 7), (None, 7)]


def test_nobody_is_met_at_a_tombstone_and_one_who_was_merged_is_the_heir(work: Work) -> None:
    tombs = [(ANNA, "merged", BERT), (BERT, "merged", ONE), (TWO, "person", None)]
    work.connection.executemany("INSERT INTO tombstones (uid, what, heir, at) VALUES (?, ?, ?, 1)", tombs)
    assert (buried(work.connection, ANNA), buried(work.connection, ONE)) == ("merged", None)
    assert met(work, user()) is False
    assert ask(work, "SELECT 1 FROM users") == []
    seen(work, subject(str(UUID(int=30)), user=ANNA))
    seen(work, subject(str(UUID(int=31)), user=TWO))
    assert ask(work, "SELECT u.uid FROM subjects LEFT JOIN users AS u ON u.id = user_id ORDER BY uuid") == [
        (ONE,),
        (None,),
    ]


def test_a_ring_of_heirs_is_nobody(work: Work) -> None:
    tombs = [(ANNA, "merged", BERT), (BERT, "merged", ANNA)]
    work.connection.executemany("INSERT INTO tombstones (uid, what, heir, at) VALUES (?, ?, ?, 1)", tombs)
    assert heir_of(work.connection, ANNA) is None
    assert person_id(work.connection, ANNA) is None


def test_a_face_and_a_span_are_joined_whichever_copy_wins(work: Work) -> None:
    seen(work, subject(rev=3, has_face=True, first=5, last=6))
    assert seen(work, subject(rev=1, ignored=True, first=4, last=9)) is False
    assert ask(work, "SELECT has_face, ignored, first_seen, last_seen, rev FROM subjects") == [(1, 0, 4, 9, 3)]


@pytest.mark.parametrize(
    ("rev", "waits", "taken"),
    [(0, False, False), (1, False, True), (1, True, False), (2, False, True), (2, True, True)],
)
def test_what_is_said_of_a_stranger_follows_the_copy_of_more_changes(
    work: Work, rev: int, waits: bool, taken: bool
) -> None:
    seen(work, subject(rev=1))
    if waits:
        wait(work, "subject", ONE)
    assert seen(work, subject(rev=rev, user=ANNA, ignored=True)) is taken
    assert ask(work, "SELECT user_id IS NOT NULL, ignored, rev FROM subjects") == [(taken, taken, rev if taken else 1)]


def test_whoever_was_not_met_gets_a_place_of_their_own(work: Work) -> None:
    assert seen(work, subject(user=ANNA, merged_into=TWO)) is True
    assert ask(work, "SELECT uid, name, updated_at FROM users") == [(ANNA, None, 0)]
    assert ask(work, "SELECT uuid, has_face FROM subjects ORDER BY uuid") == [(ONE, 0), (TWO, 0)]
    assert met(work, user(updated=1)) is True, "and gets the name that comes"


def test_nothing_is_merged_into_one_who_was_forgotten(work: Work) -> None:
    work.connection.execute("INSERT INTO tombstones (uid, what, at) VALUES (?, 'stranger', 1)", (TWO,))
    seen(work, subject(merged_into=TWO))
    assert seen(work, subject(TWO)) is False
    assert ask(work, "SELECT uuid, merged_into FROM subjects") == [(ONE, None)]

"""Reading who is known and which strangers showed a face."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.store.people import people, person, strangers

Village = Any


def test_people_come_by_name_with_what_is_known_of_them(village: Village) -> None:
    village.enrolled("bert", 1)
    anna = village.enrolled("Anna", 3, email="a@example.org", role="admin")
    village.recognised(anna, 1, passings=2)
    village.recognised(anna, 5, passings=1)
    one = village.stranger(7, faces=2, passings=4)
    village.stranger(8, into=one, faces=1, passings=0)
    village.change("assign", uuid=one, name="Anna")
    first, second = people(village.folder)
    assert (first.uid, first.name, first.email, first.role) == (anna, "Anna", "a@example.org", "admin")
    assert (first.templates, first.strangers, first.seen, first.passings) == (3 + 3, 2, 4, 7)
    ((last,),) = village.ask("SELECT max(last_seen) FROM subjects")
    assert first.last_seen is not None
    assert int(first.last_seen.timestamp() * 1e6) == last
    assert first.consent is not None
    assert (second.name, second.templates, second.seen, second.passings, second.last_seen) == ("bert", 1, 0, 0, None)


def test_neither_the_forgotten_nor_the_local_owner_are_people_one_knows(village: Village) -> None:
    assert people(village.folder) == []
    village.enrolled("Anna")
    village.change("forget", name="Anna")
    assert people(village.folder) == []


def test_one_person_is_found_by_name_or_uid(village: Village) -> None:
    uid = village.enrolled("Anna")
    assert person(village.folder, "anna").uid == person(village.folder, uid.upper()).uid == uid
    with pytest.raises(Missing, match="Nobody is called Bert"):
        person(village.folder, "Bert")
    village.enrolled("Anna", new=True)
    with pytest.raises(UnusableInput, match="2 people"):
        person(village.folder, "Anna")
    ((owner,),) = village.ask("SELECT uid FROM users WHERE role = 'owner'")
    assert person(village.folder, owner).role == "owner"


def test_a_stranger_is_all_subjects_that_were_merged_last_seen_first(village: Village) -> None:
    one, two = village.stranger(1, passings=1), village.stranger(20, passings=3)
    leaf = village.stranger(5, passings=2, into=one)
    village.stranger(9, passings=0, faces=2, into=leaf)
    second, first = strangers(village.folder)[::-1]
    assert (first.uuid, first.seen, first.passings, first.templates, first.ignored) == (two, 1, 3, 1, False)
    assert (second.uuid, second.seen, second.passings, second.templates) == (one, 3, 3, 4)
    assert second.crop == village.folder / f"faces/{one}.jpg"
    assert second.crop.is_file()
    assert (second.last_seen - second.first_seen).total_seconds() == 8 * 60


def test_only_those_who_showed_a_face_and_have_no_name_are_asked_about(village: Village) -> None:
    village.recognised(village.enrolled("Anna"), 1)
    with closing(sqlite3.connect(village.path)) as connection, connection:
        connection.execute("INSERT INTO subjects VALUES ('faceless', NULL, 0, 0, NULL, 1, 1, NULL, 0)")
        connection.execute("INSERT INTO subjects VALUES ('joined', NULL, 0, 0, 'faceless', 1, 1, NULL, 0)")
    uuid = village.stranger(2)
    assert [one.uuid for one in strangers(village.folder)] == [uuid]
    village.change("assign", uuid=uuid, name="Anna")
    assert strangers(village.folder) == []
    with closing(sqlite3.connect(village.path)) as connection, connection:
        connection.execute("UPDATE subjects SET has_face = 1 WHERE uuid = 'joined'")
    assert [(one.uuid, one.seen) for one in strangers(village.folder)] == [("faceless", 2)]


def test_the_ignored_are_counted_and_only_shown_when_asked_for(village: Village) -> None:
    uuid, other = village.stranger(1), village.stranger(2)
    village.change("ignore", uuid=uuid)
    assert [one.uuid for one in strangers(village.folder)] == [other]
    both = strangers(village.folder, with_ignored=True)
    assert [(one.uuid, one.ignored) for one in both] == [(other, False), (uuid, True)]
    assert [one.uuid for one in strangers(village.folder, with_ignored=True, limit=1)] == [other]


def test_a_ring_that_was_bent_by_hand_is_walked_once(village: Village) -> None:
    one, two = village.stranger(1), village.stranger(2)
    with closing(sqlite3.connect(village.path)) as connection, connection:
        connection.execute("UPDATE subjects SET merged_into = ? WHERE uuid = ?", (one, two))
        connection.execute("UPDATE subjects SET merged_into = ? WHERE uuid = ?", (two, one))
    assert strangers(village.folder) == []
    assert people(village.folder) == []


def test_where_there_is_no_log_nobody_is_known(tmp_path: Path) -> None:
    for ask in (people, strangers):
        with pytest.raises(Missing, match="no log"):
            ask(tmp_path)

"""Who is meant by a name, a uid, or some characters of a uuid."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.schema.migrate import create
from smartlogd.store.find import bearer, people_named, person_named, stranger_named

UID = "0198f3a2-0000-7000-8000-00000000000"
STRANGERS = [f"0198f3a2-1111-7000-8000-{end}" for end in ("aaaaaaaa0001", "aaaaaaaa0002", "bbbbbbbb0001")]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create(connection)
        for n, (name, role) in enumerate(
            [("local owner", "owner"), ("Anna", "member"), ("Zoë", "member"), ("ANNA", "member"), (None, "guest")]
        ):
            connection.execute(
                "INSERT INTO users (uid, name, role, created_at, updated_at, forgotten_at) VALUES (?, ?, ?, 0, 0, ?)",
                (f"{UID}{n}", name, role, None if name else 1),
            )
        for n, uuid in enumerate(STRANGERS):
            connection.execute("INSERT INTO subjects VALUES (?, NULL, 1, 0, NULL, ?, ?, NULL, 0)", (uuid, n, n))
        yield connection


@pytest.mark.parametrize(
    ("whom", "uids"),
    [("Anna", "1"), ("ANNA", "3"), ("anna", "13"), ("Zoë", "2"), ("ZOË", "2"), ("Zoe", ""), ("local owner", "")],
)
def test_a_name_in_its_own_capitals_goes_first(connection: sqlite3.Connection, whom: str, uids: str) -> None:
    assert [one.uid[-1] for one in people_named(connection, whom)] == list(uids)


def test_a_uid_is_exact_in_any_capitals(connection: sqlite3.Connection) -> None:
    assert person_named(connection, f"{UID}0").name == "local owner"
    assert person_named(connection, f"{UID}1".upper()).name == "Anna"
    assert people_named(connection, "0198f3a2-0000-7000-8000-000000000009") == []
    with pytest.raises(Missing, match="was forgotten"):
        people_named(connection, f"{UID}4")


def test_a_name_of_several_people_is_refused_with_their_uids(connection: sqlite3.Connection) -> None:
    with pytest.raises(UnusableInput, match="2 people are called anna") as caught:
        person_named(connection, "anna")
    assert caught.value.hint == f"Say which by uid: {UID}1, {UID}3"


@pytest.mark.parametrize("some", [STRANGERS[2], STRANGERS[2].upper(), "bbbb0001", "BBBBBBBB0001"])
def test_a_stranger_is_found_by_an_end_that_no_other_has(connection: sqlite3.Connection, some: str) -> None:
    assert stranger_named(connection, some) == STRANGERS[2]


def test_a_stranger_is_found_by_a_beginning_that_no_other_has(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO subjects VALUES ('feed0000', NULL, 1, 0, NULL, 1, 1, NULL, 0)")
    assert stranger_named(connection, "feed") == "feed0000"


@pytest.mark.parametrize("some", ["0198", "0198f3a2-1111-7000-8000-", "0001"])
def test_what_could_be_several_strangers_is_refused_with_their_uuids(connection: sqlite3.Connection, some: str) -> None:
    with pytest.raises(UnusableInput, match="could be several") as caught:
        stranger_named(connection, some)
    assert STRANGERS[0] in caught.value.hint
    assert STRANGERS[2] in caught.value.hint


@pytest.mark.parametrize("some", ["cafe", "1111", "f3a2", STRANGERS[0] + "0"])
def test_the_middle_of_a_uuid_is_no_name(connection: sqlite3.Connection, some: str) -> None:
    with pytest.raises(Missing, match="no stranger"):
        stranger_named(connection, some)


def test_whose_name_a_subject_bears_is_the_nearest_along_the_chain(connection: sqlite3.Connection) -> None:
    one, two, three = STRANGERS
    assert bearer(connection, one) is None
    connection.execute("UPDATE subjects SET merged_into = ? WHERE uuid = ?", (two, one))
    connection.execute("UPDATE subjects SET merged_into = ?, user_id = 2 WHERE uuid = ?", (three, two))
    connection.execute("UPDATE subjects SET user_id = 3 WHERE uuid = ?", (three,))
    for uuid, bears, name in ((one, two, "Anna"), (two, two, "Anna"), (three, three, "Zoë")):
        found = bearer(connection, uuid)
        assert found is not None
        assert (found[0], found[1].name) == (bears, name)


def test_the_end_of_a_ring_is_not_waited_for(connection: sqlite3.Connection) -> None:
    one, two, _ = STRANGERS
    connection.execute("UPDATE subjects SET merged_into = ? WHERE uuid = ?", (two, one))
    connection.execute("UPDATE subjects SET merged_into = ? WHERE uuid = ?", (one, two))
    assert bearer(connection, one) is None

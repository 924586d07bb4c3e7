"""Whatever is named, merged and undone, in any order: the log says who its subjects are, and undoing restores it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from smartlogd.schema.migrate import create
from smartlogd.store.follow import follow, follow_new, person, root

SUBJECTS, PEOPLE = 4, 2
subjects = st.integers(1, SUBJECTS)
people = st.none() | st.integers(1, PEOPLE)


def uuid(number: int) -> str:
    return str(UUID(int=number))


class Log(RuleBasedStateMachine):
    """The database beside a simple model: who is named, who was merged into whom, and all changes so far."""

    def __init__(self) -> None:
        super().__init__()
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        create(self.database)
        self.database.execute("PRAGMA foreign_keys = ON")
        self.names: dict[int, int | None] = dict.fromkeys(range(1, SUBJECTS + 1))
        self.into: dict[int, int | None] = dict.fromkeys(range(1, SUBJECTS + 1))
        self.rows: list[int] = []
        self.undo: list[tuple[int, str, int | None, list[tuple[str, int | None]]]] = []

    @initialize()
    def begin(self) -> None:
        for number in range(1, PEOPLE + 1):
            row = (number, uuid(100 + number))
            self.database.execute(
                "INSERT INTO users (id, uid, role, created_at, updated_at) VALUES (?,?,'member',0,0)", row
            )
        for number in range(1, SUBJECTS + 1):
            row = "INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen) VALUES (?, 0, 0, 0, 0)"
            self.database.execute(row, (uuid(number),))
            self.pass_(number)

    def dump(self) -> list[tuple[str, int | None]]:
        return self.database.execute("SELECT uuid, user_id FROM smartlog ORDER BY id").fetchall()

    def change(self, subject: int, column: str, value: int | None) -> None:
        model = self.names if column == "user_id" else self.into
        self.undo.append((subject, column, model[subject], self.dump()))
        self.put(subject, column, value)

    def put(self, subject: int, column: str, value: int | None) -> None:
        model = self.names if column == "user_id" else self.into
        model[subject] = value
        kept = uuid(value) if column == "merged_into" and value is not None else value
        self.database.execute(f"UPDATE subjects SET {column} = ? WHERE uuid = ?", (kept, uuid(subject)))
        follow(self.database, [UUID(int=subject)])

    def end(self, subject: int) -> int:
        while (following := self.into[subject]) is not None:
            subject = following
        return subject

    def who(self, subject: int | None) -> int | None:
        while subject is not None:
            if self.names[subject] is not None:
                return self.names[subject]
            subject = self.into[subject]
        return None

    @rule(subject=subjects, whom=people)
    def name(self, subject: int, whom: int | None) -> None:
        self.change(subject, "user_id", whom)

    @rule(one=subjects, other=subjects)
    def merge(self, one: int, other: int) -> None:
        if self.into[one] is None and self.end(other) != one:
            self.change(one, "merged_into", other)

    @rule(subject=subjects)
    def part(self, subject: int) -> None:
        self.change(subject, "merged_into", None)

    @rule(subject=subjects)
    def pass_(self, subject: int) -> None:
        self.database.execute("INSERT INTO smartlog (uuid, action, timestamp) VALUES (?, 'I', 0)", (uuid(subject),))
        follow_new(self.database, [uuid(subject)])
        self.rows.append(subject)
        self.undo.clear()  # a later passing is no part of what an earlier change is taken back to

    @rule()
    def take_back(self) -> None:
        if self.undo:
            subject, column, before, dump = self.undo.pop()
            self.put(subject, column, before)
            assert self.dump() == dump

    @invariant()
    def the_law_holds(self) -> None:
        assert self.dump() == [(uuid(subject), self.who(subject)) for subject in self.rows]

    @invariant()
    def everyone_is_found(self) -> None:
        for subject in self.names if self.rows else ():
            assert root(self.database, UUID(int=subject)) == UUID(int=self.end(subject))
            assert person(self.database, UUID(int=subject)) == self.who(subject)

    def teardown(self) -> None:
        self.database.close()


Log.TestCase.settings = settings(stateful_step_count=40)
TestFollowing = Log.TestCase


def test_a_subject_that_has_no_row_is_nobody_and_itself() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        create(database)
        assert root(database, UUID(int=1)) == UUID(int=1)
        assert person(database, UUID(int=1)) is None

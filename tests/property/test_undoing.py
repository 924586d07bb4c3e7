"""Whatever is said of strangers, in any order: each change is of one row, and its own way back restores all."""

from __future__ import annotations

import datetime as dt
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from smartlogd.base.errors import SmartlogError
from smartlogd.base.time import Stamp
from smartlogd.schema.migrate import create
from smartlogd.store.changes import applied, understood
from smartlogd.store.keys import Keys
from smartlogd.store.outcome import Work

AT = Stamp(0, dt.datetime(2026, 11, 21, tzinfo=dt.UTC), trusted=True)
STRANGERS = [str(UUID(int=n << 112 | n)) for n in range(0xA001, 0xA006)]
ONE, TWO, *_ = STRANGERS
ARGUMENTS = {
    "assign": ("uuid", "name"), "unassign": ("uuid",), "merge": ("uuid", "other"), "unmerge": ("uuid",),
    "ignore": ("uuid",), "unignore": ("uuid",),
}  # fmt: skip

strangers = st.sampled_from(STRANGERS)
changes = st.one_of(
    st.tuples(st.just("assign"), strangers, st.sampled_from(["Anna", "Bert"])),
    st.tuples(st.just("merge"), strangers, strangers),
    st.tuples(st.sampled_from(["unassign", "unmerge", "ignore", "unignore"]), strangers),
)


def dump(connection: sqlite3.Connection) -> tuple[dict[str, tuple[object, ...]], list[tuple[object, ...]]]:
    # but not how often it changed, which an undoing counts too
    rows = connection.execute("SELECT uuid, user_id, has_face, ignored, merged_into FROM subjects").fetchall()
    return {row[0]: row for row in rows}, connection.execute("SELECT * FROM smartlog ORDER BY id").fetchall()


def village() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    for n, uuid in enumerate(STRANGERS):
        connection.execute("INSERT INTO subjects VALUES (?, NULL, 1, 0, NULL, ?, ?, NULL, 0)", (uuid, n, n))
        connection.execute("INSERT INTO smartlog (uuid, action, timestamp) VALUES (?, 'I', ?)", (uuid, n))
    return connection


def say(connection: sqlite3.Connection, what: str, *words: str) -> dict[str, object]:
    """Make a change in a transaction of its own; one that is refused changes nothing."""
    arguments: dict[str, object] = dict(zip(ARGUMENTS[what], words, strict=False))
    if "--as-given" in words:
        arguments["as_given"] = True
    nowhere = Path("/nonexistent")
    connection.execute("BEGIN")
    try:
        outcome = applied(understood(what, arguments), Work(connection, Keys(nowhere), nowhere, AT))
    except SmartlogError:
        connection.execute("ROLLBACK")
        return {"changed": False}
    connection.execute("COMMIT")
    return dict(outcome.told)


@given(st.lists(changes, max_size=12))
@example(  # one with a name within one who has none
    [("assign", ONE, "Anna"), ("assign", TWO, "Anna"), ("merge", ONE, TWO), ("unassign", ONE), ("unmerge", TWO)]
)
@example([("assign", ONE, "Anna"), ("assign", TWO, "Anna"), ("merge", TWO, ONE), ("unassign", ONE)])
def test_every_change_is_of_one_row_and_all_are_undone_last_first(said: list[tuple[str, ...]]) -> None:
    with closing(village()) as connection:
        ways_back: list[tuple[object, str]] = []
        for what, *words in said:
            before = dump(connection)
            told = say(connection, what, *words)
            after = dump(connection)
            if not told["changed"]:
                assert after == before
                continue
            assert sum(after[0][uuid] != before[0][uuid] for uuid in STRANGERS) == 1
            ways_back.append((before, str(told["undo"])))
        for before, undo in reversed(ways_back):
            what, *words = shlex.split(undo)[2:]
            assert say(connection, what, *words)["changed"] is True, undo
            assert dump(connection) == before, undo

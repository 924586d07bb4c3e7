from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import PIPE
from typing import Any
from uuid import UUID

import pytest

from smartlogd.base.errors import DiskTrouble, Exit, Missing
from smartlogd.base.known import Action, Event
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store.dating import AS_STAMPED
from smartlogd.store.engine import Store
from smartlogd.store.follow import follow
from smartlogd.store.log import Total, passings, totals

Opener = Callable[..., Store]
Maker = Callable[..., Event]


@pytest.fixture
async def logged(opener: Opener, running: Any, crossing: Maker, folder: Path) -> list[Event]:
    """Four passings, a minute apart, written; the third happened before the second but arrived after it."""
    base = crossing()
    made = [
        crossing(stamp=base.stamp.shifted(0), line="door", action="I"),
        crossing(stamp=base.stamp.shifted(120), line="door", action="O"),
        crossing(stamp=base.stamp.shifted(60), line="garden", action="I"),
        crossing(stamp=base.stamp.shifted(180), line="door", action="I"),
    ]
    async with running(opener()) as store:
        for event in made:
            await store.journal.append(event).durable()
    return made


def ids(folder: Path, **question: Any) -> list[int]:
    return [passing.id for passing in passings(folder, **question)]


def test_passings_come_in_the_order_of_their_time(logged: list[Event], folder: Path) -> None:
    found = passings(folder)
    assert [passing.id for passing in found] == [1, 3, 2, 4]
    first = found[0]
    assert (first.at, first.line, first.action) == (logged[0].stamp.utc, "door", Action.IN)
    assert (first.device, first.user_id, first.who, first.confidence, first.track) == ("door", None, None, 0.75, 1)
    assert (first.uuid, first.trusted, first.event_id) == (str(logged[0].subject), True, str(logged[0].id))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ({"limit": 2}, [2, 4]),
        ({"line": "door"}, [1, 2, 4]),
        ({"action": Action.OUT}, [2]),
        ({"line": "door", "action": Action.IN, "limit": 1}, [4]),
        ({"line": "nowhere"}, []),
        ({"after_id": 0}, [1, 2, 3, 4]),
        ({"after_id": 2}, [3, 4]),
        ({"after_id": 2, "line": "door"}, [4]),
        ({"after_id": 0, "limit": 2}, [1, 2]),
        ({"after_id": 4}, []),
    ],
)
def test_each_question_has_its_answer(
    logged: list[Event], folder: Path, question: dict[str, Any], answer: list[int]
) -> None:
    assert ids(folder, **question) == answer


def test_since_takes_the_instant_itself_along(logged: list[Event], folder: Path) -> None:
    assert ids(folder, since=logged[2].stamp.utc) == [3, 2, 4]
    assert ids(folder, since=logged[2].stamp.utc + dt.timedelta(microseconds=1)) == [2, 4]
    with pytest.raises(ValueError, match="no time zone"):
        passings(folder, since=logged[2].stamp.utc.replace(tzinfo=None))


def test_totals_count_each_line_both_ways(logged: list[Event], folder: Path) -> None:
    assert totals(folder) == [Total("door", 2, 1), Total("garden", 1, 0)]
    assert totals(folder, since=logged[1].stamp.utc) == [Total("door", 1, 1)]


def changed(folder: Path, *statements: str, follow_up: Event) -> None:
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        assert follow_up.subject is not None
        follow(connection, [follow_up.subject])
        connection.commit()


RESIDENT = "INSERT INTO users (id, uid, name, role, created_at, updated_at) VALUES (7, 'u', 'R', 'guest', 0, 0)"


def test_a_name_given_to_a_stranger_is_shown_on_what_was_logged_before(logged: list[Event], folder: Path) -> None:
    name = f"UPDATE subjects SET user_id = 7 WHERE uuid = '{logged[0].subject}'"
    changed(folder, RESIDENT, name, follow_up=logged[0])
    assert [(passing.user_id, passing.who) for passing in passings(folder)][:2] == [(7, "R"), (None, None)]


def test_merged_strangers_are_shown_as_one_and_each_row_keeps_its_uuid(logged: list[Event], folder: Path) -> None:
    assert [passing.subject for passing in passings(folder)] == [passing.uuid for passing in passings(folder)]
    first, third, second, _ = (str(event.subject) for event in (logged[0], logged[1], logged[2], logged[3]))
    changed(
        folder,
        f"UPDATE subjects SET merged_into = '{second}' WHERE uuid = '{third}'",
        f"UPDATE subjects SET merged_into = '{first}' WHERE uuid = '{second}'",
        RESIDENT,
        f"UPDATE subjects SET user_id = 7 WHERE uuid = '{first}'",
        follow_up=logged[0],
    )
    found = passings(folder)
    assert [passing.subject for passing in found[:3]] == [first] * 3
    assert [passing.uuid for passing in found[:3]] == [first, second, third]
    assert [passing.who for passing in found] == ["R", "R", "R", None]


async def test_the_log_is_read_while_it_is_written(opener: Opener, running: Any, crossing: Maker, folder: Path) -> None:
    last = 0
    async with running(opener()) as store:
        for _ in range(3):
            await store.journal.append(crossing()).durable()
            (new,) = passings(folder, after_id=last)
            last = new.id
    assert last == 3


async def test_a_question_asked_inside_the_daemon_does_not_drop_the_writers_locks(
    opener: Opener, running: Any, crossing: Maker, folder: Path
) -> None:
    """Closing any plain file handle on a database drops all of the process's locks on it (fcntl(2))."""
    rob = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode = DELETE').fetchone())"
    async with running(opener()) as store:
        await store.journal.append(crossing()).durable()
        assert len(passings(folder)) == 1
        robber = await asyncio.create_subprocess_exec(sys.executable, "-c", rob, str(store.path), stderr=PIPE)
        _, said = await robber.communicate()
        assert b"database is locked" in said


def test_no_log_yet_is_told_with_a_hint(folder: Path) -> None:
    for ask in (passings, totals):
        with pytest.raises(Missing, match="no log in") as caught:
            ask(folder)
        assert caught.value.code == Exit.MISSING
        assert "smartlogd run" in caught.value.hint
    folder.mkdir()
    (folder / "smartlog.db").touch()
    with pytest.raises(Missing):
        passings(folder)


def test_a_file_that_is_no_log_is_told_too(folder: Path) -> None:
    folder.mkdir()
    (folder / "smartlog.db").write_text("dear diary")
    with pytest.raises(DiskTrouble, match="is not a database"):
        passings(folder)


@pytest.mark.parametrize(
    ("question", "index"),
    [({}, "ix_smartlog_timestamp"), ({"line": "door"}, "ix_smartlog_line_timestamp")],
)
def test_a_question_finds_its_index(logged: list[Event], folder: Path, question: dict[str, str], index: str) -> None:
    from smartlogd.store import log

    asked = dict.fromkeys(log._CONDITIONS) | question
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        statement = log._statement(asked, log._NEWEST, log._STAMPED, [AS_STAMPED])
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", question | {"limit": 5})
        assert any(index in step for *_, step in plan.fetchall())


@pytest.fixture
async def sealed(opener: Opener, running: Any, crossing: Maker) -> list[Event]:
    """Two passings by a clock 40 days behind, one in each of two starts, and two by a right one, then a correction."""
    right = crossing().stamp
    behind = Stamp(right.mono_ns, right.utc - dt.timedelta(days=40), trusted=False)
    made: list[Event] = []
    for boot, stamps in enumerate([[behind, right.shifted(600)], [behind.shifted(900), right.shifted(1200)]], 1):
        async with running(opener(boot=UUID(int=boot))) as store:
            for stamp in stamps:
                made.append(crossing(stamp=stamp, line=f"line {boot}", action="IO"[boot - 1]))
                await store.journal.append(made[-1]).durable()
            zero = micros(right.utc) - right.mono_ns // 1000
            await store.change(
                lambda connection, zero=zero: connection.execute("UPDATE boots SET zero_at = ?", (zero,))
            )
    return made


def test_a_corrected_row_stands_where_it_was_and_says_so(sealed: list[Event], folder: Path) -> None:
    right = sealed[1].stamp.shifted(-600)
    found = passings(folder)
    assert [passing.id for passing in found] == [1, 2, 3, 4]
    assert [(passing.at - right.utc).total_seconds() for passing in found] == [0, 600, 900, 1200]
    assert [passing.is_corrected for passing in found] == [True, False, True, False]
    assert [passing.trusted for passing in found] == [False, True, False, True]
    assert passings(folder, after_id=0) == found


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ({"limit": 3}, [2, 3, 4]),
        ({"limit": 2, "action": Action.IN}, [1, 2]),
        ({"line": "line 1"}, [1, 2]),
        ({"line": "line 2", "limit": 1}, [4]),
        ({"after_id": 1, "limit": 2}, [2, 3]),
    ],
)
def test_a_question_finds_corrected_rows_like_others(
    sealed: list[Event], folder: Path, question: dict[str, Any], answer: list[int]
) -> None:
    assert ids(folder, **question) == answer


def test_since_goes_by_the_corrected_time(sealed: list[Event], folder: Path) -> None:
    since = sealed[1].stamp.shifted(300).utc
    assert ids(folder, since=since) == ids(folder, since=since, after_id=0) == [3, 4]
    assert totals(folder, since=since) == [Total("line 2", 0, 2)]
    assert totals(folder) == [Total("line 1", 2, 0), Total("line 2", 0, 2)]


def test_a_log_from_before_there_were_corrections_is_read_as_it_is(logged: list[Event], folder: Path) -> None:
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        connection.execute("DROP VIEW smartlog_readable")
        connection.execute("ALTER TABLE boots DROP COLUMN zero_at")
    assert ids(folder) == [1, 3, 2, 4]
    assert totals(folder)[0] == Total("door", 2, 1)

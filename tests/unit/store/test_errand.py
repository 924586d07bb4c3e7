from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.store.errand import Errand
from smartlogd.store.trouble import StoreTrouble


def users(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT count(*) FROM users").fetchone()[0])


def enrol(database: sqlite3.Connection) -> str:
    database.execute("INSERT INTO users (uid, role, created_at, updated_at) VALUES ('u', 'member', 0, 0)")
    return "done"


def test_an_errand_is_a_transaction_and_gives_what_its_work_gives(database: sqlite3.Connection, folder: Path) -> None:
    errand = Errand(enrol)
    errand.run(database)
    assert not database.in_transaction
    assert errand.outcome(folder) == "done"
    assert users(database) == 1


def test_an_errand_is_done_once(database: sqlite3.Connection, folder: Path) -> None:
    errand = Errand(enrol)
    errand.run(database)
    errand.run(database)
    assert errand.outcome(folder) == "done"
    assert users(database) == 1
    assert not errand.withdraw()


def test_an_errand_that_was_withdrawn_is_never_done(database: sqlite3.Connection) -> None:
    errand = Errand(enrol)
    assert errand.withdraw()
    errand.run(database)
    assert users(database) == 0


def test_work_that_fails_is_undone_and_its_error_is_the_senders(database: sqlite3.Connection, folder: Path) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        enrol(connection)
        raise UnusableInput("No.")

    errand = Errand(fails)
    errand.run(database)
    assert (users(database), database.in_transaction) == (0, False)
    with pytest.raises(UnusableInput, match="No"):
        errand.outcome(folder)


def test_what_the_disk_complains_of_is_told_in_words_and_a_mistake_as_it_is(
    database: sqlite3.Connection, folder: Path
) -> None:
    def worn(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA query_only = ON")
        enrol(connection)

    errand = Errand(worn)
    errand.run(database)
    with pytest.raises(StoreTrouble, match="read-only"):
        errand.outcome(folder)
    database.execute("PRAGMA query_only = OFF")
    mistake = Errand(lambda connection: connection.execute("SELECT nonsense"))
    mistake.run(database)
    with pytest.raises(sqlite3.OperationalError, match="nonsense"):
        mistake.outcome(folder)


def test_a_transaction_that_cannot_begin_leaves_the_errand_to_be_tried_again(
    database: sqlite3.Connection, folder: Path
) -> None:
    database.execute("PRAGMA busy_timeout = 0")
    errand = Errand(enrol)
    with closing(sqlite3.connect(folder / "smartlog.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            errand.run(database)
        other.execute("ROLLBACK")
    errand.run(database)
    assert errand.outcome(folder) == "done"

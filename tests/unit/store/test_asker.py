"""The reading connection that stays open."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from smartlogd.store.asker import Asker
from smartlogd.store.trouble import StoreTrouble

COUNT = "SELECT count(*) FROM meta"


def counted(connection: sqlite3.Connection) -> int:
    return int(connection.execute(COUNT).fetchone()[0])


async def test_it_sees_what_was_written_between_two_questions_over_one_connection(
    database: sqlite3.Connection, folder: Path
) -> None:
    asker = Asker(folder / "smartlog.db")
    assert await asker.ask(counted) == 0
    database.execute("INSERT INTO meta VALUES ('a', '1')")
    assert await asker.ask(counted) == 1
    one, other = await asker.ask(id), await asker.ask(id)
    assert one == other
    await asker.close()


async def test_it_cannot_write_and_goes_on_after_trouble(database: sqlite3.Connection, folder: Path) -> None:
    asker = Asker(folder / "smartlog.db")
    with pytest.raises(StoreTrouble):
        await asker.ask(lambda connection: connection.execute("DELETE FROM meta"))
    assert await asker.ask(counted) == 0
    await asker.close()


async def test_closing_ends_its_thread_and_twice_is_once(database: sqlite3.Connection, folder: Path) -> None:
    asker = Asker(folder / "smartlog.db")
    thread = await asker.ask(lambda _: threading.current_thread())
    await asker.close()
    await asker.close()
    assert not thread.is_alive()

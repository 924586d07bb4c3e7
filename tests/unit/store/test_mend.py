"""A damaged log is saved by hand, and what was set aside is saved into the log that goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.time import SystemClock
from smartlogd.store.log import passings
from smartlogd.store.mend import is_damaged, mended, merged, newest_aside
from smartlogd.store.quarantine import mark, set_aside


async def test_a_whole_log_is_left_alone_and_a_marked_one_saved_with_its_loss_noted(
    opener: Any, running: Any, crossing: Any, folder: Path
) -> None:
    async with running(opener()) as store:
        await store.journal.append(crossing()).durable()
    clock = SystemClock()
    assert not is_damaged(folder / "smartlog.db")
    assert mended(folder, device="door", clock=clock) is None
    mark(folder / "smartlog.db")
    rescue = mended(folder, device="door", clock=clock)
    assert rescue is not None
    assert newest_aside(folder) == rescue.aside
    assert len(passings(folder)) == 1
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        assert connection.execute("SELECT count(*) FROM events WHERE type = 'loss'").fetchone() == (1,)
    assert not is_damaged(folder / "smartlog.db")


async def test_what_was_set_aside_is_saved_into_the_log_that_goes_on(
    opener: Any, running: Any, crossing: Any, folder: Path
) -> None:
    clock = SystemClock()
    async with running(opener()) as store:
        await store.journal.append(crossing()).durable()
    aside = set_aside(folder / "smartlog.db", clock.now().utc)
    async with running(opener()) as store:
        await store.journal.append(crossing(track=2)).durable()
    for _ in range(2):
        merged(folder, aside, device="door", clock=clock)
    assert len(passings(folder)) == 2
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT count(*) FROM devices").fetchone() == (1,)


def test_a_folder_without_a_database_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"no smartlog\.db"):
        merged(folder, tmp_path, device="door", clock=SystemClock())
    assert newest_aside(tmp_path) is None
    assert not is_damaged(tmp_path / "smartlog.db")

"""Changes people and strangers while no daemon runs: the folder's lock, one transaction, and what comes after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from smartlogd.base.errors import Missing
from smartlogd.base.time import Clock, Stamp
from smartlogd.store.changes import Change, applied, settled
from smartlogd.store.engine import bring_up, make_folder, transaction
from smartlogd.store.floor import floor_of, raised
from smartlogd.store.keys import Keys
from smartlogd.store.lock import FolderLock
from smartlogd.store.outcome import Work
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.recognise import version_of
from smartlogd.store.trouble import told

Result = TypeVar("Result")

BEGINS = "enrol"
"""The one change that makes sense before there is a log: people may be enrolled before the first start."""
BUSY_S = 5.0
"""How long readers of the -wal file are waited for."""


def changed_alone(folder: Path, change: Change, clock: Clock) -> Mapping[str, object]:
    """Make the change; gives what to tell.

    Missing where there is no log yet; DiskTrouble (73) where a daemon writes in the folder; the change's own errors,
    and then nothing is changed.
    """
    path = folder / DATABASE
    if change.what == BEGINS:
        make_folder(folder)
    elif version_of(path) is None:
        raise Missing(f"There is no log in {folder} yet.", "Start smartlogd (`smartlogd run`), or enrol someone first.")
    with _locked(folder):
        keys = Keys.open(folder)
        outcome = _done(folder, lambda connection, at: applied(change, Work(connection, keys, folder, at)), clock)
        if change.erases:
            _empty_wal(path)
        return settled(outcome, keys)


def done_alone(folder: Path, work: Callable[[sqlite3.Connection, Stamp], Result], clock: Clock) -> Result:
    """Do `work` in one transaction under the folder's lock, in a log of the newest tables; gives what it gives.

    `work` is told which instant it is, never before the newest row. DiskTrouble (73) where a daemon writes in the
    folder.
    """
    with _locked(folder):
        return _done(folder, work, clock)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder's lock, and a log of the newest tables, while the block runs."""
    lock = FolderLock.take(folder)
    try:
        bring_up(folder / DATABASE)
        yield
    finally:
        lock.release()


def _done(folder: Path, work: Callable[[sqlite3.Connection, Stamp], Result], clock: Clock) -> Result:
    with transaction(folder / DATABASE) as connection:
        now = clock.now()
        return work(connection, raised(now, floor_of(connection, now)))


def _empty_wal(path: Path) -> None:
    """Write the -wal file's pages into the database and cut it to nothing.

    SQLite does the same when the last connection is closed; but one that reads beside us holds that up, and is waited
    for here.
    """
    with told(path.parent), closing(sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

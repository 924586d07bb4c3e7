"""Changes people and strangers while no daemon runs: the folder's lock, one transaction, and what comes after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from smartlogd.base.errors import Missing
from smartlogd.base.time import Clock
from smartlogd.store.changes import Change, applied, settled
from smartlogd.store.engine import bring_up, make_folder, transaction
from smartlogd.store.floor import floor_of, raised
from smartlogd.store.keys import Keys
from smartlogd.store.lock import FolderLock
from smartlogd.store.outcome import Work
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.recognise import version_of
from smartlogd.store.trouble import told

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
    lock = FolderLock.take(folder)
    try:
        bring_up(path)
        keys = Keys.open(folder)
        with transaction(path) as connection:
            now = clock.now()
            outcome = applied(change, Work(connection, keys, folder, raised(now, floor_of(connection, now))))
        if change.erases:
            _empty_wal(path)
        return settled(outcome, keys)
    finally:
        lock.release()


def _empty_wal(path: Path) -> None:
    """Write the -wal file's pages into the database and cut it to nothing.

    SQLite does the same when the last connection is closed; but one that reads beside us holds that up, and is waited
    for here.
    """
    with told(path.parent), closing(sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

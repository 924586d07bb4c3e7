"""Makes the tables in a new database, or brings those of an older version to the newest."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from smartlogd.schema.migrate import create, upgrade
from smartlogd.store.pragmas import NEW, WRITING
from smartlogd.store.trouble import sqlite_trouble, told


def make_tables(path: Path) -> None:
    """A new database at `path`, for its owner's eyes only (0600; SQLite gives -wal and -shm the same mode)."""
    with told(path.parent):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for pragma in (NEW, *WRITING):
                connection.execute(pragma)
            connection.execute("BEGIN IMMEDIATE")
            create(connection)
            connection.execute("COMMIT")


def upgrade_tables(path: Path) -> None:
    """The newest version of our tables in the database at `path`, all of it or nothing."""
    from sqlalchemy import URL
    from sqlalchemy.exc import DBAPIError

    try:
        upgrade(URL.create("sqlite", database=str(path.absolute())))
    except DBAPIError as error:
        trouble = sqlite_trouble(error.orig, path.parent) if isinstance(error.orig, sqlite3.Error) else None
        if trouble is None:
            raise
        raise trouble from error

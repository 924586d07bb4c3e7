"""Whose database is this? Asked without changing a byte of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from smartlogd.base.errors import DiskTrouble, Missing
from smartlogd.schema.migrate import APPLICATION_ID, revisions
from smartlogd.store.pragmas import DATABASE, READING
from smartlogd.store.trouble import DAMAGED, StoreTrouble, told


def reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write.

    Where nothing may be written beside the database either (a read-only disk) and no -wal file waits to be read, the
    file is opened as immutable: SQLite could not make the shared-memory file that it reads WAL databases with.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        return _tried(uri)
    except sqlite3.OperationalError:
        wal = path.with_name(path.name + "-wal")
        if not path.is_file() or (wal.exists() and wal.stat().st_size):
            raise
        return _tried(f"{uri}&immutable=1")


@contextmanager
def asking(folder: Path, *, is_of_faces: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, to the log in a state folder; Missing where there is none yet.

    A question that `is_of_faces` needs the newest tables: it is Missing, with a hint, of a log from before.
    """
    path = folder / DATABASE
    found = version_of(path)
    if found is None:
        raise Missing(
            f"There is no log in {folder} yet.", "Start smartlogd (`smartlogd run`), or name its state folder."
        )
    if is_of_faces and found != revisions()[-1]:
        raise Missing(
            f"The log in {folder} was written by an older smartlogd, which kept no faces.",
            "Start smartlogd once (`smartlogd run`): it brings the tables up to date, and loses nothing.",
        )
    with read_only(path) as connection:
        yield connection


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, set as `pragmas.READING` says; SQLite's complaints are DiskTrouble."""
    with told(path.parent), closing(reading(path)) as connection:
        for pragma in READING:
            connection.execute(pragma)
        yield connection


def _tried(uri: str) -> sqlite3.Connection:
    """The connection, once it has read a page: SQLite opens files only when they are needed."""
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def version_of(path: Path) -> str | None:
    """The version of our tables in the file at `path`; None where there is no file, or an empty database.

    DiskTrouble where it is no database, another program's, of a newer smartlogd, damaged, or cannot be read. The file
    is opened by SQLite alone, never as a plain file: closing one would drop all locks that this process holds on it
    (fcntl(2)), and with them the writer's.
    """
    with told(path.parent):
        if not path.exists() or path.stat().st_size == 0:
            return None
        try:
            with closing(reading(path)) as connection:
                return _version(connection, path)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            raise StoreTrouble(DAMAGED, f"{path} is not a database.", _move(path)) from error


def _version(connection: sqlite3.Connection, path: Path) -> str | None:
    """What `version_of` says, of an open database."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if application == 0 and not tables:
        return None  # the power was cut between making the file and making the tables
    if application != APPLICATION_ID:
        raise DiskTrouble(f"{path} is the database of another program.", _move(path))
    if "alembic_version" not in tables:
        raise DiskTrouble(
            f"{path} has no version of its tables: it was not made by smartlogd itself.",
            f"If its tables are the newest, say so: alembic -x url=sqlite:///{path} stamp head",
        )
    found: str = next((version for (version,) in connection.execute("SELECT version_num FROM alembic_version")), "")
    if found not in revisions():
        raise DiskTrouble(
            f"{path} was written by a newer smartlogd (its tables have version {found!r}, this one knows "
            f"{revisions()[-1]!r}).",
            "Install that version again, or move the file away to begin a new log; nothing was changed.",
        )
    return found


def _move(path: Path) -> str:
    """What to do with a file that stands in our place."""
    return f"Nothing was changed. Move it away, or name another state folder; a new log is then made as {path.name}."

"""A copy of the log that can be believed, and the way back from it.

SQLite writes the copy itself (VACUUM INTO), in one read transaction beside a running daemon; it is checked whole and
brought to the disk before it gets its name. The keys of faces are never in it: they lie outside the database, so that
forgetting someone holds for every copy. A log that is brought back begins another epoch, for what it sends had, in
part, been sent under the same numbers.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.errors import DiskTrouble, Exit, Missing, UnusableInput
from smartlogd.base.time import Clock
from smartlogd.schema.migrate import head
from smartlogd.store.check import faults_of
from smartlogd.store.engine import bring_up, make_folder
from smartlogd.store.epoch import renewed
from smartlogd.store.lock import FolderLock
from smartlogd.store.places import UNFINISHED, sync_file, sync_folder
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.quarantine import BESIDE, REPLACED, set_aside
from smartlogd.store.recognise import reading, version_of
from smartlogd.store.tables import upgrade_tables
from smartlogd.store.trouble import told


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy: where it is, how many bytes it has, how many events and passings."""

    path: Path
    size: int
    events: int
    passings: int


def back_up(folder: Path, file: Path) -> Backup:
    """Write a checked copy of the log in `folder` to `file` (0600); a file of that name is replaced at one instant.

    Missing where there is no log; DiskTrouble where the copy finds no room, or is not whole because the log is not.
    """
    path = folder / DATABASE
    if version_of(path) is None:
        raise Missing(f"There is no log in {folder}.", "Start smartlogd (`smartlogd run`), or name its state folder.")
    if not file.parent.is_dir():
        raise Missing(f"There is no folder {file.parent}.", "Make it, or name another place for the copy.")
    if file.exists() and path.samefile(file):
        raise UnusableInput(f"{file} is the log itself.", "Name another file; best on another disk.")
    unfinished = file.parent / f"{UNFINISHED}{secrets.token_hex(8)}"
    try:
        with told(file.parent):
            os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            with closing(reading(path)) as connection:
                connection.execute("VACUUM INTO ?", (str(unfinished),))
        _must_be_whole(unfinished, "The copy")
        backup = _counted(unfinished, file)
        with told(file.parent):
            sync_file(unfinished)
            unfinished.replace(file)
            sync_folder(file.parent)
    finally:
        _remove(unfinished)
    return backup


def restore(folder: Path, file: Path, clock: Clock) -> Path | None:
    """Bring the copy back as the log in `folder`; gives where the log that was there was set aside.

    DiskTrouble (73) where a daemon writes in the folder; UnusableInput where the file is no whole log of ours.
    """
    if version_of(file) is None:
        raise Missing(f"There is no copy of a log at {file}.", "Name a file that `smartlogd db backup` wrote.")
    make_folder(folder)
    path = folder / DATABASE
    lock = FolderLock.take(folder)
    unfinished = folder / f"{UNFINISHED}{secrets.token_hex(8)}"
    try:
        with told(folder):
            os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            shutil.copyfile(file, unfinished)
        _must_be_whole(unfinished, str(file))
        _renew(unfinished)
        aside = set_aside(path, clock.now().utc, REPLACED) if path.exists() else None
        with told(folder):
            sync_file(unfinished)
            unfinished.replace(path)
            sync_folder(folder)
        return aside
    finally:
        _remove(unfinished)
        lock.release()


def brought_up(folder: Path, clock: Clock) -> tuple[str, Path] | None:
    """Bring the tables to the newest version, after a backup beside them; gives the old version and the backup.

    None where they are at the newest already. DiskTrouble (73) where a daemon writes in the folder: it does the same
    when it starts.
    """
    path = folder / DATABASE
    found = version_of(path)
    if found is None:
        raise Missing(f"There is no log in {folder}.", "Start smartlogd (`smartlogd run`), or name its state folder.")
    if found == head():
        return None
    lock = FolderLock.take(folder)
    try:
        backup = folder / f"before-{head()}-{clock.now().utc:%Y%m%dT%H%M%SZ}.db"
        back_up(folder, backup)
        bring_up(path)
        return found, backup
    finally:
        lock.release()


def _must_be_whole(path: Path, what: str) -> None:
    """DiskTrouble where a check finds anything."""
    if faults := faults_of(path):
        raise DiskTrouble(f"{what} is not whole: {faults[0]}", "`smartlogd db check` says more.", code=Exit.DISK)


def _renew(path: Path) -> None:
    """Bring the copy's tables up to date, and begin another epoch in it."""
    if version_of(path) != head():
        upgrade_tables(path)
    with told(path.parent), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        renewed(connection, is_certain=True)
        connection.execute("COMMIT")


def _counted(copy: Path, file: Path) -> Backup:
    with closing(reading(copy)) as connection:
        (events, passings) = connection.execute(
            "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM smartlog)"
        ).fetchone()
    return Backup(file, copy.stat().st_size, events, passings)


def _remove(path: Path) -> None:
    for end in ("", *BESIDE):
        path.with_name(path.name + end).unlink(missing_ok=True)

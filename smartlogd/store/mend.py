"""Saves a damaged database by hand, while no daemon runs, without a limit of time (`smartlogd db salvage`)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from smartlogd.base.errors import Fate, Missing
from smartlogd.base.time import Clock
from smartlogd.schema.instants import micros
from smartlogd.store.check import FOREVER_S, look_over
from smartlogd.store.engine import bring_up
from smartlogd.store.floor import floor_of, raised
from smartlogd.store.lock import FolderLock
from smartlogd.store.pragmas import DATABASE, WRITING
from smartlogd.store.quarantine import is_marked, set_aside_folders
from smartlogd.store.rescue import Rescue, note_loss, rescued, settle
from smartlogd.store.rows import Origin
from smartlogd.store.salvage import Salvage, Told, saved_into
from smartlogd.store.trouble import DAMAGED, StoreTrouble, told

_ORIGIN = "SELECT name, id, user_id FROM devices ORDER BY name <> ?, id LIMIT 1"


def mended(folder: Path, *, device: str, clock: Clock, tell: Told | None = None) -> Rescue | None:
    """Set the log in `folder` aside and save it, where it is damaged; None where it is whole.

    DiskTrouble (73) where a daemon writes in the folder.
    """
    path = folder / DATABASE
    lock = FolderLock.take(folder)
    try:
        if not is_damaged(path):
            return None
        now = clock.now()
        rescue = rescued(path, device=device, now=now, limit_s=None, tell=tell)
        bring_up(path)
        with told(folder), closing(_writing(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            at = raised(now, floor_of(connection, now))
            if origin := connection.execute(_ORIGIN, (device,)).fetchone():
                name, device_id, owner_id = origin
                note_loss(connection, Origin(name, device_id, owner_id, ""), at, rescue)
            connection.execute("COMMIT")
        settle(path)
        return rescue
    finally:
        lock.release()


def merged(folder: Path, aside: Path, *, device: str, clock: Clock, tell: Told | None = None) -> Salvage:
    """Save into the log in `folder` what can be read of the database that was set aside in `aside`.

    What is there already is left as it is. DiskTrouble (73) where a daemon writes in the folder.
    """
    source = aside / DATABASE if aside.is_dir() else aside
    if not source.is_file():
        raise Missing(f"There is no {DATABASE} in {aside}.", "Name a folder corrupt-... of the state folder.")
    path = folder / DATABASE
    lock = FolderLock.take(folder)
    try:
        bring_up(path)
        with told(folder), closing(_writing(path)) as connection:
            return saved_into(connection, source, device=device, at_us=micros(clock.now().utc), told=tell)
    finally:
        lock.release()


def newest_aside(folder: Path) -> Path | None:
    """The damaged database that was set aside last; None where there is none."""
    return next(reversed(set_aside_folders(folder)), None)


def is_damaged(path: Path) -> bool:
    """Whether a broken page is known, or is found now."""
    if is_marked(path):
        return True
    if not path.exists():
        return False
    try:
        look_over(path, FOREVER_S)
    except StoreTrouble as trouble:
        if trouble.word != DAMAGED and trouble.fate is not Fate.FATAL:
            raise
        return True
    return False


def _writing(path: Path) -> sqlite3.Connection:
    """A connection as the writer's, but for references: what points at nothing gets a placeholder only at the end."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    for pragma in (*WRITING, "PRAGMA foreign_keys = OFF"):
        connection.execute(pragma)
    return connection

"""The start on a damaged database: it is set aside, what can be read is saved, and the log goes on.

The time is bounded, for the camera waits: what was not read by then is read later, by `smartlogd db salvage`. Should
the power be cut on the way, the next start begins again where this one began: the note that the database is damaged
is taken away last.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from smartlogd.base.ids import uuid7
from smartlogd.base.time import Stamp, monotonic_s
from smartlogd.schema.instants import micros
from smartlogd.schema.migrate import head, upgrade
from smartlogd.store.epoch import renewed
from smartlogd.store.places import sync_file, sync_folder
from smartlogd.store.quarantine import is_marked, mark, set_aside, set_aside_folders, unmark
from smartlogd.store.rows import Origin
from smartlogd.store.salvage import Salvage, Told, saved_into, version_in
from smartlogd.store.tables import make_tables, upgrade_tables
from smartlogd.store.trouble import DAMAGED, DISK_FULL, StoreTrouble, told

log = logging.getLogger("smartlogd.store")

LIMIT_S = 12.0
"""So long may saving take at a start; writing it to a slow card takes as long again, and 30 s are promised."""
_SAVED = "saved.db"
_NOTHING = Salvage({}, {}, 0, 0, is_whole=False)

_LOSS = """
INSERT INTO events (user_id, type, ts, data, event_id, device_id, boot_id, mono_us, clock_trusted)
VALUES (:owner, 'loss', :at, :data, :event, :device, :boot, :mono_us, :trusted)
"""


@dataclass(frozen=True, slots=True)
class Rescue:
    """What became of a damaged database: where it was set aside, and what was saved of it."""

    aside: Path
    salvage: Salvage


def rescued(
    path: Path, *, device: str, now: Stamp, limit_s: float | None = LIMIT_S, tell: Told | None = None
) -> Rescue:
    """Set the database at `path` aside, and put one with what could be saved in its place.

    Where there is no room for a second database, none is put there: the log begins anew, and what was set aside waits.
    `settle` is to be called when the new start's own rows are written.
    """
    began_s = monotonic_s()
    if not is_marked(path):
        mark(path)
    aside = _aside(path, now.utc)
    try:
        salvage = _placed(aside / path.name, path, device, now, limit_s, tell)
    except StoreTrouble as trouble:
        if trouble.word not in {DISK_FULL, DAMAGED}:
            raise
        log.error("nothing could be saved", extra={"what": trouble.what, "set_aside": str(aside)})
        salvage = _NOTHING
    log.error(
        "database was damaged",
        extra={
            "set_aside": str(aside), "saved": sum(salvage.saved.values()),
            "lost_at_most": sum(salvage.lost.values()), "is_whole": salvage.is_whole,
            "took_s": round(monotonic_s() - began_s, 1),
        },
    )  # fmt: skip
    return Rescue(aside, salvage)


def settle(path: Path) -> None:
    """The new log stands, its loss noted in it: the next start is an ordinary one."""
    unmark(path)


def note_loss(connection: sqlite3.Connection, origin: Origin, at: Stamp, rescue: Rescue) -> UUID:
    """Say in the log that rows were lost, and how many, in the caller's transaction; gives the event's id."""
    event = uuid7(at)
    data = {
        "what": "rows", "why": "damaged", "set_aside": rescue.aside.name, "is_whole": rescue.salvage.is_whole,
        "saved": dict(rescue.salvage.saved), "lost_at_most": dict(rescue.salvage.lost),
        "placeholders": rescue.salvage.placeholders,
    }  # fmt: skip
    connection.execute(
        _LOSS,
        {
            "owner": origin.owner_id, "at": micros(at.utc), "data": json.dumps(data), "event": str(event),
            "device": origin.device_id, "boot": origin.boot_id or None, "mono_us": at.mono_ns // 1000,
            "trusted": int(at.trusted),
        },
    )  # fmt: skip
    return event


def _aside(path: Path, now: dt.datetime) -> Path:
    """The folder with the damaged database; the last one where a start was cut short after setting it aside."""
    folders = set_aside_folders(path.parent)
    if path.exists() or not folders:
        return set_aside(path, now)
    return folders[-1]


def _placed(source: Path, path: Path, device: str, now: Stamp, limit_s: float | None, tell: Told | None) -> Salvage:
    """Save into a file beside the damaged one, and put that in place when it is whole and on the disk."""
    fresh = source.with_name(_SAVED)
    try:
        fresh.unlink(missing_ok=True)
        salvage = _saved(source, fresh, device, now, limit_s, tell)
        with told(path.parent):
            sync_file(fresh)
            fresh.replace(path)
            sync_folder(path.parent)
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            fresh.with_name(fresh.name + end).unlink(missing_ok=True)
    return salvage


def _saved(source: Path, fresh: Path, device: str, now: Stamp, limit_s: float | None, tell: Told | None) -> Salvage:
    """A new database with what could be saved, in a new epoch."""
    version = version_in(source)
    make_tables(fresh)
    if version != head():
        fresh.unlink()
        os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        upgrade(f"sqlite:///{fresh.absolute()}", version)
    with told(fresh.parent), closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        # Should the power be cut, the file is made anew: nothing of it need be on the disk before it is put in place.
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "foreign_keys = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        salvage = saved_into(connection, source, device=device, at_us=micros(now.utc), limit_s=limit_s, told=tell)
    if version != head():
        upgrade_tables(fresh)
    with told(fresh.parent), closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN IMMEDIATE")
        renewed(connection, is_certain=_is_certain(salvage))
        connection.execute("COMMIT")
    return salvage


def _is_certain(salvage: Salvage) -> bool:
    """Whether it is known what the centre had acknowledged: all that says so was read whole."""
    return salvage.is_whole and not salvage.broken & {"outbox", "dead_letters", "meta"}

"""Where recordings are noted: the event and the row before there is a file, and what became of the file after it.

A row is `planned` when its event is on the disk, `kept` when its file is, whole and under its own name, `uploaded` when
its object is in the object store, and `lost` when there is nothing of it any more. Each step is one transaction.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from smartlogd.base.errors import DiskTrouble, Fate, UnusableInput
from smartlogd.base.known import Event, EventId, Filed, Json, Medium, Recording
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import room
from smartlogd.store.discard import discarded, is_shut
from smartlogd.store.engine import Store
from smartlogd.store.options import StoreOptions
from smartlogd.store.places import sync_folder, unlinked
from smartlogd.store.reconcile import Repair, lying, reconciled
from smartlogd.store.recordings import COPY_OF, TABLES, by_id
from smartlogd.store.rows import EVENT_COLUMNS, Origin, rows_of
from smartlogd.store.trouble import told

TYPES = {Medium.CLIP: "clip_saved", Medium.SNAPSHOT: "snapshot_saved"}
MOST_LABELS, LONGEST_LABEL, LONGEST_NOTE = 32, 64, 2000
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_WHO = EVENT_COLUMNS.index("subject_uuid")

# Whose the event is that it shows is whose it is: so it is named with them, and forgotten with them.
_CAUSE = "SELECT subject_uuid, subject_user_id FROM events WHERE event_id = ?"
_COLUMNS = (*EVENT_COLUMNS[: _WHO + 1], "subject_user_id", *EVENT_COLUMNS[_WHO + 2 :])
_EVENT = (
    f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - ours
    " ON CONFLICT (event_id) DO NOTHING"
)
_ROW = {
    "clips": "INSERT INTO clips (user_id, device_id, event_id, path, labels, phase, start_ts, duration_ms)"
    " VALUES (:owner, :device, :id, :path, :labels, 'planned', :at, :duration_ms) ON CONFLICT (event_id) DO NOTHING",
    "snapshots": "INSERT INTO snapshots (user_id, device_id, event_id, path, labels, phase, ts, note)"
    " VALUES (:owner, :device, :id, :path, :labels, 'planned', :at, :note) ON CONFLICT (event_id) DO NOTHING",
}
_KEEP = {
    "clips": "start_ts = :at, duration_ms = :duration_ms, preview_png = :preview",
    "snapshots": "ts = :at",
}
_FILED = (
    "UPDATE {table} SET phase = 'kept', bytes = :bytes, sha256 = :sha256, labels = coalesce(:labels, labels), {more}"
    " WHERE event_id = :id AND phase = 'planned'"
)
_STAMP = "SELECT ts, mono_us FROM events WHERE event_id = ?"
_MOMENT = "UPDATE events SET video_ts_ms = ? WHERE event_id = ? AND video_ts_ms IS NULL"

log = logging.getLogger("smartlogd.store")


class StoreShelf:
    """The shelf of an open store (`base.ports.Shelf`); to be made before anything is recorded."""

    def __init__(self, store: Store, options: Callable[[], StoreOptions]) -> None:
        self._store, self._options = store, options
        self._folder = store.path.parent
        self._lying = lying(self._folder)  # of earlier starts, all of it
        self._is_cramped = False

    async def recover(self) -> tuple[Repair, ...]:
        """Bring rows and files together again that an earlier start left apart; what was done.

        A planned recording whose file is whole is kept, any other is lost; files without a row go. Beside everything
        else: what this start plans is let be.
        """
        boot, before = self._store.origin.boot_id, self._lying
        done = await self._store.journal.change(
            lambda connection: reconciled(connection, self._folder, before, boot=boot), within_s=600
        )
        self._lying = frozenset()
        for repair in done:
            log.info("recording put right", extra={"what": repair.what})
        return done

    async def plan(self, recording: Recording) -> str:
        """Note the event of its being saved and its row, in one transaction; the path its file is to have.

        DiskTrouble where it cannot be noted, or the disk has hardly room for anything; UnusableInput for what could
        never be kept, and where someone was forgotten meanwhile who may be seen in it. Planning it again changes
        nothing.
        """
        _must_fit(recording)
        await self._must_have_room()
        path = f"{TABLES[recording.medium]}/{recording.id}{recording.suffix}"
        await self._store.change(lambda connection: _plan(connection, self._store.origin, recording, path))
        await asyncio.to_thread(_made, self._folder / path)
        return path

    async def filed(self, recording: EventId, filed: Filed) -> None:
        """Note that its file is there, whole; and in the same transaction, with the events it shows, their place in it.

        Where it is not wanted any more (someone was forgotten, or deleted it), its files go.
        """
        if not await self._store.change(lambda connection: kept(connection, self._folder, str(recording), filed)):
            log.info("recording not wanted any more", extra={"recording": str(recording)})

    async def lost(self, recording: EventId) -> None:
        """Note that it came to nothing; what there is of its files goes."""
        await self._store.change(lambda connection: given_up(connection, self._folder, str(recording)))

    async def _must_have_room(self) -> None:
        """Raise where so little room is left that even the oldest recordings give no more; say so once."""
        least = round(room.CRAMPED * self._options().keep_free_mib * room.MIB)
        free = await asyncio.to_thread(room.free_bytes, self._folder)
        if (free < least) != self._is_cramped:
            self._is_cramped = free < least
            words = "no room for recordings" if self._is_cramped else "room for recordings again"
            log.warning(words, extra={"free_mib": free // room.MIB, "folder": str(self._folder)})
        if self._is_cramped:
            raise DiskTrouble(
                f"There is no room for recordings in {self._folder}: {free // room.MIB} MiB are free.",
                "Free some space; recording goes on by itself then. Events are written as before.",
                fate=Fate.RETRY,
            )


def _plan(connection: sqlite3.Connection, origin: Origin, recording: Recording, path: str) -> None:
    if is_shut(connection, micros(recording.start.utc)):
        raise UnusableInput("Someone was forgotten meanwhile who may be seen in it.", "What comes from now on is kept.")
    planned(connection, origin, recording, path)


def planned(
    connection: sqlite3.Connection,
    origin: Origin,
    recording: Recording,
    path: str,
    *,
    at: Stamp | None = None,
    original: str | None = None,
) -> None:
    """The event and the row, in the caller's transaction; the event is of its beginning, unless it was made later.

    `original` is the recording that it is a copy of.
    """
    words = {"cause": recording.cause and str(recording.cause), COPY_OF: original}
    words["note"] = recording.note if recording.medium is Medium.CLIP else None
    data: dict[str, Json] = {"labels": list(recording.labels), **{key: text for key, text in words.items() if text}}
    event = Event(recording.id, origin.device, TYPES[recording.medium], at or recording.start, data=data)
    row = rows_of(event, origin).event
    who = connection.execute(_CAUSE, (words["cause"],)).fetchone() or (None, None)
    connection.execute(_EVENT, (*row[:_WHO], *who, *row[_WHO + 2 :]))
    values = {
        "owner": origin.owner_id, "device": origin.device_id, "id": str(recording.id), "path": path,
        "labels": _labels(recording.labels), "at": micros(recording.start.utc), "note": recording.note,
        "duration_ms": round(1000 * recording.duration_s),
    }  # fmt: skip
    connection.execute(_ROW[TABLES[recording.medium]], values)


def kept(connection: sqlite3.Connection, folder: Path, id_: str, filed: Filed) -> bool:
    """Let a planned recording be kept, in the caller's transaction; False, and its files gone, where it is lost.

    Told again of what is kept by now it changes nothing.
    """
    found = by_id(connection, id_)
    if found is None or found.path != filed.path:
        unlinked(folder, filter(None, (filed.path, filed.preview)))
        return False
    row = {
        "id": id_, "at": _began(connection, id_, filed), "duration_ms": round(1000 * filed.duration_s),
        "bytes": filed.bytes, "sha256": filed.sha256, "preview": filed.preview,
        "labels": _labels(filed.labels) if filed.labels else None,
    }  # fmt: skip
    connection.execute(_FILED.format(table=found.table, more=_KEEP[found.table]), row)
    connection.executemany(_MOMENT, [(ms, str(event)) for event, ms in filed.moments.items()])
    return True


def given_up(connection: sqlite3.Connection, folder: Path, id_: str) -> None:
    """Let a planned recording be lost, in the caller's transaction."""
    found = by_id(connection, id_)
    if found is not None and found.phase == "planned":
        discarded(connection, folder, [found])


def _began(connection: sqlite3.Connection, id_: str, filed: Filed) -> int:
    """When it began, counted from its event: that may have been dated anew since, when the clock came to be set."""
    event = connection.execute(_STAMP, (id_,)).fetchone()
    if event is None or event[1] is None:
        return micros(filed.start.utc)
    at_us, mono_us = event
    return int(at_us) + filed.start.mono_ns // 1000 - int(mono_us)


def _must_fit(recording: Recording) -> None:
    """Raise for a recording that could never be kept as it is."""
    if not _SUFFIX.fullmatch(recording.suffix):
        raise UnusableInput(f"A file's name cannot end with {recording.suffix!r:.20}.")
    if len(recording.labels) > MOST_LABELS or any(not 0 < len(one) <= LONGEST_LABEL for one in recording.labels):
        raise UnusableInput(f"A recording has at most {MOST_LABELS} labels of at most {LONGEST_LABEL} letters.")
    if len(recording.note or "") > LONGEST_NOTE:
        raise UnusableInput(f"A note has at most {LONGEST_NOTE} letters.")


def _made(path: Path) -> None:
    """Make the folder of the file, where it is not there, and make that survive a power cut."""
    if not path.parent.is_dir():
        with told(path.parent.parent):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            sync_folder(path.parent.parent)


def _labels(labels: Sequence[str]) -> str:
    return json.dumps(list(labels), ensure_ascii=False)

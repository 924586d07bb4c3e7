"""Recordings on their way from the device's disk into the object store, and out of it again. Plain SQL.

What is `kept` waits, and has a URI from the moment on at which an object of it may be there; it is `uploaded` once it
is. A row that is `lost` and has a URI is the note that an object is still to be erased.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from functools import partial
from pathlib import Path
from uuid import UUID

from smartlogd.base.known import EventId, Kept
from smartlogd.schema.instants import instant_of
from smartlogd.store.asker import Asker
from smartlogd.store.discard import discarded
from smartlogd.store.engine import Store
from smartlogd.store.losses import note_loss
from smartlogd.store.recordings import INSTANTS, by_id, still_of

_WAITING = " UNION ALL ".join(
    f"SELECT event_id, {at} AS at, path, bytes, sha256, {still} AS still FROM {table}"  # noqa: S608 - constants of ours
    " WHERE phase = 'kept' AND path IS NOT NULL AND sha256 IS NOT NULL"
    for table, at, still in (("clips", INSTANTS["clips"], "preview_png"), ("snapshots", INSTANTS["snapshots"], "NULL"))
)
_NEXT = (
    f"SELECT * FROM ({_WAITING}) WHERE event_id NOT IN (SELECT value FROM json_each(?))"  # noqa: S608
    " ORDER BY at, event_id LIMIT 1"
)
_GOING = "UPDATE {table} SET s3_uri = ? WHERE event_id = ?"
_UPLOADED = {
    "clips": "UPDATE clips SET phase = 'uploaded', s3_uri = :uri, preview_png = :preview WHERE event_id = :id",
    "snapshots": "UPDATE snapshots SET phase = 'uploaded', s3_uri = :uri WHERE event_id = :id",
}
_UNWANTED = " UNION ALL ".join(
    f"SELECT s3_uri FROM {table} WHERE phase = 'lost' AND s3_uri IS NOT NULL"  # noqa: S608
    for table in INSTANTS
)
_ERASED = tuple(f"UPDATE {table} SET s3_uri = NULL WHERE phase = 'lost' AND s3_uri = ?" for table in INSTANTS)  # noqa: S608
_BEGAN = {table: f"SELECT {at}, bytes FROM {table} WHERE event_id = ?" for table, at in INSTANTS.items()}  # noqa: S608


class StoreMedia:
    """The recordings of an open store, for whoever uploads them (`base.ports.Media`); to be closed before the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.path.parent
        self._asker = Asker(store.path)

    async def next(self, but: Collection[EventId] = ()) -> Kept | None:
        """The oldest recording that is kept here and not uploaded, but none of those; None where there is no other."""
        names = json.dumps([str(one) for one in but])
        return await self._asker.ask(partial(_next, names))

    async def waits(self, recording: EventId) -> bool:
        """Whether this one is kept here and not uploaded."""
        found = await self._asker.ask(lambda connection: by_id(connection, str(recording)))
        return found is not None and found.phase == "kept"

    async def going(self, recording: EventId, uri: str) -> bool:
        """Note where its object will be, before there is any; False where it is not kept any more."""
        return await self._store.change(lambda connection: going(connection, str(recording), uri))

    async def uploaded(self, recording: EventId, uri: str, preview: str | None) -> bool:
        """Note that it is in the object store, whole; False where there is no such recording any more.

        Told again it changes nothing.
        """
        return await self._store.change(lambda connection: uploaded(connection, str(recording), uri, preview))

    async def gone(self, recording: EventId) -> None:
        """Note that its file is not there any more, or is another than was filed: it is lost."""
        await self._store.change(lambda connection: lost(connection, self._folder, str(recording)))

    async def unwanted(self, most: int) -> tuple[str, ...]:
        """URIs of recordings that are lost and have objects in the store still; at most so many."""
        statement = f"{_UNWANTED} LIMIT ?"
        rows = await self._asker.ask(lambda connection: connection.execute(statement, (most,)).fetchall())
        return tuple(uri for (uri,) in rows)

    async def erased(self, uri: str) -> None:
        """Note that what was there, and the still beside it, is not there any more."""

        def forget(connection: sqlite3.Connection) -> None:
            for statement in _ERASED:
                connection.execute(statement, (uri,))

        await self._store.change(forget)

    async def close(self) -> None:
        """Close the connection that only reads."""
        await self._asker.close()


def going(connection: sqlite3.Connection, id_: str, uri: str) -> bool:
    """Note where a kept recording's object will be, in the caller's transaction."""
    found = by_id(connection, id_)
    if found is None or found.phase != "kept":
        return False
    if found.uri != uri:
        connection.execute(_GOING.format(table=found.table), (uri, id_))
    return True


def uploaded(connection: sqlite3.Connection, id_: str, uri: str, preview: str | None) -> bool:
    """Let a kept recording be uploaded, in the caller's transaction."""
    found = by_id(connection, id_)
    if found is None or found.phase not in {"kept", "uploaded"}:
        return False
    connection.execute(_UPLOADED[found.table], {"id": id_, "uri": uri, "preview": preview})
    return True


def _next(but: str, connection: sqlite3.Connection) -> Kept | None:
    row = connection.execute(_NEXT, (but,)).fetchone()
    if row is None:
        return None
    id_, at_us, path, size, sha256, preview = row
    return Kept(EventId(UUID(id_)), instant_of(at_us), path, size, sha256, still_of(path, preview))


def lost(connection: sqlite3.Connection, folder: Path, id_: str) -> None:
    """Let a kept recording be lost, in the caller's transaction, and note the loss."""
    found = by_id(connection, id_)
    if found is None or found.phase != "kept":
        return
    at_us, size = connection.execute(_BEGAN[found.table], (id_,)).fetchone()
    discarded(connection, folder, [found])
    note_loss(connection, found.table, size or 0, at_us)

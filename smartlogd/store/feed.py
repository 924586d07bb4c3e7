"""The log's events as others are told of them: in the order they were written, from a place that outlives restarts.

The place is an `events.id`, which is never given twice, so rows that go for their age or are forgotten leave it right.
`meta` has it under "mqtt_cursor" together with the epoch: in a database that was brought back, or saved, it counts for
nothing, and what is told begins with what comes next.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import sqlite3
from functools import partial
from itertools import takewhile

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.health import Told
from smartlogd.schema.instants import micros
from smartlogd.store import outward
from smartlogd.store.asker import Asker
from smartlogd.store.begin import NEWEST, note, noted
from smartlogd.store.engine import Store
from smartlogd.store.outward import AT, BOOT, LAST_US

CURSOR = "mqtt_cursor"
"""The key in `meta`: {"epoch": ..., "seq": the last event that was told}."""
REMEMBER_S = 5.0
"""A place is written down so long after the first event that was told from it: a burst costs one write."""
FAREWELL_S = 1.0
"""How long the last writing may take; what was not written down is told again after the next start."""
STEP = 10_000
"""So many rows are looked at in one question when old ones are passed over."""

_STEP = f"SELECT e.id, {AT} FROM events AS e {BOOT} WHERE e.id > :after ORDER BY e.id LIMIT :most"  # noqa: S608
_EPOCH = "SELECT epoch FROM devices WHERE id = ?"

log = logging.getLogger("smartlogd.store")


class StoreFeed:
    """The events of an open store, told one after the other (`base.ports.Feed`); to be closed before the store.

    Rows that someone wrote into `smartlog` by hand have no event, and are not told.
    """

    def __init__(self, store: Store, *, remember_s: float = REMEMBER_S) -> None:
        self._store, self._remember_s = store, remember_s
        self._asker = Asker(store.path)
        self._epoch = ""
        self._seq: int | None = None
        self._noted: int | None = None
        self._noting: asyncio.Task[None] | None = None
        self._is_closed = False

    async def begin(self) -> int:
        """Take up the place that was remembered, the newest event where there is none; gives it.

        Called when someone is to be told from now on, though not reached yet; else `next` does it. DiskTrouble where
        the database cannot be read.
        """
        if self._seq is None:
            found = await self._asker.ask(partial(_place, self._store.origin.device_id))
            self._epoch, self._noted, newest = found
            self._seq = newest if self._noted is None else min(self._noted, newest)
            self._remember()
        return self._seq

    async def next(self, most: int) -> tuple[Told, ...]:
        """At most so many events after the last one that was `told`; empty where there is none yet.

        DiskTrouble where the database cannot be read.
        """
        seq = await self.begin()
        return await self._asker.ask(lambda connection: outward.after(connection, seq, most))

    async def told(self, seq: int) -> None:
        """All up to this place were told. It is remembered over restarts, at the latest by `close`."""
        self._seq = max(seq, await self.begin())
        self._remember()

    async def skip(self, before: dt.datetime) -> int:
        """Pass over what is older than this, up to the first that is not; how many events that were."""
        passed, is_more = 0, True
        while is_more:
            count, last, is_more = await self._asker.ask(partial(_older, await self.begin(), micros(before)))
            passed += count
            await self.told(last)
        return passed

    async def close(self) -> None:
        """Remember the place and end, within a second or so; a second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._noting is not None:
            self._noting.cancel()
            await asyncio.wait({self._noting})
        if self._seq != self._noted:
            await self._note(FAREWELL_S)
        await self._asker.close()

    def _remember(self) -> None:
        """See to it that the place is written down soon."""
        if not self._is_closed and self._seq != self._noted and (self._noting is None or self._noting.done()):
            self._noting = asyncio.create_task(self._note_later(), name="feed: cursor")

    async def _note_later(self) -> None:
        while self._seq != self._noted:
            await asyncio.sleep(self._remember_s)
            await self._note(2 * self._remember_s)

    async def _note(self, within_s: float) -> None:
        """Write the place down; where the disk takes nothing, which the journal says, it stays to be written."""
        seq = self._seq
        work = partial(note, key=CURSOR, value={"epoch": self._epoch, "seq": seq})
        try:
            await self._store.journal.change(work, within_s=within_s)
        except DiskTrouble as trouble:
            log.debug("cursor not written", extra={"what": trouble.what})
        else:
            self._noted = seq


def _place(device_id: int, connection: sqlite3.Connection) -> tuple[str, int | None, int]:
    """The epoch, the event that was told last in it (None where none was), and the newest one there ever was."""
    (epoch,) = connection.execute(_EPOCH, (device_id,)).fetchone()
    cursor = noted(connection, CURSOR)
    seq = cursor.get("seq") if isinstance(cursor, dict) and cursor.get("epoch") == epoch else None
    return epoch, seq if isinstance(seq, int) else None, connection.execute(NEWEST).fetchone()[0]


def _older(after: int, before_us: int, connection: sqlite3.Connection) -> tuple[int, int, bool]:
    """How many of the next rows are older, the last of them, and whether there may be more."""
    rows = connection.execute(_STEP, {"after": after, "most": STEP}).fetchall()
    old = [id_ for id_, _ in takewhile(lambda row: not _is_from(before_us, row[1]), rows)]
    return len(old), old[-1] if old else after, len(old) == STEP


def _is_from(since_us: int, at_us: object) -> bool:
    return isinstance(at_us, int) and since_us <= at_us <= LAST_US

"""What waits to be sent to the centre.

A row of the outbox is a pointer, written by a trigger in the transaction of the row it points to; the row is read when
it is sent, as it is then. It leaves the outbox only by the centre's verdict on that very number. Taking is reading,
over a connection of its own; settling is a transaction of the one writer.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from smartlogd.base.wire import Parcel, Verdicts, Waiting
from smartlogd.schema.instants import instant_of, micros
from smartlogd.store.asker import Asker
from smartlogd.store.begin import backfill, begin, end
from smartlogd.store.engine import Store
from smartlogd.store.keys import Keys
from smartlogd.store.payload import Item, Moment, items

__all__ = ["StoreOutbox", "backfill", "begin", "end"]

_HEADS = """
SELECT seq, kind, priority, row_id FROM outbox WHERE (priority, seq) > (?, ?) ORDER BY priority, seq LIMIT ?
"""
_START = (-1, 0)
_OF_EVENTS = frozenset({"event", "ended"})
_Head = tuple[int, str, int, str]
"""Number, kind, priority, and which row."""
_BRACKETS = 1  # two, less the comma after the last item: one is counted with each

_BOOTS = """
SELECT json_group_array(boot_id) FROM boots
WHERE boot_id = :boot OR machine_boot = (SELECT machine_boot FROM boots WHERE boot_id = :boot)
"""
_EPOCH = "SELECT epoch FROM devices WHERE id = ?"
_SENT = "SELECT kind, row_id FROM outbox WHERE seq IN (SELECT value FROM json_each(:seqs)) AND kind <> 'event'"
_WHOLE = _SENT.replace("kind, row_id", "'event', row_id", 1).replace("kind <> 'event'", "kind = 'ended'")
_DELETE = "DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each(:seqs))"
_BETWEEN = "DELETE FROM outbox WHERE seq BETWEEN ? AND ?"
_BURY = """
INSERT OR REPLACE INTO dead_letters (seq, kind, row_id, priority, at, died_at, reason)
SELECT seq, kind, row_id, priority, at, ?, ? FROM outbox WHERE seq = ?
"""
_ANY_DEAD = "SELECT EXISTS (SELECT 1 FROM dead_letters)"
_RISEN = "DELETE FROM dead_letters WHERE kind = ? AND row_id = ?"
_HIGH = "UPDATE devices SET high_seq = max(high_seq, ?) WHERE id = ?"
LONGEST_REASON = 500

_COUNT = "SELECT count(*), min(at) FROM outbox"
_DEAD = "SELECT count(*) FROM dead_letters"
# Only what came last can still wait for the clock; looking at all that waits would take long after a long outage.
_FOR_CLOCK = """
SELECT count(*) FROM outbox AS o JOIN events AS e ON e.id = CAST(o.row_id AS INTEGER)
WHERE o.seq > (SELECT max(seq) FROM outbox) - 20000 AND o.kind = 'event' AND e.clock_trusted = 0
  AND e.mono_us > :now_us - 900000000 AND e.boot_id IN (SELECT value FROM json_each(:boots))
"""


@dataclass(slots=True)
class _Load:
    """A parcel in the making."""

    bodies: list[str] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)
    void: list[int] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    """Rows of events that are in it."""
    end: tuple[int, int] = _START
    bytes: int = _BRACKETS

    def takes(self, body: str, most_bytes: int) -> bool:
        """Put the item in if there is room; the first always has it."""
        size = len(body.encode()) + 1
        if self.seqs and self.bytes + size > most_bytes:
            return False
        self.bytes += size
        self.bodies.append(body)
        return True

    def parcel(self) -> Parcel | None:
        """What is to be sent; None where there is nothing, not even what is to be let go."""
        if not self.seqs and not self.void:
            return None
        return Parcel(f"[{','.join(self.bodies)}]", tuple(self.seqs), self.end, tuple(self.void))


class StoreOutbox:
    """The outbox of an open store (`base.ports.Outbox`)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asker = Asker(store.path)
        self._boots: str | None = None

    async def take(
        self, most_rows: int, most_bytes: int, *, after: tuple[int, int] | None = None, now_us: int
    ) -> Parcel | None:
        """The most urgent rows, oldest first; None where nothing waits that may be sent.

        `after` is the end of a parcel that is still under way. Rows stamped by a clock not trusted wait for 15
        minutes, by the monotonic clock `now_us`, for a better one; so do faces where there is no fleet key. One row is
        given however large it is. A parcel may be without items (`seqs` empty) and only let numbers go (`void`).
        """
        return await self._asker.ask(
            lambda connection: _taken(
                connection, self._store.keys, most_rows, most_bytes, after or _START, self._moment(connection, now_us)
            )
        )

    async def settle(self, verdicts: Verdicts, void: Sequence[int] = ()) -> None:
        """Take the verdicts to heart, in one transaction: sent rows go, refused ones become dead letters.

        What is held, and what has no verdict, stays. DiskTrouble where it cannot be written; nothing is settled then.
        """
        now_us = micros(self._store.now().utc)
        if verdicts.ok or verdicts.duplicate or verdicts.rejected or void:
            await self._store.change(partial(_settle, verdicts, tuple(void), now_us, self._store.origin.device_id))

    async def waiting(self, *, now_us: int) -> Waiting:
        """How much waits."""
        return await self._asker.ask(lambda connection: counted(connection, self._moment(connection, now_us)))

    async def epoch(self) -> str:
        """The life of this device's database: with a row's number it names the row for good."""
        device = self._store.origin.device_id
        return await self._asker.ask(lambda connection: str(connection.execute(_EPOCH, (device,)).fetchone()[0]))

    async def close(self) -> None:
        """Close the reading connection; a second call does nothing."""
        await self._asker.close()

    def _moment(self, connection: sqlite3.Connection, now_us: int) -> Moment:
        """The starts that share this one's monotonic clock are asked for once: this process makes no others."""
        if self._boots is None:
            (self._boots,) = connection.execute(_BOOTS, {"boot": self._store.origin.boot_id}).fetchone()
        return Moment(now_us, self._boots)


def _taken(
    connection: sqlite3.Connection, keys: Keys, rows: int, most_bytes: int, after: tuple[int, int], moment: Moment
) -> Parcel | None:
    """The next parcel: on past what may not be sent yet, until there is something or all was looked at."""
    load = _Load(end=after)
    connection.execute("BEGIN")  # the pointers and their rows are of one instant
    try:
        while not load.seqs and (heads := connection.execute(_HEADS, (*load.end, rows)).fetchall()):
            _filled(load, heads, _read(connection, keys, heads, moment), most_bytes)
    finally:
        connection.execute("ROLLBACK")
    return load.parcel()


def _read(connection: sqlite3.Connection, keys: Keys, heads: Sequence[_Head], moment: Moment) -> dict[int, Item]:
    """The items of these heads, by number."""
    by_kind: defaultdict[str, list[int]] = defaultdict(list)
    for seq, kind, _, _ in heads:
        by_kind[kind].append(seq)
    return {item.seq: item for kind, seqs in by_kind.items() for item in items(connection, keys, kind, seqs, moment)}


def _filled(load: _Load, heads: Iterable[_Head], read: dict[int, Item], most_bytes: int) -> None:
    """Put in what there is room for, in the order of the heads; an event goes once in a parcel, with its end."""
    for seq, kind, priority, row in heads:
        item = read[seq]
        if not item.waits and (item.body is None or (kind == "ended" and row in load.events)):
            load.void.append(seq)
        elif not item.waits and item.body is not None and not (kind == "event" and row in load.events):
            if not load.takes(item.body, most_bytes):
                return
            load.seqs.append(seq)
            if kind in _OF_EVENTS:
                load.events.add(row)
        load.end = (priority, seq)


def _settle(
    verdicts: Verdicts, void: tuple[int, ...], now_us: int, device_id: int, connection: sqlite3.Connection
) -> None:
    """In the writer's transaction."""
    taken = [*verdicts.ok, *verdicts.duplicate]
    _raise_the_dead(connection, taken)
    connection.executemany(_BURY, [(now_us, reason[:LONGEST_REASON], seq) for seq, reason in verdicts.rejected.items()])
    _delete(connection, [*taken, *verdicts.rejected, *void])
    if taken:
        connection.execute(_HIGH, (max(taken), device_id))


def _raise_the_dead(connection: sqlite3.Connection, taken: Sequence[int]) -> None:
    """What was refused once, and was taken now that it changed, is no dead letter any more."""
    if taken and connection.execute(_ANY_DEAD).fetchone()[0]:
        asked = {"seqs": json.dumps(taken)}
        sent = [row for statement in (_SENT, _WHOLE) for row in connection.execute(statement, asked)]
        connection.executemany(_RISEN, sent)


def _delete(connection: sqlite3.Connection, seqs: Sequence[int]) -> None:
    """Take these numbers out: as one range where they are one."""
    if not seqs:
        return
    first, last = min(seqs), max(seqs)
    if last - first + 1 == len(set(seqs)):
        connection.execute(_BETWEEN, (first, last))
    else:
        connection.execute(_DELETE, {"seqs": json.dumps(seqs)})


def counted(connection: sqlite3.Connection, moment: Moment) -> Waiting:
    """How much waits, over any connection."""
    rows, oldest = connection.execute(_COUNT).fetchone()
    (for_clock,) = connection.execute(_FOR_CLOCK, {"now_us": moment.now_us, "boots": moment.boots}).fetchone()
    (dead,) = connection.execute(_DEAD).fetchone()
    return Waiting(rows, for_clock, None if oldest is None else instant_of(oldest), dead)

"""How fast the journal writes, beside the bare database: a number for `smartlogd bench`."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, Json, TrackId
from smartlogd.base.time import Stamp, SystemClock, monotonic_s
from smartlogd.store.engine import Store, open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.pragmas import WRITING
from smartlogd.store.rows import Batch, batch_of, rows_of

DEVICE = "bench"


@dataclass(frozen=True, slots=True)
class Pace:
    """Events a second, medians of alternating rounds: through the journal, and by bare `executemany`.

    `ratio` is the journal's share of the bare speed: the median of the rounds' own, for the two halves of a round
    meet the machine in the same mood.
    """

    journal_rows_per_s: float
    bare_rows_per_s: float
    ratio: float


async def pace(folder: Path, rows: int = 5000, rounds: int = 15) -> Pace:
    """Write `rows` events by the journal and by bare sqlite3, turn about, in folders made and removed in `folder`.

    Both write the same rows (events, their passings, their subjects) with the same pragmas, in transactions of as
    many events. The bare side gets its rows ready-made; the journal makes them of Events, and gives receipts.
    """
    options = StoreOptions(reserve_mib=0, queue_rows=max(100, rows))
    events = visits(rows, SystemClock().now())
    journal: list[float] = []
    bare: list[float] = []
    for _ in range(rounds):
        journal.append(rows / await _journal_s(folder, options, events))
        bare.append(rows / await _bare_s(folder, options, events))
    ratios = (ours / theirs for ours, theirs in zip(journal, bare, strict=True))
    return Pace(median(journal), median(bare), median(ratios))


def visits(rows: int, at: Stamp) -> list[Event]:
    """People who come into view and pass a line: two events each, one visit a second from `at` on."""
    ids = LiveIds()
    return [event for number in range((rows + 1) // 2) for event in _visit(ids, at.shifted(number), number)][:rows]


def _visit(ids: LiveIds, at: Stamp, number: int) -> tuple[Event, Event]:
    """One person's two events."""
    track = TrackId(number + 1)
    subject = ids.subject(track, at)
    passing: dict[str, Json] = {"line": "door", "action": "I", "track": track, "confidence": 0.9, "x": 0.5, "y": 0.6}
    came = Event(ids.event("person_entered", track, at), DEVICE, "person_entered", at, subject, data={"track": track})
    return came, Event(ids.event("crossing", track, at), DEVICE, "crossing", at, subject, data=passing)


def _open(folder: Path, options: StoreOptions) -> Store:
    """A fresh store."""
    return open_store(folder, device=DEVICE, version="bench", clock=SystemClock(), options=options, boot=uuid4())


async def _journal_s(folder: Path, options: StoreOptions, events: list[Event]) -> float:
    """Seconds from the first append to the last receipt."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        store = _open(Path(place), options)
        running = asyncio.create_task(store.journal.run())
        await store.journal.append(_visit(LiveIds(), SystemClock().now(), 0)[0]).durable()  # imports and opens
        begun_s = monotonic_s()
        receipts = []
        for event in events:
            await store.journal.room()
            receipts.append(store.journal.append(event))
        await receipts[-1].durable()
        took_s = monotonic_s() - begun_s
        running.cancel()
        await asyncio.wait([running])
        await store.close()
        return took_s


async def _bare_s(folder: Path, options: StoreOptions, events: list[Event]) -> float:
    """Seconds for the same rows in the same transactions, without us."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        store = _open(Path(place), options)
        ready = [rows_of(event, store.origin) for event in events]
        await store.close()
        step = options.group_rows
        batches = [batch_of(ready[start : start + step]) for start in range(0, len(ready), step)]
        return await asyncio.to_thread(_executemany_s, store.path, batches)


def _executemany_s(path: Path, batches: list[Batch]) -> float:
    """The bare loop."""
    from smartlogd.store.writer import INSERT_EVENT, INSERT_PASSING, UPSERT_SUBJECT

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in WRITING:
            connection.execute(pragma)
        begun_s = monotonic_s()
        for batch in batches:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT_EVENT, batch.events)
            connection.executemany(INSERT_PASSING, batch.passings)
            connection.executemany(UPSERT_SUBJECT, batch.subjects)
            connection.execute("COMMIT")
        return monotonic_s() - begun_s

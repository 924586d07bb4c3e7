"""The power is cut, a thousand times: no row that was acknowledged is lost, and the file is whole."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from powercut import Disk, Note, compiled, recorded

CUTS = 1000

# The project's own store and journal, opened four times; each event's id is told when its receipt is good. The last
# time it ends without a word. Arguments: the folder, how much SQLite is to sync,
# and an eighth of the number of events.
WRITER = """
import asyncio, os, random, sys
from pathlib import Path
from uuid import UUID
import smartlogd.store.pragmas as pragmas
pragmas.WRITING = tuple(one.replace("synchronous = FULL", f"synchronous = {sys.argv[2]}") for one in pragmas.WRITING)
from smartlogd.base.ids import LiveIds, uuid7
from smartlogd.base.known import Event, TrackId
from smartlogd.base.time import SystemClock
from smartlogd.store.engine import open_store
from smartlogd.store.options import StoreOptions

folder, clock, ids = Path(sys.argv[1]), SystemClock(), LiveIds()
ear = os.open(folder / "acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

async def told(event, receipt):
    await receipt.durable()
    os.write(ear, f"{event.id}\\n".encode())

async def life(events, *, closes):
    options = StoreOptions(group_commit_s=0.002, group_rows=8, reserve_mib=0)
    store = open_store(folder, device="door", version="0", clock=clock, options=options, boot=uuid7(clock.now()))
    running = asyncio.create_task(store.journal.run())
    running.add_done_callback(lambda done: done.cancelled() or os._exit(3))  # it should never end by itself
    tasks = []
    for track in range(1, events + 1):
        at = clock.now()
        data = {"line": "door", "action": "I", "track": track, "confidence": 1, "x": 0, "y": 0}
        id_, subject = ids.event("crossing", track, at), ids.subject(TrackId(track), at)
        event = Event(id_, "door", "crossing", at, subject, data=data)
        tasks.append(asyncio.create_task(told(event, store.journal.append(event))))
        if random.random() < 0.3:
            await tasks[-1]
    await asyncio.gather(*tasks)
    if not closes:
        os._exit(0)
    running.cancel()
    await asyncio.wait([running])
    await store.close()

random.seed(7)
for share, closes in ((1, True), (2, True), (1, True), (4, False)):
    asyncio.run(life(share * int(sys.argv[3]), closes=closes))
"""


@dataclass
class Found:
    """After how many cuts: how many of them had rows to lose, lost any, or left a file that is not whole."""

    cuts: int
    with_rows: int
    losing: int
    broken: int


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("recorder"))


def cut_often(notes: list[Note], place: Path, cuts: int, seed: int) -> Found:
    """Cut the power at so many moments of the record, in their order."""
    chance = random.Random(seed)
    disk, done, found = Disk(), 0, Found(cuts, 0, 0, 0)
    for moment in sorted(chance.randint(1, len(notes)) for _ in range(cuts)):
        for note in notes[done:moment]:
            disk.do(note)
        done = moment
        disk.cut(place, chance)
        acknowledged = disk.ids()
        found.with_rows += bool(acknowledged)
        kept = rows_of(place)
        found.broken += kept is None
        found.losing += not acknowledged <= (kept or set())
    return found


def rows_of(folder: Path) -> set[str] | None:
    """The events that are there with their passings; None where the file is not whole."""
    path = folder / "smartlog.db"
    if not path.exists():
        return set()
    try:
        with closing(sqlite3.connect(path)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return None
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return set()
            return {row[0] for row in connection.execute("SELECT event_id FROM events JOIN smartlog USING (event_id)")}
    except sqlite3.DatabaseError:
        return None


def test_no_power_cut_loses_an_acknowledged_row(tmp_path: Path, recorder: Path, long_run: bool) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    eighth = 100 if long_run else 30
    notes = recorded(WRITER, folder, recorder, "FULL", str(eighth))
    assert len(rows_of(folder) or ()) == 8 * eighth, "the writer did not write: this proves nothing"
    found = cut_often(notes, tmp_path / "cut", CUTS if long_run else CUTS // 10, seed=1)
    assert found.with_rows > 0.8 * found.cuts, "nothing was acknowledged by then: this proves nothing"
    assert (found.losing, found.broken) == (0, 0)


def test_without_syncing_the_same_cuts_do_lose_rows(tmp_path: Path, recorder: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    found = cut_often(recorded(WRITER, folder, recorder, "OFF", "20"), tmp_path / "cut", CUTS // 20, seed=1)
    assert found.losing > found.cuts // 2

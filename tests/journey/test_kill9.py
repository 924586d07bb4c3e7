"""The promise of a receipt, tried the hard way: a real writer, killed fifty times without warning."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from subprocess import PIPE, Popen
from time import sleep

import pytest

from smartlogd.store.log import passings

KILLS = 50

# Imports once, then forks a writer for each line it reads: "FOLDER<tab>FILE". A writer tells FILE "open" when its
# store is open, and each event's id as soon as its receipt is good.
NURSERY = """
import asyncio, os, random, signal, sys
from pathlib import Path
from uuid import uuid4
import smartlogd.store.writer
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, TrackId
from smartlogd.base.time import SystemClock
from smartlogd.store.engine import open_store
from smartlogd.store.options import StoreOptions

async def told(event, receipt, ear):
    await receipt.durable()
    os.write(ear, f"{event.id}\\n".encode())

async def main(folder, ear):
    clock, ids = SystemClock(), LiveIds()
    options = StoreOptions(group_commit_s=0.01, group_rows=20, reserve_mib=0)
    store = open_store(Path(folder), device="door", version="0", clock=clock, options=options, boot=uuid4())
    os.write(ear, b"open\\n")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.journal.run())
        for track in range(1, 10**9):
            at = clock.now()
            data = {"line": "door", "action": random.choice("IO"), "track": track, "confidence": 1, "x": 0, "y": 0}
            subject = ids.subject(TrackId(track), at)
            event = Event(ids.event("crossing", track, at), "door", "crossing", at, subject, data=data)
            await store.journal.room()
            tasks.create_task(told(event, store.journal.append(event), ear))
            await asyncio.sleep(random.random() * 0.002)

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed are buried at once
print("ready", flush=True)
for line in sys.stdin:
    folder, ear = line.rstrip("\\n").split("\\t")
    pid = os.fork()
    if pid == 0:
        random.seed()
        asyncio.run(main(folder, os.open(ear, os.O_WRONLY | os.O_CREAT)))
        os._exit(1)
    print(pid, flush=True)
"""


class Writer:
    """A writing process of its own, and what it told."""

    def __init__(self, pid: int, ear: Path) -> None:
        self._pid = pid
        self._ear = ear

    def told(self) -> list[str]:
        """Whole lines only."""
        return self._ear.read_text().split("\n")[:-1] if self._ear.exists() else []

    def _lives(self) -> bool:
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait_for(self, lines: int) -> None:
        """Until it has told so many lines; ten seconds at most."""
        for _ in range(2000):
            if len(self.told()) >= lines:
                return
            assert self._lives(), "the writer ended by itself: this start did not work"
            sleep(0.005)
        pytest.fail(f"the writer told {len(self.told())} lines, not {lines}")

    def kill(self) -> set[str]:
        """Kill -9 it, who must be alive until then; gives the ids it told."""
        assert self._lives(), "the writer ended by itself: this start did not work"
        os.kill(self._pid, signal.SIGKILL)
        while self._lives():
            sleep(0.001)
        return set(self.told()) - {"open"}


Starter = Callable[[], Writer]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture(scope="module")
def nursery() -> Iterator[Popen[str]]:
    with Popen([sys.executable, "-c", NURSERY], stdin=PIPE, stdout=PIPE, text=True) as nursery:
        assert nursery.stdout is not None
        assert nursery.stdout.readline() == "ready\n"
        yield nursery


@pytest.fixture
def start(tmp_path: Path, folder: Path, nursery: Popen[str]) -> Starter:
    numbers = count()

    def started() -> Writer:
        assert nursery.stdout is not None
        ear = tmp_path / f"told-{next(numbers)}"
        print(folder, ear, sep="\t", file=nursery.stdin, flush=True)
        return Writer(int(nursery.stdout.readline()), ear)

    return started


def column(path: Path, query: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute(query)]


def test_fifty_kills_lose_no_acknowledged_row_and_every_next_start_works(
    folder: Path, start: Starter, long_run: bool
) -> None:
    kills = 10 * KILLS if long_run else KILLS
    chance = random.Random(20)
    acknowledged: set[str] = set()
    for number in range(kills):
        writer = start()
        if number % 5:
            writer.wait_for(2)  # open, and a first event written
        sleep(chance.uniform(0.0, 0.2))
        acknowledged |= writer.kill()
    last = start()
    last.wait_for(2)
    acknowledged |= last.kill()

    read = {passing.event_id for passing in passings(folder, after_id=0, limit=10**6)}
    assert acknowledged <= read  # also for a reader that comes before anyone has tidied up
    path = folder / "smartlog.db"
    assert column(path, "PRAGMA integrity_check") == ["ok"]
    assert column(path, "PRAGMA foreign_key_check") == []
    events = column(path, "SELECT event_id FROM events")
    passed = column(path, "SELECT event_id FROM smartlog")
    assert len(acknowledged) > 10 * kills, "the writers hardly wrote: this proves nothing"
    assert acknowledged <= set(passed)
    assert sorted(events) == sorted(passed)  # a crossing is both rows or neither
    assert len(events) == len(set(events))
    assert column(path, "SELECT count(*) FROM smartlog WHERE uuid NOT IN (SELECT uuid FROM subjects)") == [0]


@pytest.mark.parametrize("delay_ms", [0, 3, 6, 10, 15, 20, 30, 50])
def test_a_first_start_killed_at_any_moment_can_be_done_again(folder: Path, start: Starter, delay_ms: int) -> None:
    first = start()
    sleep(delay_ms / 1000)
    told = first.kill()
    second = start()
    second.wait_for(2)
    told |= second.kill()
    path = folder / "smartlog.db"
    assert column(path, "PRAGMA integrity_check") == ["ok"]
    assert told <= set(column(path, "SELECT event_id FROM smartlog"))
    assert len(column(path, "SELECT id FROM users")) == 1

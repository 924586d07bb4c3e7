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

from smartlogd.base.time import SystemClock
from smartlogd.store.engine import transaction
from smartlogd.store.keys import Keys
from smartlogd.store.log import passings
from smartlogd.store.retention import sweep
from smartlogd.store.templates import read

KILLS = 50

# Imports once, then forks a writer for each line it reads: "FOLDER<tab>FILE<tab>FACES". A writer tells FILE "open" when
# its store is open, and each event's id as soon as its receipt is good. With FACES it learns a face with each event.
NURSERY = """
import asyncio, os, random, signal, sys
from pathlib import Path
from uuid import uuid4
import numpy as np
import cryptography.hazmat.primitives.ciphers.aead
import smartlogd.store.writer
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, TrackId
from smartlogd.base.time import SystemClock
from smartlogd.base.who import Recognition, Template, Who
from smartlogd.store.engine import open_store
from smartlogd.store.options import StoreOptions

async def told(event, receipt, ear):
    await receipt.durable()
    os.write(ear, f"{event.id}\\n".encode())

def face(event):
    template = Template(event.id, Who(event.subject, False), "m", np.full(128, 0.1, np.float32), 0.5)
    crop = b"\\xff\\xd8" + bytes(5000) + b"\\xff\\xd9"
    return Recognition(event.subject, event.stamp, templates=(template,), crop=crop)

async def main(folder, ear, learns):
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
            receipt = store.journal.append(event)
            tasks.create_task(told(event, store.journal.learn(face(event)) if learns else receipt, ear))
            await asyncio.sleep(random.random() * 0.002)

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed are buried at once
print("ready", flush=True)
for line in sys.stdin:
    folder, ear, learns = line.rstrip("\\n").split("\\t")
    pid = os.fork()
    if pid == 0:
        random.seed()
        asyncio.run(main(folder, os.open(ear, os.O_WRONLY | os.O_CREAT), bool(learns)))
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


Starter = Callable[..., Writer]


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

    def started(*, learns: bool = False) -> Writer:
        assert nursery.stdout is not None
        ear = tmp_path / f"told-{next(numbers)}"
        print(folder, ear, "faces" if learns else "", sep="\t", file=nursery.stdin, flush=True)
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


def test_kills_while_learning_leave_every_acknowledged_face_openable(
    folder: Path, start: Starter, long_run: bool
) -> None:
    kills, chance = 100 if long_run else 10, random.Random(30)
    acknowledged: set[str] = set()
    for _ in range(kills):
        writer = start(learns=True)
        writer.wait_for(2)
        sleep(chance.uniform(0.0, 0.2))
        acknowledged |= writer.kill()
    assert len(acknowledged) > 2 * kills, "the writers hardly wrote: this proves nothing"

    keys, path = Keys.open(folder), folder / "smartlog.db"
    kept = read(folder, keys)
    assert kept.spoilt == ()
    assert acknowledged <= {str(template.id) for template in kept.templates}
    assert column(path, "PRAGMA integrity_check") == ["ok"]
    assert column(path, "SELECT count(*) FROM events WHERE event_id NOT IN (SELECT id FROM face_templates)") == [0]
    pictures = column(path, "SELECT best_crop FROM subjects WHERE best_crop IS NOT NULL")
    assert len(pictures) == len(kept.templates)
    assert all((folder / picture).read_bytes().endswith(b"\xff\xd9") for picture in pictures)
    with transaction(path) as connection:
        sweep(connection, keys, folder, SystemClock().now().utc, crop_keep_h=72, stranger_keep_d=14)
    assert sorted(path.name for path in (folder / "faces").iterdir()) == sorted(Path(one).name for one in pictures)
    assert {str(owner) for owner in keys.owners()} == {str(template.who.id) for template in kept.templates}


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

"""A store in a folder of its own, events to put into it, and disks that are too small or cannot be written."""

from __future__ import annotations

import datetime as dt
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from kept import written

from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, PersonId, SubjectId, TrackId
from smartlogd.base.time import Clock, Stamp, SystemClock
from smartlogd.base.who import Template, Who
from smartlogd.store.engine import Store, open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.pragmas import WRITING
from smartlogd.store.rows import Origin
from smartlogd.store.tables import make_tables

AT = Stamp(5_000_000_000, dt.datetime(2027, 3, 1, 12, 0, 0, 123456, dt.UTC), trusted=True)
QUICK = StoreOptions(group_commit_s=0.02, reserve_mib=0, retry_s=0.02, retry_roof_s=0.1, busy_s=0.1, stop_s=2)
Opener = Callable[..., Store]
Maker = Callable[..., Event]
Disk = Callable[[str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def at() -> Stamp:
    """An instant by a trusted clock."""
    return AT


@pytest.fixture
def origin() -> Origin:
    return Origin("door", 1, 1, str(UUID(int=1)))


@pytest.fixture
def opener(folder: Path) -> Opener:
    def opened(
        folder: Path = folder, *, options: StoreOptions = QUICK, clock: Clock | None = None, device: str = "door",
        boot: UUID | None = None, version: str = "0.1.0", machine_boot: str | None = None,
    ) -> Store:  # fmt: skip
        clock = clock or SystemClock()
        return open_store(
            folder, device=device, version=version, clock=clock, options=options, boot=boot or uuid4(),
            machine_boot=machine_boot,
        )  # fmt: skip

    return opened


@pytest.fixture
def crossing() -> Maker:
    ids = LiveIds()

    def made(
        *, stamp: Stamp = AT, subject: SubjectId | None = None, line: str = "door", action: str = "I", track: int = 1
    ) -> Event:
        data = {"line": line, "action": action, "track": track, "confidence": 0.75, "x": 0.5, "y": 0.5}
        subject = subject or ids.subject(TrackId(track), stamp)
        return Event(ids.event("crossing", TrackId(track), stamp), "door", "crossing", stamp, subject, data=data)

    return made


@pytest.fixture
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a database with no rows, as the writer's is set."""
    folder.mkdir(mode=0o700)
    make_tables(folder / "smartlog.db")
    with closing(sqlite3.connect(folder / "smartlog.db", isolation_level=None)) as connection:
        for pragma in WRITING:
            connection.execute(pragma)
        yield connection


@pytest.fixture
def known(database: sqlite3.Connection) -> Callable[..., tuple[int, PersonId]]:
    """Makes a person; gives the row's id and the uid."""

    def made(name: str = "Resident") -> tuple[int, PersonId]:
        uid = PersonId(uuid4())
        row = "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES (?, ?, 'member', 0, 0) RETURNING id"
        return database.execute(row, (str(uid), name)).fetchone()[0], uid

    return made


@pytest.fixture
def seen(database: sqlite3.Connection) -> Callable[..., SubjectId]:
    """Makes a subject, and a passing of it."""

    def made(*, user_id: int | None = None, into: UUID | None = None, at_us: int = 0, passed: bool = True) -> SubjectId:
        uuid, row = SubjectId(uuid4()), "(uuid, user_id, merged_into, has_face, ignored, first_seen, last_seen)"
        values = (str(uuid), user_id, into and str(into), at_us, at_us)
        database.execute(f"INSERT INTO subjects {row} VALUES (?, ?, ?, 1, 0, ?, ?)", values)
        if passed:
            database.execute("INSERT INTO smartlog (uuid, action, timestamp) VALUES (?, 'I', ?)", (str(uuid), at_us))
        return uuid

    return made


@pytest.fixture
def face() -> Callable[..., Template]:
    """Makes a template of someone; the same seed has the same numbers."""

    def made(seed: int = 0, quality: float = 0.5, *, who: UUID | None = None, model: str = "m") -> Template:
        vector = np.random.default_rng(seed).normal(size=128).astype(np.float32)
        vector *= np.float32(1.4) / np.linalg.norm(vector)
        return Template(uuid4(), Who(who or uuid4(), is_known=False), model, vector, quality)

    return made


@pytest.fixture
def running() -> Callable[[Store], object]:
    return written


@pytest.fixture
def turn_read_only() -> Iterator[Callable[..., None]]:
    """Does to a mounted disk what a worn-out card does to itself, and takes it back.

    A mount with files open for writing cannot be turned, so a read-only one is laid over it.
    """
    turned: list[Path] = []

    def turn(disk: Path, *, back: bool = False) -> None:
        if back:
            subprocess.run(["umount", str(turned.pop())], check=True)
            return
        subprocess.run(["mount", "--bind", str(disk), str(disk)], check=True)
        turned.append(disk)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(disk)], check=True)

    yield turn
    for disk in turned:
        subprocess.run(["umount", "-l", str(disk)], check=True)

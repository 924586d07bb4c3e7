"""A device that records and uploads is killed without warning, again and again: rows, files and objects agree after it.

The child is the real recorder, shelf and upload, on an object store of its own; beside what it films it makes larger
files, which travel in parts, and deletes some of what there is. It is killed at random moments. After every other kill
`smartlogd db check --repair` is asked, as a person would; after the others the next start does what it can by itself.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, Popen
from time import monotonic, sleep
from typing import Any

import pytest
from objectstore import ACCESS, SECRET, Bucket, ObjectStore, running

pytestmark = pytest.mark.services

KILLS = 30
DEVICE = "door"

# Imports once, then forks a device for each line it reads: "FOLDER<tab>FILE<tab>ENDPOINT<tab>BUCKET". A device tells
# FILE what it did: "open", and a word for each thing that was done.
NURSERY = """
import asyncio, hashlib, os, random, signal, sys
from contextlib import suppress
from pathlib import Path
from uuid import uuid4
import av, boto3
import numpy as np
import cryptography.hazmat.primitives.ciphers.aead
import smartlogd.store.writer
from smartlogd.base.errors import SmartlogError
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import EventId, Filed, Medium, Recording
from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.record.clip import Clip
from smartlogd.record.options import RecordOptions
from smartlogd.record.recorder import Recorder
from smartlogd.store.changes import applied, understood
from smartlogd.store.engine import open_store
from smartlogd.store.media import StoreMedia
from smartlogd.store.options import StoreOptions
from smartlogd.store.orphans import begin
from smartlogd.store.outcome import Work
from smartlogd.store.shelf import StoreShelf
from smartlogd.sync.options import MediaOptions, SyncOptions
from smartlogd.sync.s3 import Objects
from smartlogd.sync.upload import Upload

class SetClock:
    def __init__(self):
        self.clock = SystemClock()
    def now(self):
        at = self.clock.now()
        return Stamp(at.mono_ns, at.utc, trusted=True)

class Device:
    def __init__(self, folder, ear, endpoint, bucket):
        self.folder, self.ear, self.clock, self.ids = folder, ear, SetClock(), LiveIds()
        options = StoreOptions(group_commit_s=0.01, reserve_mib=0, keep_free_mib=0)
        self.store = open_store(folder, device="door", version="0", clock=self.clock, options=options, boot=uuid4())
        self.shelf = StoreShelf(self.store, lambda: options)
        media = MediaOptions(bucket=bucket, endpoint=endpoint, part_mib=5, look_s=0.2)
        self.upload = Upload(
            media=StoreMedia(self.store), objects=Objects.of(media, folder), options=SyncOptions(media=media),
            folder=folder, device="door", clock=self.clock,
        )
        record = RecordOptions(encoder="libx264", encode_fps=15, before_s=0.5)
        self.recorder = Recorder(lambda: record, self.shelf, folder, self.ids, self.clock)
        self.frame = None
        self.made = []

    def tell(self, word):
        os.write(self.ear, f"{word}\\n".encode())

    async def live(self):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.store.journal.run())
            for done in await self.shelf.recover():
                self.tell("mended")
            await self.store.change(lambda connection: begin(connection, self.clock.now()))
            self.tell("open")
            for part in (self.film, self.recorder.run, self.upload.run, self.clips, self.clips, self.shots, self.big,
                         self.deletions):
                tasks.create_task(part())

    async def film(self):
        noise = np.random.default_rng(os.getpid())
        for seq in range(10**9):
            pixels = noise.integers(0, 255, (48, 64, 3), np.uint8).repeat(2, 0).repeat(2, 1)
            self.frame = Frame(seq, self.clock.now(), pixels)
            self.recorder.watch(self.frame, None, ())
            await asyncio.sleep(1 / 15)

    async def clips(self):
        while True:
            await asyncio.sleep(random.random() * 0.3)
            with suppress(SmartlogError):
                clip = await self.recorder.clip(1.0 + random.random() * 0.4, ("by hand",))
                self.done("clip", clip.id)

    async def shots(self):
        while True:
            await asyncio.sleep(random.random() * 0.2)
            if self.frame is not None:
                self.done("snapshot", (await self.recorder.snapshot(self.frame, ("by hand",), "a note")).id)

    async def big(self):
        while True:
            await asyncio.sleep(random.random() * 0.5)
            at = self.clock.now()
            recording = Recording(self.ids.event("clip_saved", None, at), Medium.CLIP, at, 9.0, ".mp4")
            path = self.folder / await self.shelf.plan(recording)
            content = random.randbytes(11 * 1024 * 1024)
            temporary = path.with_name(f".{path.stem}.big.part")
            await asyncio.to_thread(temporary.write_bytes, content)
            temporary.replace(path)
            digest = hashlib.sha256(content).hexdigest()
            await self.shelf.filed(recording.id, Filed(f"clips/{path.name}", len(content), digest, at, 9.0))
            self.done("big", recording.id)

    async def deletions(self):
        while True:
            await asyncio.sleep(random.random() * 0.3)
            if len(self.made) > 3:
                one = self.made.pop(random.randrange(len(self.made)))
                asked = understood("recording-delete", {"recording": str(one)})
                await self.store.change(lambda connection: applied(asked, Work(
                    connection, self.store.keys, self.folder, self.clock.now(), self.store.origin.boot_id)))
                self.upload.again()
                self.tell("deleted")

    def done(self, what, id_):
        self.made.append(id_)
        self.upload.again()
        self.tell(what)

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed are buried at once
print("ready", flush=True)
for line in sys.stdin:
    folder, ear, endpoint, bucket = line.rstrip("\\n").split("\\t")
    pid = os.fork()
    if pid == 0:
        random.seed()
        asyncio.run(Device(Path(folder), os.open(ear, os.O_WRONLY | os.O_CREAT), endpoint, bucket).live())
        os._exit(1)
    print(pid, flush=True)
"""


class Device:
    """A recording process of its own, and what it told."""

    def __init__(self, pid: int, ear: Path) -> None:
        self._pid, self._ear = pid, ear

    def told(self) -> list[str]:
        return self._ear.read_text().split("\n")[:-1] if self._ear.exists() else []

    def lives(self) -> bool:
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait_for(self, word: str) -> None:
        until = monotonic() + 60
        while word not in self.told():
            assert self.lives(), "the device ended by itself: this start did not work"
            assert monotonic() < until, f"the device never told {word!r}, but {self.told()}"
            sleep(0.01)

    def kill(self) -> list[str]:
        """Kill -9 it, who must be alive until then; gives what it told."""
        assert self.lives(), "the device ended by itself: this start did not work"
        os.kill(self._pid, signal.SIGKILL)
        while self.lives():
            sleep(0.001)
        return self.told()


@pytest.fixture(scope="module")
def object_store() -> Iterator[ObjectStore]:
    with running() as store:
        yield store


@pytest.fixture
def bucket(object_store: ObjectStore) -> Iterator[Bucket]:
    made = Bucket(object_store)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    secret = folder / "s3.secret"
    secret.touch(mode=0o600)
    secret.write_text(f"{ACCESS}\n{SECRET}\n")
    return folder


@pytest.fixture
def start(tmp_path: Path, folder: Path, bucket: Bucket) -> Iterator[Callable[[], Device]]:
    started: list[Device] = []
    with Popen([sys.executable, "-c", NURSERY], stdin=PIPE, stdout=PIPE, text=True) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        ask, answers = nursery.stdin, nursery.stdout
        assert answers.readline() == "ready\n"

        def begun() -> Device:
            ear = tmp_path / f"told-{len(started)}"
            print(folder, ear, bucket.store.url, bucket.name, sep="\t", file=ask, flush=True)
            started.append(Device(int(answers.readline()), ear))
            return started[-1]

        yield begun
        for device in started:
            if device.lives():
                device.kill()


def repaired(folder: Path, bucket: Bucket) -> str:
    """Ask as a person would; what was said."""
    settings = {
        "DEVICE__STATE_DIR": str(folder),
        "DEVICE__NAME": DEVICE,
        "SYNC__MEDIA__BUCKET": bucket.name,
        "SYNC__MEDIA__ENDPOINT": bucket.store.url,
    }
    environment = {**os.environ, **{f"SMARTLOG_{key}": value for key, value in settings.items()}}
    words = [sys.executable, "-m", "smartlogd", "db", "check", "--repair"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is whole" in done.stdout
    return done.stdout


def keys_in(bucket: Bucket) -> list[str]:
    return bucket.names()


def rows_of(folder: Path) -> list[dict[str, Any]]:
    columns = "m.event_id AS id, phase, path, bytes, sha256, s3_uri AS uri, e.id AS event"
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        connection.row_factory = sqlite3.Row
        assert [row[0] for row in connection.execute("PRAGMA integrity_check")] == ["ok"]
        return [
            {**row, "still": row["still"]}
            for table, still in (("clips", "preview_png"), ("snapshots", "NULL"))
            for row in connection.execute(
                f"SELECT {columns}, {still} AS still FROM {table} AS m LEFT JOIN events AS e USING (event_id)"
            )
        ]


def agree(folder: Path, bucket: Bucket) -> dict[str, int]:
    """Rows, files and objects say the same, by this test's own counting; how many rows are in each phase."""
    rows = rows_of(folder)
    assert all(row["event"] is not None for row in rows), "a recording without the event of its being saved"
    expected: set[str] = set()
    objects: set[str] = set()
    for row in rows:
        assert row["phase"] in {"kept", "uploaded", "lost"}, row
        if row["phase"] == "lost":
            assert row["path"] is None
        if row["path"]:
            content = (folder / row["path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == row["sha256"]
            assert len(content) == row["bytes"]
            expected.add(row["path"])
        if row["path"] and row["still"]:
            expected.add(str(Path(row["path"]).with_suffix(Path(row["still"]).suffix)))
        if row["phase"] == "uploaded":
            assert bucket.sha256(row["uri"].removeprefix(f"s3://{bucket.name}/")) == row["sha256"]
        if row["phase"] != "lost" or row["uri"]:
            objects.add(row["id"])
    there = {str(file.relative_to(folder)) for table in ("clips", "snapshots") for file in (folder / table).glob("*")}
    assert there == expected, "files without rows, or rows without files"
    named = {key.rpartition("/")[2].partition(".")[0] for key in keys_in(bucket)}
    assert named <= objects, "objects without rows"
    phases = [row["phase"] for row in rows]
    return {phase: phases.count(phase) for phase in set(phases)}


def test_kills_while_recording_and_uploading_leave_rows_files_and_objects_in_agreement(
    folder: Path, bucket: Bucket, start: Callable[[], Device], long_run: bool
) -> None:
    kills, chance = KILLS if long_run else KILLS // 10, random.Random(9)
    told: list[str] = []
    for number in range(kills):
        device = start()
        device.wait_for("open")
        if number % 3 == 0:
            device.wait_for("clip")
        sleep(chance.uniform(0.0, 2.5))
        told += device.kill()
        if number % 2 == 0:
            repaired(folder, bucket)
            agree(folder, bucket)
    repaired(folder, bucket)
    phases = agree(folder, bucket)
    assert {"clip", "snapshot", "big", "deleted"} <= set(told), f"hardly anything was done: {told}"
    assert phases.get("uploaded", 0) >= kills, f"hardly anything was uploaded: {phases}"
    assert phases.get("lost", 0) >= kills

    last = start()  # what is left is uploaded and erased, and nothing is in the way
    last.wait_for("open")
    last.wait_for("clip")
    last.kill()


def test_an_object_that_no_row_names_is_found_and_erased(
    folder: Path, bucket: Bucket, start: Callable[[], Device]
) -> None:
    device = start()
    device.wait_for("snapshot")
    device.kill()
    repaired(folder, bucket)
    # As if the device had been killed after its object was there, and the recording deleted at the next start.
    from smartlogd.base.ids import uuid7
    from smartlogd.base.time import SystemClock

    now = SystemClock().now()
    stray, older, foreign = (
        f"smartlog/{DEVICE}/2026/11/22/{uuid7(now)}.mp4",
        f"smartlog/{DEVICE}/2026/11/01/{uuid7(now.shifted(-86_400))}.mp4",
        f"smartlog/other-door/2026/11/22/{uuid7(now)}.mp4",
    )
    holiday = f"smartlog/{DEVICE}/holiday.jpg"
    for key in (stray, older, foreign, holiday):
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"x")
    said = repaired(folder, bucket)
    assert f"s3://{bucket.name}/{stray}: it belonged to no recording, and was erased." in said
    assert {older, foreign, holiday} <= set(keys_in(bucket)), "what may be another life's is let be"
    assert stray not in keys_in(bucket)

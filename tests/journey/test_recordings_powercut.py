"""The power is cut while recordings are made and deleted: what was acknowledged is there, and nothing is half there."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from powercut import Disk, compiled, recorded

from smartlogd.base.time import SystemClock
from smartlogd.store.alone import changed_alone
from smartlogd.store.changes import understood
from smartlogd.store.check import checked
from smartlogd.store.recognise import version_of

CUTS = 300

# The project's own shelf, and files written as its recorder writes them. It tells "+ID" when a recording is kept, and
# "-ID" when one is about to be deleted. Arguments: the folder, how many recordings, and whether files are synced.
WRITER = """
import asyncio, hashlib, os, random, sys
from pathlib import Path
from uuid import uuid4
from smartlogd.base.files import place
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Filed, Medium, Recording
from smartlogd.base.time import SystemClock
from smartlogd.record import place as places
from smartlogd.record.place import settle, temporary_beside
from smartlogd.store.changes import applied, understood
from smartlogd.store.engine import open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.outcome import Work
from smartlogd.store.shelf import StoreShelf

if sys.argv[3] == "careless":
    places._sync = lambda path: None
folder, clock, ids = Path(sys.argv[1]), SystemClock(), LiveIds()
ear = os.open(folder / "acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
options = StoreOptions(group_commit_s=0.002, reserve_mib=0, keep_free_mib=0)

def write(path, content):
    temporary = temporary_beside(path)
    temporary.write_bytes(content)
    if path.suffix == ".mp4":
        place(path.with_suffix(".png"), b"a still")
    settle(temporary, path)

async def one(shelf, number):
    at = clock.now()
    medium, suffix = random.choice(((Medium.CLIP, ".mp4"), (Medium.SNAPSHOT, ".jpg")))
    recording = Recording(ids.event("clip_saved", None, at), medium, at, 1.0, suffix)
    path = await shelf.plan(recording)
    content = random.randbytes(random.randrange(1, 20_000))
    write(folder / path, content)
    still = path.replace(".mp4", ".png") if suffix == ".mp4" else None
    digest = hashlib.sha256(content).hexdigest()
    await shelf.filed(recording.id, Filed(path, len(content), digest, at, 1.0, still))
    os.write(ear, f"+{recording.id}\\n".encode())
    return recording.id

async def delete(store, id_):
    os.write(ear, f"-{id_}\\n".encode())
    asked = understood("recording-delete", {"recording": str(id_)})
    await store.change(lambda connection: applied(asked, Work(connection, store.keys, folder, clock.now())))

async def life():
    store = open_store(folder, device="door", version="0", clock=clock, options=options, boot=uuid4())
    running = asyncio.create_task(store.journal.run())
    shelf, made = StoreShelf(store, lambda: options), []
    for number in range(int(sys.argv[2])):
        made.append(await one(shelf, number))
        if random.random() < 0.3:
            await delete(store, made.pop(random.randrange(len(made))))
    os._exit(0)

random.seed(7)
asyncio.run(life())
"""


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("recorder"))


def put_right(folder: Path) -> None:
    """As the next start does."""
    changed_alone(folder, understood("recording-repair", {}), SystemClock())
    assert [finding for finding in checked(folder) if finding.about in {"pages", "files of media"}] == []


def whole(folder: Path) -> set[str]:
    """The recordings that are kept and whole; no file is there besides those of rows that are kept."""
    kept, expected = set(), set()
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        rows = [
            row
            for table, still in (("clips", "preview_png"), ("snapshots", "NULL"))
            for row in connection.execute(f"SELECT event_id, phase, path, sha256, {still} FROM {table}")
        ]
    for id_, phase, path, digest, still in rows:
        assert phase in {"kept", "lost"}
        if phase == "kept":
            expected |= {path, *([still] if still else [])}
            if hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest:
                kept.add(id_)
    there = {f"{table}/{file.name}" for table in ("clips", "snapshots") for file in (folder / table).glob("*")}
    assert there == expected
    return kept


def cut_often(place: Path, recorder: Path, recordings: int, cuts: int, how: str) -> tuple[int, int, int]:
    """How many cuts had recordings to lose, left something half done, and lost or spoilt what was acknowledged."""
    folder, cut = place / how, place / f"cut-{how}"
    folder.mkdir()
    notes = recorded(WRITER, folder, recorder, str(recordings), how)
    chance, disk, done = random.Random(3), Disk(), 0
    with_some = half_done = losing = 0
    for moment in sorted(chance.randint(1, len(notes)) for _ in range(cuts)):
        for note in notes[done:moment]:
            disk.do(note)
        done = moment
        disk.cut(cut, chance)
        if version_of(cut / "smartlog.db") is None:
            continue  # the power went before there was a log
        half_done += bool(list(cut.glob("*/.*")))
        put_right(cut)
        told = disk.ids()
        kept = {word[1:] for word in told if word.startswith("+")} - {word[1:] for word in told if word.startswith("-")}
        with_some += bool(kept)
        losing += not kept <= whole(cut)
    return with_some, half_done, losing


def test_no_power_cut_loses_a_recording_that_was_kept_or_leaves_half_of_one(
    tmp_path: Path, recorder: Path, long_run: bool
) -> None:
    cuts = CUTS if long_run else CUTS // 10
    with_some, half_done, losing = cut_often(tmp_path, recorder, 60 if long_run else 25, cuts, "careful")
    assert with_some > 0.5 * cuts, "nothing was kept by then: this proves nothing"
    assert half_done, "never was anything half done: this proves nothing"
    assert losing == 0


def test_without_syncing_files_the_same_cuts_do_lose_recordings(tmp_path: Path, recorder: Path) -> None:
    _, _, losing = cut_often(tmp_path, recorder, 15, 15, "careless")
    assert losing > 5

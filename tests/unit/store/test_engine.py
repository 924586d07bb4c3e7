from __future__ import annotations

import datetime as dt
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from smartlogd.base.errors import DiskTrouble, Exit
from smartlogd.base.known import Event
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.base.who import Recognition
from smartlogd.schema.migrate import head, upgrade
from smartlogd.store.engine import Store, open_store
from smartlogd.store.floor import BUILT
from smartlogd.store.keys import Keys
from smartlogd.store.log import passings
from smartlogd.store.options import StoreOptions
from smartlogd.store.recognise import version_of
from smartlogd.store.templates import load
from smartlogd.store.trouble import StoreTrouble

Opener = Callable[..., Store]
QUICK = StoreOptions(reserve_mib=0)
Maker = Callable[..., Event]


class Stopped:
    """A clock that stands still: a Pi without network, just switched on."""

    def __init__(self, at: dt.datetime, *, trusted: bool = False) -> None:
        self.at = Stamp(3_000_000, at, trusted)

    def now(self) -> Stamp:
        return self.at


async def test_the_first_start_makes_a_private_folder_and_database(opener: Opener, folder: Path) -> None:
    store = opener()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {
        "smartlog.db": 0o600,
        "lock": 0o600,
    }
    assert store.floor >= BUILT
    assert store.journal.state.word == "ok"
    await store.close()


async def test_the_reserve_is_made_with_it(opener: Opener, folder: Path) -> None:
    store = opener(options=StoreOptions(reserve_mib=1))
    assert (folder / "reserve").stat().st_size == 1024 * 1024
    await store.close()


async def test_two_writers_cannot_share_a_folder(opener: Opener) -> None:
    store = opener()
    with pytest.raises(DiskTrouble, match=r"\(pid \d+\) already writes"):
        opener()
    await store.close()
    await opener().close()


async def test_databases_of_other_names_may_stand_side_by_side(folder: Path) -> None:
    words = {"device": "door", "version": "0", "clock": SystemClock(), "options": QUICK, "boot": UUID(int=3)}
    one, other = open_store(folder, name="one.db", **words), open_store(folder, name="other.db", **words)
    with pytest.raises(DiskTrouble, match="already writes"):
        open_store(folder, name="one.db", **words)
    await one.close()
    await other.close()
    assert {"one.db", "other.db"} <= {file.name for file in folder.iterdir()}


async def test_a_clean_stop_is_noted_and_a_second_one_does_nothing(opener: Opener) -> None:
    store = opener()
    status = "SELECT status FROM devices"
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute(status).fetchone() == ("online",)
        await store.close()
        assert connection.execute(status).fetchone() == ("offline",)
    await store.close()


async def test_a_clock_without_battery_is_held_at_the_newest_row(opener: Opener, running, crossing: Maker) -> None:  # type: ignore[no-untyped-def]
    event = crossing()
    async with running(opener()) as store:
        await store.journal.append(event).durable()
    late = opener(clock=Stopped(dt.datetime(1970, 1, 1, tzinfo=dt.UTC)), boot=UUID(int=9))
    assert late.floor == event.stamp.utc
    with closing(sqlite3.connect(late.path)) as connection:
        boot = connection.execute("SELECT started_at, clock_trusted FROM boots WHERE boot_id = ?", (str(UUID(int=9)),))
        assert boot.fetchone() == (1803902400123456, 0)
    await late.close()


async def test_events_given_before_the_writer_runs_are_written_at_close(opener: Opener, crossing: Maker) -> None:
    store = opener()
    receipt = store.journal.append(crossing())
    await store.close()
    await receipt.durable()
    assert len(passings(store.path.parent)) == 1


def test_a_folder_that_cannot_be_made_says_why(opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskTrouble, match="cannot be made: not a directory") as caught:
        opener(tmp_path / "file" / "state")
    assert caught.value.code == Exit.CANNOT_CREATE
    assert "state_dir" in caught.value.hint
    with pytest.raises(DiskTrouble, match="cannot be made: file exists"):
        opener(tmp_path / "file")


def test_a_folder_that_one_may_not_make_says_so(opener: Opener, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def refused(*_args: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)  # root, who may run the tests, is refused nothing
    with pytest.raises(DiskTrouble, match="permission denied") as caught:
        opener()
    assert caught.value.code == Exit.PERMISSION


def test_a_read_only_folder_is_told_in_one_sentence(opener: Opener, small_disk) -> None:  # type: ignore[no-untyped-def]
    disk = small_disk("size=1m,ro")
    with pytest.raises(StoreTrouble, match=f"{disk} cannot be written: it is read-only") as caught:
        opener(disk)
    assert caught.value.code == Exit.PERMISSION
    assert caught.value.hint


async def test_a_log_on_a_disk_that_turned_read_only_is_refused_but_kept(
    opener: Opener, small_disk, turn_read_only
) -> None:  # type: ignore[no-untyped-def]
    disk = small_disk("size=2m")
    await opener(disk).close()
    turn_read_only(disk)
    with pytest.raises(StoreTrouble, match="read-only"):
        opener(disk)
    assert passings(disk) == []


@pytest.mark.parametrize("content", [b"dear diary", b"SQLite format 3\x00" + b"\xff" * 4096])
async def test_a_file_in_its_place_that_is_no_database_is_set_aside_whole(
    opener: Opener, folder: Path, content: bytes
) -> None:
    folder.mkdir()
    (folder / "smartlog.db").write_bytes(content)
    await opener().close()
    (aside,) = folder.glob("corrupt-*")
    assert (aside / "smartlog.db").read_bytes() == content
    assert version_of(folder / "smartlog.db") == head()


def test_another_programs_database_is_refused_left_alone_and_the_lock_given_back(opener: Opener, folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    content = (folder / "smartlog.db").read_bytes()
    for _ in range(2):
        with pytest.raises(DiskTrouble, match="another program") as caught:
            opener()
        assert caught.value.code == Exit.DISK
    assert (folder / "smartlog.db").read_bytes() == content


async def test_an_older_database_is_migrated_on_the_way(
    opener: Opener, running: Any, crossing: Any, folder: Path
) -> None:
    folder.mkdir()
    upgrade(f"sqlite:///{folder / 'smartlog.db'}", "0001")
    async with running(opener()) as store:
        await store.journal.append(crossing()).durable()
    assert version_of(folder / "smartlog.db") == head()
    assert len(passings(folder)) == 1


async def test_a_full_disk_at_start_is_met_with_the_reserve(opener: Opener, small_disk, fill) -> None:  # type: ignore[no-untyped-def]
    disk = small_disk("size=4m")
    options = StoreOptions(reserve_mib=1)
    await opener(disk, options=options).close()
    filled = fill(disk)
    store = opener(disk, options=options)
    assert not (disk / "reserve").exists()
    filled.unlink()
    await store.close()


def test_a_disk_without_any_room_is_told_in_words(opener: Opener, small_disk) -> None:  # type: ignore[no-untyped-def]
    disk = small_disk("size=32k")
    with pytest.raises(StoreTrouble, match="is full") as caught:
        opener(disk)
    assert caught.value.code == Exit.DISK


def test_a_start_waits_for_no_object_mapper(folder: Path) -> None:
    asked = """
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4
from smartlogd.base.time import SystemClock
from smartlogd.store.engine import open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.recognise import version_of
from smartlogd.store.templates import load
open_store(
    Path(sys.argv[1]), device="door", version="0", clock=SystemClock(), options=StoreOptions(), boot=uuid4()
)
print(sorted({"sqlalchemy", "alembic", "aiosqlite"} & set(sys.modules)))
"""
    for _ in range(2):  # a new database, and one that is there
        answer = subprocess.run([sys.executable, "-c", asked, str(folder)], capture_output=True, text=True, check=True)
        assert answer.stdout.strip() == "[]"


async def test_a_database_of_another_name_keeps_its_faces_beside_it(
    tmp_path: Path, running: Any, crossing: Any, face: Any
) -> None:
    told = {"device": "door", "version": "0", "clock": SystemClock(), "options": QUICK, "boot": UUID(int=1)}
    async with running(open_store(tmp_path, **told, name="counted.db")) as store:
        event = crossing()
        store.journal.append(event)
        crop = b"\xff\xd8a picture\xff\xd9"
        await store.journal.learn(Recognition(event.subject, event.stamp, templates=(face(),), crop=crop)).durable()
    assert len(load(tmp_path, Keys.open(tmp_path), name="counted.db")) == 1
    assert (tmp_path / "keys" / f"{event.subject}.key").exists()
    assert (tmp_path / "faces" / f"{event.subject}.jpg").read_bytes() == crop

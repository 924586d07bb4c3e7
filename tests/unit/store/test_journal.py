from __future__ import annotations

import asyncio
import logging
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from smartlogd.base.errors import DiskTrouble, Exit, Fate, UnusableInput
from smartlogd.base.known import Event, PersonId
from smartlogd.base.time import Stamp
from smartlogd.base.who import Recognition, Template
from smartlogd.store.engine import Store
from smartlogd.store.log import passings
from smartlogd.store.options import StoreOptions
from smartlogd.store.retention import Swept
from smartlogd.store.templates import load
from smartlogd.store.trouble import StoreTrouble

Opener = Callable[..., Store]
Maker = Callable[..., Event]
Face = Callable[..., Template]
Run = Any
JPEG = b"\xff\xd8a picture of a face\xff\xd9"
QUICK = StoreOptions(group_commit_s=0.02, reserve_mib=0, retry_s=0.02, retry_roof_s=0.1, busy_s=0.05, stop_s=1)


async def until(true: Callable[[], bool], span_s: float = 5) -> None:
    """Wait until something is so; the assertion that follows says what."""
    with suppress(TimeoutError):
        async with asyncio.timeout(span_s):
            while not true():
                await asyncio.sleep(0.005)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_a_receipt_is_good_when_another_process_could_read_the_row(
    opener: Opener, running: Run, crossing: Maker
) -> None:
    async with running(opener()) as store:
        event = crossing(line="garden", action="O")
        await store.journal.append(event).durable()
        (row,) = passings(store.path.parent)
        assert (row.event_id, row.uuid, row.line, row.action.value) == (
            str(event.id),
            str(event.subject),
            "garden",
            "O",
        )
        assert store.journal.state.written == 1
        assert store.journal.state.waiting == 0


async def test_events_that_come_together_are_written_together(opener: Opener, running: Run, crossing: Maker) -> None:
    async with running(opener(options=QUICK.model_copy(update={"group_commit_s": 1.0, "group_rows": 10}))) as store:
        receipts = [store.journal.append(crossing()) for _ in range(25)]
        await receipts[9].durable()  # a full group does not wait for the clock
        await receipts[19].durable()
        assert store.journal.state.written == 20
        assert store.journal.state.waiting == 5
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await receipts[20].durable()  # the rest waits for company, or for its second to be over
        begun_s = asyncio.get_running_loop().time()
        await receipts[24].durable()
        assert asyncio.get_running_loop().time() - begun_s < 1.5


async def test_a_cancelled_wait_for_a_receipt_disturbs_nobody(opener: Opener, running: Run, crossing: Maker) -> None:
    async with running(opener()) as store:
        one, other = store.journal.append(crossing()), store.journal.append(crossing())
        waiting = asyncio.create_task(one.durable())
        await asyncio.sleep(0)
        waiting.cancel()
        await other.durable()
        await one.durable()


async def test_whoever_gives_an_event_that_cannot_be_kept_learns_it_at_once(opener: Opener, crossing: Maker) -> None:
    store = opener()
    with pytest.raises(UnusableInput, match="action I or O"):
        store.journal.append(crossing(action="?"))
    assert store.journal.state.waiting == 0
    await store.close()


async def test_a_stop_writes_what_waits(opener: Opener, running: Run, crossing: Maker) -> None:
    async with running(opener(options=QUICK.model_copy(update={"group_commit_s": 1.0}))) as store:
        receipts = [store.journal.append(crossing()) for _ in range(3)]
        await asyncio.sleep(0.05)
    for receipt in receipts:
        await receipt.durable()
    assert len(passings(store.path.parent)) == 3


async def test_an_ended_journal_takes_no_more(opener: Opener, crossing: Maker) -> None:
    store = opener()
    await store.close()
    with pytest.raises(DiskTrouble, match="takes no more"):
        store.journal.append(crossing())


async def test_another_programs_lock_holds_events_back_and_loses_none(
    opener: Opener, running: Run, crossing: Maker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.store")
    async with running(opener(options=QUICK)) as store:
        with locked(store.path):
            receipts = [store.journal.append(crossing()) for _ in range(5)]
            await until(lambda: store.journal.state.word == "locked")
            assert store.journal.state.word == "locked"
            assert "Another program" in store.journal.state.detail
            await asyncio.sleep(0.4)  # several tries
            assert store.journal.state.waiting == 5
        await receipts[-1].durable()
        await until(lambda: store.journal.state.word == "ok")
        assert store.journal.state.word == "ok"
    assert len(passings(store.path.parent)) == 5
    # Once on entering and once on leaving, however often it was tried in between.
    assert [record.message for record in caplog.records] == ["log cannot be written", "log is written again"]


async def test_a_full_queue_holds_the_camera_back_and_lets_it_go_again(
    opener: Opener, running: Run, crossing: Maker
) -> None:
    async with running(opener(options=QUICK.model_copy(update={"queue_rows": 100}))) as store:
        with locked(store.path):
            for _ in range(100):
                await store.journal.room()
                store.journal.append(crossing())
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await store.journal.room()
            for _ in range(100):
                store.journal.append(crossing())  # several events of one frame may still come
            with pytest.raises(RuntimeError, match="await room"):
                store.journal.append(crossing())
        async with asyncio.timeout(5):
            await store.journal.room()
    assert len(passings(store.path.parent, limit=1000)) == 200


async def test_a_stop_on_a_disk_that_takes_nothing_ends_in_bounded_time_and_says_so(
    opener: Opener, crossing: Maker
) -> None:
    store = opener(options=QUICK.model_copy(update={"stop_s": 0.2}))
    task = asyncio.create_task(store.journal.run())
    with locked(store.path):
        receipt = store.journal.append(crossing())
        await until(lambda: store.journal.state.word == "locked")
        task.cancel()
        async with asyncio.timeout(3):
            with suppress(asyncio.CancelledError):
                await task
            with pytest.raises(DiskTrouble, match="1 events could not be written"):
                await store.close()
        with pytest.raises(DiskTrouble, match="ended before"):
            await receipt.durable()


async def test_a_full_disk_is_one_state_and_recovers_by_itself(
    opener: Opener, running: Run, crossing: Maker, small_disk: Any, fill: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.store")
    disk = small_disk("size=2m")
    async with running(opener(disk)) as store:
        await store.journal.append(crossing()).durable()
        filled = fill(disk)
        receipts = [store.journal.append(crossing()) for _ in range(300)]
        await until(lambda: store.journal.state.word == "disk full")
        assert store.journal.state.word == "disk full"
        assert f"The disk that holds {disk} is full" in store.journal.state.detail
        receipts += [store.journal.append(crossing()) for _ in range(300)]  # capture goes on
        assert store.journal.state.waiting > 0
        filled.unlink()
        for receipt in receipts:
            await receipt.durable()
        await until(lambda: store.journal.state.word == "ok")
        assert store.journal.state.word == "ok"
    assert len({row.event_id for row in passings(disk, limit=1000)}) == 601
    assert [record.message for record in caplog.records] == ["log cannot be written", "log is written again"]


async def test_the_reserve_takes_the_events_of_a_full_disk_until_there_is_room_again(
    opener: Opener, running: Run, crossing: Maker, small_disk: Any, fill: Any
) -> None:
    disk = small_disk("size=6m")
    async with running(opener(disk, options=QUICK.model_copy(update={"reserve_mib": 2}))) as store:
        assert (disk / "reserve").exists()
        filled = fill(disk)
        receipts = [store.journal.append(crossing()) for _ in range(500)]
        async with asyncio.timeout(5):
            await receipts[-1].durable()  # on the disk, full as it is
        assert not (disk / "reserve").exists()
        assert store.journal.state.word == "disk full"
        await until(lambda: "room kept in reserve" in store.journal.state.detail)
        assert store.journal.state.word == "disk full"
        filled.unlink()
        await until(lambda: store.journal.state.word == "ok")  # without any event to write
        assert store.journal.state.word == "ok"
        assert (disk / "reserve").exists()
    assert len(passings(disk, limit=1000)) == 500


async def test_a_disk_that_turns_read_only_is_waited_for(
    opener: Opener, running: Run, crossing: Maker, small_disk: Any, turn_read_only: Any
) -> None:
    disk = small_disk("size=2m")
    store = opener(disk)
    turn_read_only(disk)
    async with running(store):
        receipt = store.journal.append(crossing())
        await until(lambda: store.journal.state.word != "ok")
        assert store.journal.state.word == "read-only"
        turn_read_only(disk, back=True)
        await receipt.durable()


async def test_an_input_output_error_is_waited_for_too(opener: Opener, running: Run, crossing: Maker) -> None:
    async with running(opener(options=QUICK)) as store:
        await store.journal.append(crossing()).durable()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # no file may grow: the disk answers EFBIG
            receipt = store.journal.append(crossing())
            await until(lambda: store.journal.state.word != "ok")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert store.journal.state.word == "disk error"
        await receipt.durable()
        await until(lambda: store.journal.state.word == "ok")
        assert store.journal.state.word == "ok"


async def test_a_mistake_in_the_program_ends_the_writer_loudly(opener: Opener, crossing: Maker) -> None:
    store = opener()
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("DROP TABLE smartlog")
    receipt = store.journal.append(crossing())
    with pytest.raises(sqlite3.OperationalError, match="no such table: smartlog"):
        async with asyncio.timeout(5):
            await store.journal.run()
    with pytest.raises(sqlite3.OperationalError):
        await store.close()
    with pytest.raises(DiskTrouble, match="ended before"):
        await receipt.durable()


def looked_at(event: Event, **told: Any) -> Recognition:
    assert event.subject is not None
    return Recognition(event.subject, event.stamp, **told)


async def named(store: Store, name: str = "Resident") -> tuple[int, PersonId]:
    """Enrol someone as a person would: by an errand."""
    uid = PersonId(uuid4())
    row = "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES (?, ?, 'member', 0, 0) RETURNING id"
    return await store.change(lambda connection: connection.execute(row, (str(uid), name)).fetchone()[0]), uid


async def test_what_is_learnt_is_on_the_disk_with_the_events_of_its_group(
    opener: Opener, running: Run, crossing: Maker, face: Face
) -> None:
    async with running(opener()) as store:
        event, template = crossing(), face()
        receipt = store.journal.append(event)
        assert store.journal.learn(looked_at(event, templates=(template,), crop=JPEG)) is receipt
        await receipt.durable()
        (kept,) = load(store.path.parent, store.keys)
        assert (kept.id, kept.who.id) == (template.id, event.subject)
        assert (store.path.parent / "faces" / f"{event.subject}.jpg").read_bytes() == JPEG
        assert (store.journal.state.written, store.journal.state.waiting) == (1, 0)


async def test_passings_before_and_after_a_recognition_bear_the_name(
    opener: Opener, running: Run, crossing: Maker
) -> None:
    async with running(opener()) as store:
        resident, uid = await named(store)
        first = crossing()
        await store.journal.append(first).durable()
        store.journal.learn(looked_at(first, person=uid))
        same_group = replace(crossing(subject=first.subject), person=uid)
        await store.journal.append(same_group).durable()
        later, other = crossing(subject=first.subject), crossing()
        store.journal.append(later)
        await store.journal.append(other).durable()
        assert [row.user_id for row in passings(store.path.parent, after_id=0)] == [resident] * 3 + [None]
        with closing(sqlite3.connect(store.path)) as connection:
            people = connection.execute("SELECT subject_user_id FROM events ORDER BY id").fetchall()
        assert people == [(None,), (resident,), (None,), (None,)]  # who it was known to be just then


async def test_an_event_of_a_person_nobody_knows_is_kept_without_one(
    opener: Opener, running: Run, crossing: Maker
) -> None:
    async with running(opener()) as store:
        await store.journal.append(replace(crossing(), person=PersonId(uuid4()))).durable()
        with closing(sqlite3.connect(store.path)) as connection:
            assert connection.execute("SELECT subject_user_id FROM events").fetchone() == (None,)


async def test_what_could_never_be_learnt_is_refused_at_once(opener: Opener, crossing: Maker, face: Face) -> None:
    store = opener()
    template = replace(face(), quality=2.0)
    with pytest.raises(UnusableInput, match="quality"):
        store.journal.learn(looked_at(crossing(), templates=(template,)))
    assert store.journal.state.waiting == 0
    await store.close()
    with pytest.raises(DiskTrouble, match="takes no more"):
        store.journal.learn(looked_at(crossing()))


async def test_while_the_disk_takes_nothing_faces_wait_and_pictures_only_so_many(
    opener: Opener, running: Run, crossing: Maker, face: Face
) -> None:
    async with running(opener(options=QUICK)) as store:
        big, events = JPEG + bytes(250_000), [crossing() for _ in range(40)]
        with locked(store.path):
            for event in events:
                store.journal.append(event)
                receipt = store.journal.learn(looked_at(event, templates=(face(),), crop=big))
            await until(lambda: store.journal.state.word == "locked")
            assert store.journal.state.waiting == 80
            assert 3_000_000 < store.journal._crop_bytes <= 4 * 1024 * 1024
        await receipt.durable()
        assert len(load(store.path.parent, store.keys)) == 40
        assert 10 < len(list((store.path.parent / "faces").iterdir())) < 20
        await until(lambda: store.journal._crop_bytes == 0)
        assert store.journal._crop_bytes == 0


async def test_a_full_disk_holds_faces_back_and_loses_none(
    opener: Opener, running: Run, crossing: Maker, face: Face, small_disk: Any, fill: Any
) -> None:
    disk = small_disk("size=2m")
    async with running(opener(disk)) as store:
        await store.journal.append(crossing()).durable()
        filled = fill(disk)
        receipts = []
        for _ in range(100):
            event = crossing()
            store.journal.append(event)
            receipts.append(store.journal.learn(looked_at(event, templates=(face(),), crop=JPEG)))
        await until(lambda: store.journal.state.word == "disk full")
        assert store.journal.state.word == "disk full"
        filled.unlink()
        for receipt in receipts:
            await receipt.durable()
        assert len(load(disk, store.keys)) == 100
    assert len(passings(disk, limit=1000)) == 101


async def test_a_change_comes_after_all_that_was_appended_before_it_and_before_what_comes_later(
    opener: Opener, running: Run, crossing: Maker
) -> None:
    count = "SELECT count(*) FROM smartlog"
    async with running(opener(options=QUICK.model_copy(update={"group_commit_s": 1.0}))) as store:
        for _ in range(3):
            store.journal.append(crossing())
        changing = asyncio.create_task(store.change(lambda connection: connection.execute(count).fetchone()[0]))
        await asyncio.sleep(0)
        later = store.journal.append(crossing())
        async with asyncio.timeout(0.7):  # it waits for no company
            assert await changing == 3
        await later.durable()
        assert await store.change(lambda connection: connection.execute(count).fetchone()[0]) == 4


async def test_a_change_that_fails_changes_nothing_and_the_log_goes_on(
    opener: Opener, running: Run, crossing: Maker
) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM smartlog")
        raise UnusableInput("No.")

    async with running(opener()) as store:
        await store.journal.append(crossing()).durable()
        with pytest.raises(UnusableInput, match="No"):
            await store.change(fails)
        with pytest.raises(sqlite3.OperationalError, match="nonsense"):
            await store.change(lambda connection: connection.execute("SELECT nonsense"))
        await store.journal.append(crossing()).durable()
        assert len(passings(store.path.parent)) == 2


async def test_a_change_whose_turn_does_not_come_is_not_made_later_either(
    opener: Opener, running: Run, crossing: Maker
) -> None:
    async with running(opener(options=QUICK)) as store:
        with locked(store.path):
            receipt = store.journal.append(crossing())
            await until(lambda: store.journal.state.word == "locked")
            with pytest.raises(DiskTrouble, match="The change was not made") as caught:
                await store.journal.change(lambda connection: connection.execute("DELETE FROM boots"), within_s=0.1)
            assert "Another program" in caught.value.hint
        await receipt.durable()
        with closing(sqlite3.connect(store.path)) as connection:
            assert connection.execute("SELECT count(*) FROM boots").fetchone() == (1,)


async def test_a_change_waits_for_another_programs_lock_without_calling_the_log_well(
    opener: Opener, running: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.store")
    async with running(opener(options=QUICK)) as store:
        with locked(store.path):
            changing = asyncio.create_task(store.change(lambda connection: "made"))
            await until(lambda: store.journal.state.word == "locked")
            await asyncio.sleep(0.2)
            assert not changing.done()
        assert await changing == "made"
        await until(lambda: store.journal.state.word == "ok")
    assert [record.message for record in caplog.records] == ["log cannot be written", "log is written again"]


async def test_a_change_that_still_waits_at_the_stop_is_made(opener: Opener, running: Run) -> None:
    async with running(opener()) as store:
        changing = asyncio.create_task(store.change(lambda connection: "made"))
        await asyncio.sleep(0)
    assert await changing == "made"


async def test_a_change_that_cannot_be_made_before_the_stop_is_refused(opener: Opener) -> None:
    store = opener(options=QUICK.model_copy(update={"stop_s": 0.2}))
    with locked(store.path):
        changing = asyncio.create_task(store.change(lambda connection: "made"))
        await asyncio.sleep(0)
        with suppress(DiskTrouble):
            await store.close()
        with pytest.raises(DiskTrouble, match="journal ended"):
            await changing


async def test_an_ended_journal_makes_no_change(opener: Opener) -> None:
    store = opener()
    await store.close()
    with pytest.raises(DiskTrouble, match="no more changes"):
        await store.change(lambda connection: None)


def holding(needle: bytes, folder: Path) -> list[str]:
    """Which files of the folder hold these bytes; another process looks, for reading the database would unlock it."""
    look = "import pathlib, sys; needle = bytes.fromhex(sys.argv[2])\n" + (
        "for path in pathlib.Path(sys.argv[1]).iterdir():\n"
        "    if path.is_file() and needle in path.read_bytes(): print(path.name)"
    )
    command = [sys.executable, "-c", look, str(folder), needle.hex()]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("reader_is_there", [False, True])
async def test_what_a_scrubbing_change_deletes_is_gone_from_every_file(
    opener: Opener, running: Run, crossing: Maker, face: Face, reader_is_there: bool
) -> None:
    async with running(opener()) as store:
        folder, event = store.path.parent, crossing()
        store.journal.append(event)
        await store.journal.learn(looked_at(event, templates=(face(),))).durable()
        with closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
            (sealed,) = reader.execute("SELECT vector FROM face_templates").fetchone()
            if reader_is_there:
                reader.execute("BEGIN")
                reader.execute("SELECT * FROM events").fetchall()
            await store.change(lambda connection: connection.execute("DELETE FROM face_templates"), scrub=True)
            found = holding(sealed, folder)
            if reader_is_there:
                assert found == ["smartlog.db-wal"]  # whoever still reads what was there holds it up
                reader.execute("ROLLBACK")
                await store.journal.append(crossing()).durable()  # tried again with every write
                found = holding(sealed, folder)
        assert found == []


async def test_a_sweep_goes_by_the_stores_own_clock(opener: Opener, running: Run, crossing: Maker, face: Face) -> None:
    async with running(opener()) as store:
        old = crossing()
        old = replace(old, stamp=Stamp(1, store.floor.replace(year=2025), trusted=True))
        new = crossing()
        for event in (old, new):
            store.journal.append(event)
            store.journal.learn(looked_at(event, templates=(face(),), crop=JPEG))
        assert await store.sweep(crop_keep_h=72, stranger_keep_d=14) == Swept(1, 1, 1, 1)
        assert [template.who.id for template in load(store.path.parent, store.keys)] == [new.subject]
        assert store.keys.owners() == {UUID(str(new.subject))}


async def test_a_broken_page_ends_the_writer_with_a_note_and_the_next_start_saves_the_log(
    opener: Opener, running: Run, crossing: Maker, folder: Path
) -> None:
    async with running(opener()) as store:
        await store.journal.append(crossing()).durable()
    path = folder / "smartlog.db"
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_smartlog_uuid'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    store = opener()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
    store.journal.append(crossing(track=2))
    with pytest.raises(StoreTrouble, match="is damaged") as caught:
        await store.journal.run()
    assert (caught.value.fate, caught.value.code) == (Fate.FATAL, Exit.DISK)
    assert (folder / "smartlog.db.damaged").exists()
    with pytest.raises(DiskTrouble, match="1 events could not be written"):
        await store.close()
    async with running(opener()) as store:
        await store.journal.append(crossing(track=3)).durable()
    assert len(passings(folder)) == 2
    assert not (folder / "smartlog.db.damaged").exists()


def _ended(store: Store) -> list[tuple[str, int | None]]:
    with closing(sqlite3.connect(store.path)) as connection:
        return connection.execute("SELECT event_id, ended_at - ts FROM events ORDER BY id").fetchall()


async def test_an_event_may_end_in_the_group_in_which_it_began_or_later(
    opener: Opener, running: Run, crossing: Maker
) -> None:
    async with running(opener()) as store:
        one, other = replace(crossing(), type="sit"), replace(crossing(), type="lie")
        store.journal.append(one)
        store.journal.append(other)
        await store.journal.end(one.id, one.stamp.shifted(2), {"zone": "bed"}).durable()
        assert _ended(store) == [(str(one.id), 2_000_000), (str(other.id), None)]
        await store.journal.end(other.id, other.stamp.shifted(3), {}).durable()
        assert _ended(store) == [(str(one.id), 2_000_000), (str(other.id), 3_000_000)]
        assert (store.journal.state.written, store.journal.state.waiting) == (2, 0)


async def test_an_end_on_a_disk_that_takes_nothing_waits_with_the_events(
    opener: Opener, running: Run, crossing: Maker
) -> None:
    async with running(opener()) as store:
        event = replace(crossing(), type="sit")
        await store.journal.append(event).durable()
        with locked(store.path):
            end = store.journal.end(event.id, event.stamp.shifted(2), {})
            store.journal.append(crossing())
            await until(lambda: store.journal.state.word != "ok")
            assert store.journal.state.waiting == 2
        await end.durable()
        assert _ended(store)[0] == (str(event.id), 2_000_000)


async def test_ends_fill_the_queue_as_events_do(opener: Opener, crossing: Maker) -> None:
    store = opener(options=QUICK.model_copy(update={"queue_rows": 100}))
    event = crossing()
    for _ in range(200):
        store.journal.end(event.id, event.stamp, {})
    with pytest.raises(RuntimeError, match="room"):
        store.journal.end(event.id, event.stamp, {})
    await store.close()
    with pytest.raises(DiskTrouble, match="ended"):
        store.journal.end(event.id, event.stamp, {})

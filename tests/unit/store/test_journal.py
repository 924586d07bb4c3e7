from __future__ import annotations

import asyncio
import logging
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import DiskTrouble, UnusableInput
from smartlogd.base.known import Event
from smartlogd.store.engine import Store
from smartlogd.store.log import passings
from smartlogd.store.options import StoreOptions

Opener = Callable[..., Store]
Maker = Callable[..., Event]
Run = Any
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

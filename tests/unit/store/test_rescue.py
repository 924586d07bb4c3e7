"""A damaged log is set aside, what can be read of it is saved, and the log goes on."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.schema.migrate import upgrade
from smartlogd.store import rescue
from smartlogd.store.engine import Store, open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.pace import visits
from smartlogd.store.quarantine import is_marked, mark, set_aside_folders
from smartlogd.store.rows import batch_of, rows_of
from smartlogd.store.salvage import Salvage
from smartlogd.store.writer import INSERT_EVENT, INSERT_PASSING, UPSERT_SUBJECT

EVENTS = 3000
COUNTED = ("events", "smartlog", "subjects", "users", "devices", "outbox")
OPTIONS = StoreOptions(reserve_mib=0)
Wrecked = Callable[..., Path]


def started(folder: Path, *, has_centre: bool = True) -> Store:
    clock = SystemClock()
    return open_store(
        folder, device="bench", version="0", clock=clock, options=OPTIONS, boot=uuid4(), has_centre=has_centre
    )


def column(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        return [row[0] for row in connection.execute(query)]


def counts(folder: Path) -> dict[str, int]:
    return {table: column(folder, f"SELECT count(*) FROM {table}")[0] for table in COUNTED}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of three thousand events that wait for the centre, but for the first thousand, which it has."""
    folder = tmp_path_factory.mktemp("whole") / "state"
    store = started(folder)
    batch = batch_of(rows_of(event, store.origin) for event in visits(EVENTS, SystemClock().now()))
    asyncio.run(store.close())
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        connection.executemany(INSERT_EVENT, batch.events)
        connection.executemany(INSERT_PASSING, batch.passings)
        connection.executemany(UPSERT_SUBJECT, batch.subjects)
        connection.execute("DELETE FROM outbox WHERE CAST(row_id AS INTEGER) <= 1000")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.fixture
def wrecked(whole: Path, tmp_path: Path) -> Wrecked:
    """A copy of it with noise on so many pages."""

    def made(pages: int, seed: int, *first: int) -> Path:
        folder, chance = tmp_path / f"{pages}-{seed}", random.Random(seed)
        shutil.copytree(whole, folder)
        path = folder / "smartlog.db"
        count = path.stat().st_size // 2048
        bad = [*first, *chance.sample(range(count), pages)][:pages]
        with path.open("r+b") as file:
            for page in bad:
                file.seek(page * 2048)
                file.write(chance.randbytes(2048))
        mark(path)
        return folder

    return made


@pytest.mark.parametrize(("pages", "share"), [(1, 0.99), (3, 0.99), (10, 0.97)])
def test_noise_on_some_pages_costs_few_rows_and_no_start(
    whole: Path, wrecked: Wrecked, long_run: bool, pages: int, share: float
) -> None:
    before, events, (epoch,) = (
        counts(whole),
        column(whole, "SELECT event_id FROM events"),
        column(whole, "SELECT epoch FROM devices"),
    )
    for seed in range(20 if long_run else 3):
        folder = wrecked(pages, seed)
        began_s = monotonic_s()
        store = started(folder)
        assert monotonic_s() - began_s < 30
        asyncio.run(store.close())
        after = counts(folder)
        kept = sum(min(after[table], before[table]) for table in before if table != "outbox")
        assert kept >= share * sum(rows for table, rows in before.items() if table != "outbox")
        assert column(folder, "PRAGMA integrity_check") == ["ok"]
        assert column(folder, "PRAGMA foreign_key_check") == []
        assert column(folder, "SELECT epoch FROM devices") != [epoch]
        assert set(column(folder, "SELECT event_id FROM events WHERE type <> 'loss'")) <= set(events)
        # What the centre does not have waits, once; what it may have may wait too, which is harmless.
        waiting = column(folder, "SELECT row_id FROM outbox WHERE kind = 'event'")
        assert len(waiting) == len(set(waiting))
        assert set(column(folder, "SELECT CAST(id AS TEXT) FROM events WHERE id > 1000")) <= set(waiting)
        (loss,) = column(folder, "SELECT data FROM events WHERE type = 'loss'")
        told = json.loads(loss)
        assert told["saved"]["events"] == after["events"] - 1
        assert told["lost_at_most"].get("events", 0) >= EVENTS - told["saved"]["events"]
        assert (folder / told["set_aside"] / "smartlog.db").is_file()
        assert not is_marked(folder / "smartlog.db")


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_noise_on_the_pages_that_name_the_tables_costs_no_row(whole: Path, wrecked: Wrecked, first: int) -> None:
    folder = wrecked(1, 0, first)
    asyncio.run(started(folder).close())
    assert {**counts(whole), "events": EVENTS + 1}.items() - {("outbox", 0)} >= {
        (table, rows) for table, rows in counts(folder).items() if table in {"events", "smartlog", "users", "devices"}
    }


def test_a_header_of_noise_is_found_at_the_start_without_any_note(wrecked: Wrecked) -> None:
    folder = wrecked(1, 0, 0)
    (folder / "smartlog.db.damaged").unlink()
    asyncio.run(started(folder).close())
    assert counts(folder)["smartlog"] == EVENTS // 2
    assert len(set_aside_folders(folder)) == 1
    asyncio.run(started(folder).close())
    assert len(set_aside_folders(folder)) == 1, "the second start found nothing wrong"


def test_a_start_that_was_cut_short_after_setting_aside_saves_at_the_next(wrecked: Wrecked) -> None:
    folder = wrecked(1, 5)
    aside = folder / "corrupt-20260101T000000Z"
    aside.mkdir()
    (folder / "smartlog.db").rename(aside / "smartlog.db")
    asyncio.run(started(folder).close())
    assert counts(folder)["events"] > 0.97 * EVENTS


def test_a_start_whose_time_runs_out_begins_with_what_it_has_and_leaves_numbers_free(
    wrecked: Wrecked, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = wrecked(1, 6)
    monkeypatch.setattr(rescue.rescued, "__kwdefaults__", {"limit_s": 0.0, "tell": None})
    asyncio.run(started(folder).close())
    (loss,) = column(folder, "SELECT data FROM events WHERE type = 'loss'")
    assert json.loads(loss)["is_whole"] is False
    assert column(folder, "SELECT min(id) FROM events")[0] > 10_000_000


def test_a_damaged_log_of_an_older_version_is_saved_and_brought_up_to_date(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    path = folder / "smartlog.db"
    upgrade(f"sqlite:///{path}", "0001")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO smartlog (uuid, action, timestamp) VALUES ('u', 'I', 5)")
        connection.commit()
    mark(path)
    asyncio.run(started(folder, has_centre=False).close())
    assert column(folder, "SELECT timestamp FROM smartlog") == [5]


def test_what_was_saved_is_said_in_a_sentence() -> None:
    assert (
        Salvage({"events": 1200}, {}, 0, 0, is_whole=True).told() == "1,200 rows were saved, none is known to be lost."
    )
    assert "at most 7 are lost. The time ran out" in Salvage({}, {"users": 7}, 0, 0, is_whole=False).told()

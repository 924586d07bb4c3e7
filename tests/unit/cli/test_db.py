"""`smartlogd db` as a person calls it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from smartlogd.base.time import SystemClock
from smartlogd.store.engine import open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.quarantine import mark


@pytest.fixture
async def log(state: Path) -> Path:
    options = StoreOptions(reserve_mib=0)
    store = open_store(state, device="yard", version="0", clock=SystemClock(), options=options, boot=uuid4())
    await store.close()
    return state / "smartlog.db"


def test_a_whole_log_is_called_whole_and_a_fault_ends_with_74(smartlogd: Any, log: Path) -> None:
    told = smartlogd("db", "check")
    assert (told.code, told.out) == (0, f"The log in {log.parent} is whole.\n")
    with closing(sqlite3.connect(log)) as connection:
        connection.execute("INSERT INTO outbox (kind, row_id, priority, at) VALUES ('event', '9', 1, 0)")
        connection.commit()
    told = smartlogd("db", "check", "--json")
    assert told.code == 74
    assert json.loads(told.out)["about"] == "outbox"


def test_a_copy_is_made_and_brought_back(smartlogd: Any, log: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    told = smartlogd("db", "backup", copy)
    assert told.code == 0
    assert "checked" in told.out
    assert "keys" in told.out
    assert json.loads(smartlogd("db", "backup", copy, "--json").out)["keys"] is False
    told = smartlogd("db", "restore", copy)
    assert "The one before is in" in told.out
    assert json.loads(smartlogd("db", "restore", copy, "--json").out)["restored"] == str(copy)


def test_the_newest_tables_need_no_upgrade(smartlogd: Any, log: Path) -> None:
    assert "the newest" in smartlogd("db", "upgrade").out
    assert json.loads(smartlogd("db", "upgrade", "--json").out)["backup"] is None


def test_a_damaged_log_is_saved_and_then_what_was_set_aside_again(smartlogd: Any, log: Path) -> None:
    assert smartlogd("db", "salvage").code == 66
    mark(log)
    told = smartlogd("db", "salvage")
    assert told.code == 0
    assert "none is known to be lost" in told.out
    again = json.loads(smartlogd("db", "salvage", "--json").out)
    assert again["set_aside"].startswith(str(log.parent / "corrupt-"))
    assert sum(again["saved"].values()) == 0


def test_without_a_log_every_command_says_so(smartlogd: Any, state: Path) -> None:
    for words in (("check",), ("backup", state.parent / "c.db"), ("upgrade",), ("restore", state.parent / "none.db")):
        assert smartlogd("db", *words).code == 66

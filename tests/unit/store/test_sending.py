from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import UUID

import pytest

from smartlogd.base.errors import Missing
from smartlogd.base.time import SystemClock
from smartlogd.schema.instants import micros
from smartlogd.store.alone import changed_alone
from smartlogd.store.begin import begin
from smartlogd.store.changes import understood
from smartlogd.store.engine import open_store, transaction
from smartlogd.store.options import StoreOptions
from smartlogd.store.sending import is_paused, standing

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
EVENT = (
    "INSERT INTO events (user_id, device_id, type, ts, data, event_id)"
    " SELECT user_id, id, 'bark', ?, '{}', ? FROM devices"
)
DEAD = (
    "INSERT INTO dead_letters (seq, kind, row_id, priority, at, died_at, reason) VALUES (?, 'event', ?, 1, ?, ?, 'no')"
)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """The state folder of a device that logged three events and is switched off."""
    store = open_store(
        tmp_path,
        device="door",
        version="0",
        clock=SystemClock(),
        options=StoreOptions(reserve_mib=0),
        boot=UUID(int=7),
    )
    await store.close()
    with transaction(tmp_path / "smartlog.db") as connection:
        for number in range(3):
            connection.execute(EVENT, (micros(NOON) + number, str(UUID(int=100 + number))))
    return tmp_path


def ask(folder: Path, what: str, **arguments: object) -> object:
    return changed_alone(folder, understood(what, arguments), SystemClock())


async def test_history_is_enqueued_once_a_centre_came(folder: Path) -> None:
    assert ask(folder, "backfill") == {"enqueued": 0, "begun": False}
    with transaction(folder / "smartlog.db") as connection:
        begin(connection)
    before = standing(folder).waiting.rows
    enqueued = 0
    while said := ask(folder, "backfill")["enqueued"]:
        enqueued += said
    assert enqueued >= 3
    assert standing(folder).waiting.rows == before + enqueued


async def test_dead_letters_are_sent_again_some_or_all(folder: Path) -> None:
    with transaction(folder / "smartlog.db") as connection:
        begin(connection)
        for seq in (901, 902, 903):
            connection.execute(DEAD, (seq, str(seq), micros(NOON), micros(NOON)))
    assert standing(folder).waiting.dead == 3
    assert ask(folder, "dead-retry", seqs=[902]) == {"retried": 1}
    with pytest.raises(Missing, match="902"):
        ask(folder, "dead-retry", seqs=[901, 902])
    assert standing(folder).waiting.dead == 2
    assert ask(folder, "dead-retry") == {"retried": 2}
    assert standing(folder).waiting.dead == 0


async def test_a_pause_is_remembered(folder: Path) -> None:
    assert not standing(folder).is_paused
    assert ask(folder, "sync-pause") == {"paused": True}
    assert standing(folder).is_paused
    with transaction(folder / "smartlog.db") as connection:
        assert is_paused(connection)
    assert ask(folder, "sync-resume") == {"paused": False}
    assert not standing(folder).is_paused


def test_where_there_is_no_log_nothing_stands(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        standing(tmp_path)

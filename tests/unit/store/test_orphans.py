"""Only what began in this database's life is judged: objects of an earlier one are nobody's to erase."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from reels import shelved, wanted

from smartlogd.base.ids import uuid7
from smartlogd.base.known import EventId
from smartlogd.base.time import Stamp
from smartlogd.store.begin import noted
from smartlogd.store.birth import arrive
from smartlogd.store.epoch import renewed
from smartlogd.store.orphans import SINCE, begin, born_us, is_due, orphans
from smartlogd.store.rows import Origin

DAY_S = 86_400
Born = Callable[[float], EventId]


@pytest.fixture
def here(database: sqlite3.Connection, at: Stamp) -> Origin:
    return arrive(database, device="door", version="0", boot=UUID(int=1), start=at)


@pytest.fixture
def born(at: Stamp) -> Born:
    """The id of a recording that was made so many seconds after."""
    return lambda later_s: EventId(uuid7(at.shifted(later_s)))


def test_what_has_no_row_is_named_and_what_has_one_is_not(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, born: Born
) -> None:
    begin(database, at)
    kept, sent, lost, doomed = (wanted(at.shifted(n)) for n in range(1, 5))
    for one, phase in ((kept, "kept"), (sent, "uploaded"), (lost, "kept"), (doomed, "uploaded")):
        shelved(database, here, folder, one, phase=phase)
    for one in (lost, doomed):
        database.execute("UPDATE clips SET phase = 'lost', path = NULL WHERE event_id = ?", (str(one.id),))
    nobody = born(9)
    found = [kept.id, sent.id, lost.id, doomed.id, nobody, nobody]
    assert set(orphans(folder, found)) == {lost.id, nobody}


def test_what_was_born_before_this_databases_life_is_not_judged(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, born: Born
) -> None:
    assert orphans(folder, [born(5)]) == (), "nothing is known of when it began"
    begin(database, at)
    begin(database, at.shifted(100))  # which changes nothing
    assert len(orphans(folder, [born(-5), born(5), EventId(uuid4())])) == 1


def test_a_clock_that_is_not_trusted_begins_no_life(database: sqlite3.Connection, at: Stamp) -> None:
    doubtful = Stamp(at.mono_ns, at.utc, trusted=False)
    assert not is_due(database, doubtful)
    begin(database, doubtful)
    assert noted(database, SINCE) is None
    assert is_due(database, at)
    begin(database, at)
    assert not is_due(database, at)


def test_another_epoch_is_another_life(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, born: Born
) -> None:
    begin(database, at)
    renewed(database, is_certain=True)
    assert orphans(folder, [born(5)]) == ()


def test_an_id_of_another_kind_tells_no_birth(at: Stamp) -> None:
    assert born_us(uuid4()) is None
    assert born_us(uuid7(at)) == at.utc.timestamp() * 1e6 // 1000 * 1000

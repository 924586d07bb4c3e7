from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, EventId, Json, TrackId
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.store.birth import arrive
from smartlogd.store.ends import note_ends
from smartlogd.store.rows import LARGEST_DATA_BYTES, Origin, end_of, rows_of
from smartlogd.store.writer import INSERT_EVENT

Sitting = Callable[..., EventId]
Found = tuple[int, int | None, Any]
IDS = LiveIds()
LATER_US = 30_000_000


@pytest.fixture
def born(database: sqlite3.Connection, at: Stamp) -> Origin:
    return arrive(database, device="door", version="1", boot=UUID(int=1), start=at, machine_boot="m")


@pytest.fixture
def sitting(database: sqlite3.Connection, born: Origin, at: Stamp) -> Sitting:
    """Writes an event of somebody's sitting down; gives its id."""

    def made(stamp: Stamp = at, origin: Origin = born, data: Mapping[str, Json] | None = None) -> EventId:
        event = Event(
            IDS.event("sit", TrackId(1), stamp), "door", "sit", stamp, IDS.subject(TrackId(1), stamp),
            data={"track": 1, "zone": "bed"} if data is None else data,
        )  # fmt: skip
        database.execute(INSERT_EVENT, rows_of(event, origin).event)
        return event.id

    return made


def found(database: sqlite3.Connection, event: EventId) -> Found:
    ts, ended, data = database.execute(
        "SELECT ts, ended_at, data FROM events WHERE event_id = ?", (str(event),)
    ).fetchone()
    return ts, None if ended is None else ended - ts, json.loads(data)


def test_an_end_says_when_and_what_else_is_known(
    database: sqlite3.Connection, sitting: Sitting, born: Origin, at: Stamp
) -> None:
    event = sitting()
    note_ends(database, [end_of(event, at.shifted(30), {"zone": "sofa", "turns": 2}, born)])
    assert found(database, event)[1:] == (LATER_US, {"track": 1, "zone": "sofa", "turns": 2})


def test_there_is_one_end(database: sqlite3.Connection, sitting: Sitting, born: Origin, at: Stamp) -> None:
    event = sitting()
    ends = [end_of(event, at.shifted(span_s), {}, born) for span_s in (30, 50, 20)]
    note_ends(database, ends[:2])
    note_ends(database, ends[2:])
    assert found(database, event)[1] == LATER_US


def test_an_end_of_something_unknown_changes_nothing(
    database: sqlite3.Connection, sitting: Sitting, born: Origin, at: Stamp
) -> None:
    event = sitting()
    note_ends(database, [end_of(EventId(UUID(int=7)), at.shifted(30), {}, born)])
    assert found(database, event)[1] is None


def test_nothing_ends_before_it_began(database: sqlite3.Connection, sitting: Sitting, born: Origin, at: Stamp) -> None:
    event = sitting()
    note_ends(database, [end_of(event, at.shifted(-1), {}, born)])
    assert found(database, event)[1] == 0


@pytest.mark.parametrize("jump", [dt.timedelta(days=20_000), dt.timedelta(days=-20_000)])
def test_how_long_it_took_does_not_depend_on_what_became_of_the_clock(
    database: sqlite3.Connection, sitting: Sitting, born: Origin, at: Stamp, jump: dt.timedelta
) -> None:
    event = sitting()
    later = at.shifted(30)
    note_ends(database, [end_of(event, dataclasses.replace(later, utc=later.utc + jump), {}, born)])
    assert found(database, event)[1] == LATER_US


def test_a_row_that_was_dated_anew_meanwhile_ends_as_much_later(
    database: sqlite3.Connection, sitting: Sitting, born: Origin, at: Stamp
) -> None:
    event = sitting(dataclasses.replace(at, trusted=False))
    database.execute("UPDATE events SET ts = ts + 1000000000000, clock_trusted = 1")
    note_ends(database, [end_of(event, at.shifted(30), {}, born)])
    assert found(database, event)[1] == LATER_US


def test_of_another_start_only_the_date_is_known(
    database: sqlite3.Connection, sitting: Sitting, born: Origin, at: Stamp
) -> None:
    event = sitting(origin=dataclasses.replace(born, boot_id=str(UUID(int=2))))
    note_ends(database, [end_of(event, Stamp(0, at.shifted(30).utc, trusted=True), {}, born)])
    assert found(database, event)[1] == LATER_US


def test_what_would_be_too_large_or_is_no_object_stays_as_it_was(
    database: sqlite3.Connection, sitting: Sitting, born: Origin, at: Stamp
) -> None:
    large: Mapping[str, Json] = {"note": "x" * (LARGEST_DATA_BYTES - 20)}
    full, listed, torn = sitting(data=large), sitting(), sitting()
    database.execute("UPDATE events SET data = '[1]' WHERE event_id = ?", (str(listed),))
    database.execute("UPDATE events SET data = '{torn' WHERE event_id = ?", (str(torn),))
    note_ends(database, [end_of(event, at.shifted(30), {"more": "y" * 100}, born) for event in (full, listed, torn)])
    assert found(database, full)[1:] == (LATER_US, large)
    assert found(database, listed)[1:] == (LATER_US, [1])
    assert database.execute("SELECT data FROM events WHERE ended_at IS NOT NULL ORDER BY id").fetchall()[2] == (
        "{torn",
    )


def test_whoever_was_forgotten_meanwhile_does_not_come_back_with_the_end(
    database: sqlite3.Connection, sitting: Sitting, born: Origin, at: Stamp
) -> None:
    event = sitting(data={})
    database.execute("UPDATE events SET subject_uuid = NULL")
    note_ends(database, [end_of(event, at.shifted(30), {"track": 1, "zone": "bed"}, born)])
    assert found(database, event)[2] == {"zone": "bed"}


@pytest.mark.parametrize(
    ("utc", "data"),
    [
        (dt.datetime(2027, 3, 1), {}),  # noqa: DTZ001 - that is what is wrong with it
        (SystemClock().now().utc, {"n": float("nan")}),
        (SystemClock().now().utc, {"n": "x" * LARGEST_DATA_BYTES}),
    ],
)
def test_an_end_that_cannot_be_kept_is_refused_at_once(
    utc: dt.datetime, data: Mapping[str, Json], born: Origin
) -> None:
    with pytest.raises(UnusableInput, match="end of an event"):
        end_of(EventId(UUID(int=1)), Stamp(0, utc, trusted=True), data, born)

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from smartlogd.schema.instants import micros
from smartlogd.schema.models import METRICS as COLUMNS
from smartlogd.store.begin import note, noted
from smartlogd.store.days import COUNTED, KEPT_FROM, count, is_due, reopen
from smartlogd.store.quarters import QUARTER_US, Counted
from smartlogd.store.triggers import METRICS

PARIS = ZoneInfo("Europe/Paris")
NOON = dt.datetime(2027, 3, 1, 12, tzinfo=PARIS)
HERE, GARDEN = 1, 2
Passed = Callable[..., int]
Days = dict[tuple[str, int], tuple[int, int]]


@pytest.fixture
def passed(database: sqlite3.Connection) -> Passed:
    """Writes a passing, as of the device `HERE` of one owner, who has another in the garden; gives its id."""
    owner = "INSERT INTO users (id, uid, role, created_at, updated_at) VALUES (1, 'o', 'owner', 0, 0)"
    database.execute(owner)
    device = (
        "INSERT INTO devices (id, user_id, name, type, status, capabilities, enabled, epoch, high_seq)"
        " VALUES (?, 1, ?, 'camera', 'online', '[]', 1, ?, 0)"
    )
    database.executemany(device, [(HERE, "door", "e1"), (GARDEN, "garden", "e2")])

    def write(
        at: dt.datetime, action: str = "I", *, device: int | None = HERE, boot: str | None = None, mono_us: int = 0
    ) -> int:
        row = (str(uuid4()), action, micros(at), device, boot, mono_us, boot is None)
        made = database.execute(
            "INSERT INTO smartlog (uuid, action, timestamp, device_id, boot_id, mono_us, clock_trusted)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            row,
        )
        return int(made.fetchone()[0])

    return write


def days(database: sqlite3.Connection) -> Days:
    found = database.execute("SELECT date, device_id, in_count, out_count FROM device_metrics_daily")
    return {(date, device): (entered, went) for date, device, entered, went in found}


def totals(database: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    found = database.execute("SELECT date, in_count, out_count FROM ai_metrics_daily")
    return {date: (entered, went) for date, entered, went in found}


def test_the_columns_that_are_summed_are_those_of_the_table() -> None:
    assert METRICS == COLUMNS


def test_a_day_begins_at_the_devices_own_midnight(database: sqlite3.Connection, passed: Passed) -> None:
    passed(dt.datetime(2027, 2, 28, 23, 59, 59, 999_999, tzinfo=PARIS))
    passed(dt.datetime(2027, 3, 1, 0, 0, tzinfo=PARIS))
    passed(NOON, "O")
    assert is_due(database)
    assert count(database, HERE, PARIS) == Counted(4, is_more=False)
    assert days(database) == {("2027-02-28", HERE): (1, 0), ("2027-03-01", HERE): (1, 1)}
    assert totals(database) == {"2027-02-28": (1, 0), "2027-03-01": (1, 1)}
    assert not is_due(database)
    assert count(database, HERE, PARIS) == Counted(0, is_more=False)


def test_an_owners_day_is_the_sum_of_the_devices_days(database: sqlite3.Connection, passed: Passed) -> None:
    for device in (HERE, GARDEN, GARDEN, None):
        passed(NOON, device=device)
    count(database, HERE, PARIS)
    assert days(database) == {("2027-03-01", HERE): (2, 0), ("2027-03-01", GARDEN): (2, 0)}, "by hand: this device's"
    assert totals(database) == {"2027-03-01": (4, 0)}


def test_a_late_row_changes_its_day_by_one_and_leaves_what_others_wrote(
    database: sqlite3.Connection, passed: Passed
) -> None:
    passed(NOON)
    passed(NOON + dt.timedelta(days=1))
    count(database, HERE, PARIS)
    database.execute("UPDATE device_metrics_daily SET sit_count = 3, calm_minutes = 0.1 WHERE date = '2027-03-01'")
    assert is_due(database)
    count(database, HERE, PARIS)
    before = database.execute("SELECT * FROM ai_metrics_daily ORDER BY date").fetchall()
    passed(NOON - dt.timedelta(hours=1), "O")
    assert count(database, HERE, PARIS) == Counted(2, is_more=False)
    assert days(database)["2027-03-01", HERE] == (1, 1)
    after = database.execute("SELECT * FROM ai_metrics_daily ORDER BY date").fetchall()
    assert after[1] == before[1]
    assert [new - old for old, new in zip(before[0][3:], after[0][3:], strict=True)] == [0] * 12 + [1]
    found = database.execute("SELECT sit_count, calm_minutes FROM ai_metrics_daily ORDER BY date").fetchall()
    assert found == [(3, 0.1), (0, 0.0)]


def test_counting_again_changes_nothing(database: sqlite3.Connection, passed: Passed) -> None:
    passed(NOON)
    count(database, HERE, PARIS)
    before = [database.execute(f"SELECT * FROM {table}").fetchall() for table in ("device_metrics_daily", "meta")]
    reopen(database, {micros(NOON) // QUARTER_US})
    assert is_due(database)
    assert count(database, HERE, PARIS) == Counted(0, is_more=False)
    after = [database.execute(f"SELECT * FROM {table}").fetchall() for table in ("device_metrics_daily", "meta")]
    assert after == before


def test_a_sealed_row_counts_on_the_day_on_which_it_was(database: sqlite3.Connection, passed: Passed) -> None:
    boot = "INSERT INTO boots (boot_id, started_at, mono_us, clock_trusted, version) VALUES ('b', 0, 0, 0, '0')"
    database.execute(boot)
    wrong = NOON - dt.timedelta(days=20)
    passed(wrong, boot="b", mono_us=5_000_000)
    count(database, HERE, PARIS)
    assert days(database) == {(wrong.date().isoformat(), HERE): (1, 0)}
    database.execute("UPDATE boots SET zero_at = ?", (micros(NOON),))
    reopen(database, {micros(at) // QUARTER_US for at in (wrong, NOON)})
    count(database, HERE, PARIS)
    assert days(database) == {(wrong.date().isoformat(), HERE): (0, 0), ("2027-03-01", HERE): (1, 0)}
    assert totals(database) == {wrong.date().isoformat(): (0, 0), "2027-03-01": (1, 0)}


def test_a_day_that_lost_rows_to_age_is_only_added_to(database: sqlite3.Connection, passed: Passed) -> None:
    gone = passed(NOON)
    passed(NOON)
    count(database, HERE, PARIS)
    database.execute("DELETE FROM smartlog WHERE id = ?", (gone,))
    note(database, KEPT_FROM, micros(NOON))
    passed(NOON, "O")
    passed(NOON + dt.timedelta(days=1))
    reopen(database, {micros(NOON) // QUARTER_US})
    count(database, HERE, PARIS)
    assert days(database) == {("2027-03-01", HERE): (2, 1), ("2027-03-02", HERE): (1, 0)}
    count(database, HERE, PARIS)
    assert days(database)["2027-03-01", HERE] == (2, 1)


def test_much_is_counted_in_small_steps(database: sqlite3.Connection, passed: Passed) -> None:
    for number in range(10):
        passed(NOON + dt.timedelta(days=number))
    steps = 0
    while count(database, HERE, PARIS, most_rows=4, most_days=2).is_more:
        steps += 1
    assert steps == 4
    assert noted(database, COUNTED) == 10
    assert sorted(days(database).values()) == [(1, 0)] * 10
    assert not is_due(database)


@pytest.mark.parametrize("at_us", [-5, 2**62])
def test_a_stamp_out_of_all_reason_is_of_no_day(database: sqlite3.Connection, passed: Passed, at_us: int) -> None:
    id_ = passed(NOON)
    database.execute("UPDATE smartlog SET timestamp = ? WHERE id = ?", (at_us, id_))
    count(database, HERE, PARIS)
    assert days(database) == {}
    assert not is_due(database)

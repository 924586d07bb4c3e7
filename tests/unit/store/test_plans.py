"""Routines as they are run and listed."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from smartlogd.base.errors import Missing
from smartlogd.store.arriving import RoutineRow
from smartlogd.store.ordered import routine
from smartlogd.store.plans import begun, comes, last_result, note_told, plans, plans_of, ran, settled, told

UTC = dt.UTC
_EVENT = "INSERT INTO events (user_id, type, ts, data, event_id, device_id) VALUES (1, ?, 1, ?, ?, 1)"


@pytest.fixture
def log(database: sqlite3.Connection) -> sqlite3.Connection:
    for owner in (1, 2):
        row = "INSERT INTO users (uid, role, created_at, updated_at) VALUES (?, 'owner', 1, 1)"
        database.execute(row, (str(UUID(int=owner)),))
    for owner, name in ((1, "door"), (1, "yard"), (2, "shed")):
        database.execute(
            "INSERT INTO devices (user_id, name, type, status, capabilities, enabled, epoch, high_seq)"
            " VALUES (?, ?, 'camera', 'online', '[]', 1, 'e', 0)", (owner, name),
        )  # fmt: skip
    return database


def put(log: sqlite3.Connection, number: int, **more: Any) -> str:
    row = {
        "uid": str(UUID(int=number)), "user_id": 1, "device_id": 1, "name": f"n{number}", "cron": "0 8 * * *",
        "timezone": "UTC", "steps": '[{"type":"treat"}]', "enabled": 1, "created_at": 1, "updated_at": 2, **more,
    }  # fmt: skip
    log.execute(f"INSERT INTO routines ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
    return str(row["uid"])


def names(log: sqlite3.Connection, device: str = "door") -> list[str]:
    return [plan.name for plan in plans_of(log, device)]


def test_only_routines_of_this_device_and_its_owners_run(log: sqlite3.Connection) -> None:
    put(log, 31)
    put(log, 32, device_id=None)
    put(log, 33, device_id=2)
    put(log, 34, device_id=None, user_id=2)
    put(log, 35, device_id=3, user_id=2)
    assert names(log) == ["n31", "n32"]
    assert names(log, "shed") == ["n34", "n35"]
    assert names(log, "attic") == []


def test_what_cannot_be_run_says_why_and_hides_nothing(log: sqlite3.Connection) -> None:
    put(log, 31, cron="0 25 * * *")
    put(log, 32, timezone="Nowhere/Land")
    put(log, 33, steps='[{"type":"dance"}]')
    put(log, 34, steps="no JSON")
    put(log, 35, steps='[{"type":"wait"}]')
    put(log, 36)
    found = plans_of(log, "door")
    assert [bool(plan.fault) for plan in found] == [True] * 5 + [False]
    assert 'the hour "25"' in found[0].fault
    assert "Nowhere/Land" in found[1].fault
    assert found[2].fault.startswith("steps.0.type: Input should be 'pet', 'treat'")
    assert found[4].fault == "steps.0: a wait needs the seconds to be waited, as in wait:30"
    assert found[5].times().hours == {8}
    assert [step.type for step in found[5].steps] == ["treat"]


def test_having_run_makes_no_copy_newer(log: sqlite3.Connection) -> None:
    uid, at = put(log, 31), dt.datetime(2027, 3, 1, 8, tzinfo=UTC)
    ran(log, uid, at)
    ran(log, uid, at - dt.timedelta(days=1))
    comes(log, {uid: at + dt.timedelta(days=1)})
    (plan,) = plans_of(log, "door")
    assert (plan.last_run, plan.next_run) == (at, at + dt.timedelta(days=1))
    assert log.execute("SELECT updated_at FROM routines").fetchall() == [(2,)]
    comes(log, {uid: None})
    assert plans_of(log, "door")[0].next_run is None


def test_what_the_centre_sends_is_run_and_keeps_when_it_ran_here(log: sqlite3.Connection) -> None:
    row = {
        "uid": str(UUID(int=31)), "owner": str(UUID(int=1)), "name": "dinner", "cron": "0 18 * * *",
        "steps": [{"type": "play", "duration_s": 60, "params": {"toy": "ball"}}], "created": 1, "updated": 5,
    }  # fmt: skip
    routine(log, 1, RoutineRow.model_validate(row))
    at = dt.datetime(2027, 3, 1, 18, tzinfo=UTC)
    ran(log, row["uid"], at)
    routine(log, 1, RoutineRow.model_validate({**row, "name": "supper", "updated": 6}))
    (plan,) = plans_of(log, "door")
    assert (plan.name, plan.last_run, plan.is_ordered, plan.fault) == ("supper", at, True, "")
    assert (plan.steps[0].duration_s, plan.steps[0].params) == (60.0, {"toy": "ball"})


def test_a_run_without_an_end_was_cut_and_is_found_once(log: sqlite3.Connection) -> None:
    log.execute(_EVENT, ("routine_started", '{"routine": "r"}', "one"))
    log.execute(_EVENT, ("routine_finished", '{"routine": "r", "run": "one"}', "two"))
    log.execute(_EVENT, ("routine_started", '{"routine": "r"}', "three"))
    log.execute(_EVENT, ("routine_finished", "no JSON", "four"))
    assert [one.event_id for one in begun(log, 1)] == ["three"]
    assert begun(log, 1)[0].data == {"routine": "r"}
    assert begun(log, 2) == ()
    settled(log)
    assert begun(log, 1) == ()
    log.execute(_EVENT, ("routine_started", "also none", "five"))
    assert [(one.event_id, one.data) for one in begun(log, 1)] == [("five", {})]


def test_up_to_when_it_was_told_is_remembered(log: sqlite3.Connection) -> None:
    assert told(log) == {}
    at = dt.datetime(2027, 3, 1, 8, tzinfo=UTC)
    note_told(log, {"r": at})
    assert told(log) == {"r": at}


def test_they_are_read_from_the_folder_of_a_device(log: sqlite3.Connection, folder: Path, tmp_path: Path) -> None:
    uid = put(log, 31)
    assert [plan.uid for plan in plans(folder, "door")] == [uid]
    assert last_result(folder, uid) == {}
    for number, result in enumerate(("done", "cut")):
        data = json.dumps({"routine": uid, "run": "x", "result": result})
        log.execute(_EVENT, ("routine_finished", data, f"e{number}"))
    assert last_result(folder, uid)["result"] == "cut"
    with pytest.raises(Missing):
        plans(tmp_path / "nowhere", "door")

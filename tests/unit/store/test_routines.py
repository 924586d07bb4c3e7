"""Routines as people ask for them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.time import Stamp
from smartlogd.store.changes import applied, understood
from smartlogd.store.keys import Keys
from smartlogd.store.outcome import Work
from smartlogd.store.routines import note_ordered, ordered, the_routine

BREAKFAST: dict[str, Any] = {
    "device": "door", "name": "breakfast", "cron": "0  8 * * 1-5", "timezone": "Europe/Rome",
    "steps": [{"type": "treat", "params": {"count": 2}}, {"type": "wait", "duration_s": 30.0}],
}  # fmt: skip


@pytest.fixture
def log(database: sqlite3.Connection) -> sqlite3.Connection:
    for owner in (1, 2):
        database.execute(
            "INSERT INTO users (uid, role, created_at, updated_at) VALUES (?, 'owner', 1, 1)", (str(UUID(int=owner)),)
        )
    for owner, name in ((1, "door"), (1, "yard"), (2, "shed")):
        database.execute(
            "INSERT INTO devices (user_id, name, type, status, capabilities, enabled, epoch, high_seq)"
            " VALUES (?, ?, 'camera', 'online', '[]', 1, 'e', 0)", (owner, name),
        )  # fmt: skip
    return database


@pytest.fixture
def ask(log: sqlite3.Connection, folder: Path, at: Stamp) -> Any:
    keys = Keys.open(folder)

    def asked(what: str, **arguments: Any) -> Any:
        return applied(understood(what, arguments), Work(log, keys, folder, at)).told

    return asked


def rows(log: sqlite3.Connection, columns: str = "name, enabled") -> list[Any]:
    return log.execute(f"SELECT {columns} FROM routines ORDER BY id").fetchall()


def test_a_routine_is_kept_as_it_was_asked_for(log: sqlite3.Connection, ask: Any) -> None:
    told = ask("routine-add", **BREAKFAST)
    found = rows(log, "uid, user_id, device_id, name, cron, timezone, steps, enabled, last_run_at")
    steps = json.dumps(
        [
            {"type": "treat", "duration_s": 0.0, "params": {"count": 2}},
            {"type": "wait", "duration_s": 30.0, "params": {}},
        ]
    )
    assert found == [(told["uid"], 1, None, "breakfast", "0 8 * * 1-5", "Europe/Rome", steps, 1, None)]


def test_it_is_the_owners_and_no_one_elses(log: sqlite3.Connection, ask: Any) -> None:
    ask("routine-add", **BREAKFAST)
    assert the_routine(log, "yard", "breakfast")[1] == "breakfast", "should the device be called so one day"
    with pytest.raises(Missing, match="no routine called breakfast"):
        the_routine(log, "shed", "breakfast")


def test_two_of_one_name_are_not_wanted(ask: Any) -> None:
    ask("routine-add", **BREAKFAST)
    with pytest.raises(UnusableInput, match="already"):
        ask("routine-add", **BREAKFAST)
    ask("routine-add", **BREAKFAST | {"device": "shed"})


def test_it_is_disabled_enabled_and_removed_by_name_or_uid(log: sqlite3.Connection, ask: Any, at: Stamp) -> None:
    uid = ask("routine-add", **BREAKFAST)["uid"]
    (added,) = rows(log, "updated_at")
    assert ask("routine-disable", device="door", name="breakfast")["changed"] is True
    assert rows(log) == [("breakfast", 0)]
    assert ask("routine-disable", device="door", name=uid)["changed"] is False
    assert ask("routine-enable", device="door", name=uid)["enabled"] is True
    assert rows(log) == [("breakfast", 1)]
    (changed,) = rows(log, "updated_at")
    assert changed > added, "of two copies the newer wins"
    ask("routine-remove", device="door", name=uid)
    assert rows(log) == []
    with pytest.raises(Missing, match=f"no routine {uid}"):
        ask("routine-remove", device="door", name=uid)


def test_what_came_from_the_centre_is_changed_there(log: sqlite3.Connection, ask: Any) -> None:
    uid = ask("routine-add", **BREAKFAST)["uid"]
    note_ordered(log, uid, is_here=True)
    note_ordered(log, uid, is_here=True)
    assert ordered(log) == {uid}
    for what in ("routine-disable", "routine-enable", "routine-remove"):
        with pytest.raises(UnusableInput, match="the centre's"):
            ask(what, device="door", name="breakfast")
    note_ordered(log, uid, is_here=False)
    assert ask("routine-disable", device="door", name="breakfast")["changed"] is True


def test_a_name_that_two_have_is_to_be_told_by_uid(log: sqlite3.Connection, ask: Any) -> None:
    ask("routine-add", **BREAKFAST)
    log.execute(
        "INSERT INTO routines (uid, user_id, name, cron, timezone, steps, enabled, created_at, updated_at)"
        " SELECT ?, user_id, name, cron, timezone, steps, enabled, 1, 1 FROM routines", (str(uuid4()),),
    )  # fmt: skip
    with pytest.raises(UnusableInput, match="2 routines are called breakfast"):
        ask("routine-remove", device="door", name="breakfast")


def test_a_device_that_never_ran_has_no_routines(ask: Any) -> None:
    with pytest.raises(Missing, match="not run here as attic"):
        ask("routine-add", **BREAKFAST | {"device": "attic"})


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"cron": "0 25 * * *"}, 'cron does not fit: the hour "25" is not within 0 to 23; an example is'),
        ({"timezone": "Rome"}, "no time zone is called 'Rome', as for example Europe/Rome is"),
        ({"timezone": "../../etc/passwd"}, "no time zone is called"),
        ({"name": "\u202eevil"}, "a name has no invisible signs"),
        ({"name": "x" * 201}, "at most 200"),
        ({"steps": []}, "steps does not fit"),
        ({"steps": [{"type": "treat"}] * 101}, "steps does not fit"),
        ({"steps": [{"type": "bark"}]}, "steps.0.type does not fit"),
        ({"steps": [{"type": "wait"}]}, "a wait needs the seconds to be waited"),
        ({"steps": [{"type": "play", "duration_s": 3601.0}]}, "steps.0.duration_s"),
        ({"steps": [{"type": "play", "duration_s": -1.0}]}, "steps.0.duration_s"),
        ({"steps": [{"type": "play", "duration_s": 3600.0}] * 7}, "all steps together take more than 6 hours"),
        ({"steps": [{"type": "treat", "params": {"count": 11}}]}, "there are 1 to 10 treats"),
        ({"steps": [{"type": "treat", "params": {"count": True}}]}, "there are 1 to 10 treats"),
        ({"steps": [{"type": "pet", "params": {"x": "y" * 1000}}]}, "more than 1000 characters"),
        ({"steps": [{"type": "pet", "params": {"x": float("inf")}}]}, "steps.0.params"),
        ({"steps": [{"type": "pet", "params": {str(n): n for n in range(17)}}]}, "at most 16"),
        ({"steps": [{"type": "pet", "x": 1}]}, "knows no steps.0.x"),
        ({"device": "../door"}, "device does not fit"),
    ],
)
def test_what_cannot_be_meant_is_refused(ask: Any, wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnusableInput) as refused:
        ask("routine-add", **BREAKFAST | wrong)
    assert reason in str(refused.value)

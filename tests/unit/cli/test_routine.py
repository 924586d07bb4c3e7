"""`smartlogd routine`: with a daemon and without one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit, UnusableInput

Smartlogd = Callable[..., Any]
ADD = ("routine", "add", "breakfast", "--cron", "0 8 * * 1-5", "--step", "treat,count=2", "--step", "wait:30")


@pytest.fixture
def log(state: Path) -> Path:
    """A log of a device that ran once."""
    from village import Village

    Village(state)
    return state


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noon on the last day of March's winter time, a Saturday."""
    import datetime as dt

    import smartlogd.base.time
    from smartlogd.base.time import Stamp

    class Noon:
        def __init__(self, floor: object = None) -> None:
            pass

        def now(self) -> Stamp:
            return Stamp(0, dt.datetime(2027, 3, 27, 12, tzinfo=dt.UTC), trusted=True)

    monkeypatch.setattr(smartlogd.base.time, "SystemClock", Noon)


def change(state: Path, statement: str) -> None:
    with closing(sqlite3.connect(state / "smartlog.db")) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_routine_is_added_listed_disabled_enabled_and_removed(smartlogd: Smartlogd, log: Path) -> None:
    assert smartlogd("routine", "list").out.startswith("There is no routine yet. Add one: smartlogd routine add NAME")
    told = smartlogd(*ADD, "--timezone", "Europe/Rome")
    assert (told.code, told.out) == (0, "breakfast is added. When it begins: smartlogd routine next\n")
    head, row = smartlogd("routine", "list").out.splitlines()
    assert head.split() == ["name", "cron", "zone", "steps", "enabled", "last", "run", "went", "next"]
    assert row.split()[:12] == [
        "breakfast", "0", "8", "*", "*", "1-5", "Europe/Rome", "treat,count=2", "wait:30", "yes", "-", "-",
    ]  # fmt: skip
    assert row.split()[-1] == "08:00"
    assert smartlogd("routine", "disable", "breakfast").out == "breakfast begins by itself no more.\n"
    assert smartlogd("routine", "disable", "breakfast").out == "breakfast is disabled already.\n"
    assert smartlogd("routine", "list").out.splitlines()[1].split()[-1] == "-"
    assert smartlogd("routine", "enable", "breakfast").out == "breakfast begins by itself again.\n"
    assert smartlogd("routine", "enable", "breakfast").out == "breakfast is enabled already.\n"
    assert smartlogd("routine", "remove", "breakfast").out == "breakfast is removed.\n"
    told = smartlogd("routine", "remove", "breakfast")
    assert told.code == Exit.MISSING
    assert "no routine called breakfast" in told.err


def test_programs_read_json(smartlogd: Smartlogd, log: Path) -> None:
    added = json.loads(smartlogd(*ADD, "--disabled", "--json").out)
    assert (added["name"], added["changed"]) == ("breakfast", True)
    told = json.loads(smartlogd("routine", "list", "--json").out)
    assert told == {
        "uid": added["uid"], "name": "breakfast", "cron": "0 8 * * 1-5", "timezone": None, "enabled": False,
        "steps": [
            {"type": "treat", "duration_s": 0.0, "params": {"count": 2}},
            {"type": "wait", "duration_s": 30.0, "params": {}},
        ],
        "centre": False, "fault": None, "last_run_at": None, "last_result": None, "next_at": None,
    }  # fmt: skip
    assert json.loads(smartlogd("routine", "enable", added["uid"], "--json").out)["enabled"] is True
    assert json.loads(smartlogd("routine", "list", "--json").out)["next_at"] is not None


def test_an_invalid_cron_is_refused_with_the_reason_and_an_example(smartlogd: Smartlogd, log: Path) -> None:
    told = smartlogd("routine", "add", "lunch", "--cron", "0 25 * * *", "--step", "treat")
    assert told.code == Exit.UNUSABLE_INPUT
    assert 'the hour "25" is not within 0 to 23; an example is "30 7 * * 1-5"' in told.err
    assert smartlogd("routine", "list", "--json").out == ""


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--cron", "0 8 * * *", "--step", "dance"), Exit.UNUSABLE_INPUT, "steps.0.type does not fit"),
        (("--cron", "0 8 * * *", "--step", "treat;rm"), Exit.USAGE, "TYPE[:SECONDS]"),
        (("--cron", "0 8 * * *", "--step", "wait"), Exit.UNUSABLE_INPUT, "a wait needs the seconds"),
        (("--cron", "0 8 * * *"), Exit.USAGE, "--step"),
        (("--step", "treat"), Exit.USAGE, "--cron"),
        (("--cron", "0 8 * * *", "--step", "treat", "--timezone", "Rome"), Exit.UNUSABLE_INPUT, "Europe/Rome"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    smartlogd: Smartlogd, log: Path, more: tuple[str, ...], code: Exit, said: str
) -> None:
    told = smartlogd("routine", "add", "lunch", *more)
    assert told.code == code
    assert said in told.err


def test_without_a_log_there_is_nothing_to_add_to(smartlogd: Smartlogd, state: Path) -> None:
    assert smartlogd(*ADD).code == Exit.MISSING
    assert smartlogd("routine", "list").code == Exit.MISSING


@pytest.mark.usefixtures("at_noon")
def test_the_next_times_are_told_over_the_change_of_the_clock(smartlogd: Smartlogd, log: Path) -> None:
    smartlogd("routine", "add", "night", "--cron", "30 2 * * *", "--step", "pet", "--timezone", "Europe/Rome")
    smartlogd("routine", "add", "week", "--cron", "0 8 * * 1", "--step", "pet", "--timezone", "UTC")
    assert smartlogd("routine", "next", "-n", "4").out.splitlines() == [
        "Sun 2027-03-28 03:00 CEST  night",
        "Mon 2027-03-29 02:30 CEST  night",
        "Mon 2027-03-29 08:00 UTC  week",
        "Tue 2027-03-30 02:30 CEST  night",
    ]
    smartlogd("routine", "disable", "week")
    assert smartlogd("routine", "next", "week", "-n", "1").out == "Mon 2027-03-29 08:00 UTC  week (disabled)\n"
    (line,) = smartlogd("routine", "next", "-n", "1", "--json").out.splitlines()
    told = json.loads(line)
    assert (told["routine"], told["at"], told["enabled"]) == ("night", "2027-03-28T03:00:00+02:00", True)
    smartlogd("routine", "disable", "night")
    assert smartlogd("routine", "next").out == "Nothing begins by itself.\n"


def test_one_that_cannot_be_run_says_why(smartlogd: Smartlogd, log: Path) -> None:
    smartlogd(*ADD)
    change(log, 'UPDATE routines SET steps = \'[{"type": "dance"}]\'')
    _, row, why = smartlogd("routine", "list").out.splitlines()
    assert "cannot be run" in row
    assert why.startswith("breakfast cannot be run: steps.0.type:")
    assert json.loads(smartlogd("routine", "list", "--json").out)["fault"].startswith("steps.0.type")
    assert smartlogd("routine", "next").out == "Nothing begins by itself.\n"


def test_how_the_last_run_went_is_told(smartlogd: Smartlogd, log: Path) -> None:
    uid = json.loads(smartlogd(*ADD, "--json").out)["uid"]
    data = json.dumps({"routine": uid, "run": "x", "result": "partly"})
    change(
        log,
        "INSERT INTO events (user_id, type, ts, data, event_id, device_id)"
        f" VALUES (1, 'routine_finished', 1, '{data}', 'e', 1)",
    )
    assert json.loads(smartlogd("routine", "list", "--json").out)["last_result"] == "partly"
    assert "partly" in smartlogd("routine", "list").out


# What is asked of a daemon -----------------------------------------------------------------------


def test_one_is_begun_by_the_daemon(smartlogd: Smartlogd, desk: Any) -> None:
    desk.answers["routine"] = {"uid": "u", "name": "breakfast", "run": "r", "steps": 2}
    assert smartlogd("routine", "run", "breakfast").out == "breakfast has begun.\n"
    assert json.loads(smartlogd("routine", "run", "breakfast", "--json").out)["run"] == "r"
    assert desk.commands == [("routine", {"run": "breakfast"})] * 2
    desk.answers["routine"] = UnusableInput("The routine breakfast runs already.")
    told = smartlogd("routine", "run", "breakfast")
    assert (told.code, "runs already" in told.err) == (Exit.UNUSABLE_INPUT, True)


def test_without_a_daemon_nothing_can_be_begun(smartlogd: Smartlogd, log: Path) -> None:
    for words in (("run", "breakfast"), ("list", "--system")):
        told = smartlogd("routine", *words)
        assert (told.code, "No smartlogd is running" in told.err) == (Exit.SERVICE_AWAY, True)


def test_the_daemons_own_jobs_are_listed(smartlogd: Smartlogd, desk: Any) -> None:
    job = {
        "name": "days", "when": "every 60 s", "next_at": "2027-03-01T08:00:00+00:00",
        "last_at": "2027-03-01T07:59:00+00:00", "running": False, "trouble": "",
    }  # fmt: skip
    desk.answers["jobs"] = {
        "jobs": [
            job,
            {**job, "name": "backup", "last_at": None, "running": True},
            {**job, "trouble": "The disk is full."},
        ]
    }
    head, days, backup, full = smartlogd("routine", "list", "--system").out.splitlines()
    assert head.split() == ["job", "when", "last", "next", "trouble"]
    assert days.split()[:4] == ["days", "every", "60", "s"]
    assert backup.split()[4] == "-"
    assert backup.endswith("at work")
    assert full.endswith("The disk is full.")
    lines = smartlogd("routine", "list", "--system", "--json").out.splitlines()
    assert json.loads(lines[0]) == job
    assert desk.commands == [("jobs", {})] * 2

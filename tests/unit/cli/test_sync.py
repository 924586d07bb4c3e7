"""`smartlogd sync`: without a daemon what the database says, with one what that answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from answered import answered

from smartlogd.base.errors import Exit
from smartlogd.store.begin import begin
from smartlogd.store.engine import transaction
from smartlogd.store.sending import standing

Smartlogd = Callable[..., Any]
BUNDLE = {
    "smartlogd": 1,
    "device": "yard",
    "url": "postgresql://centre.example.org/smartlog",
    "login": "smartlogd_yard",
    "secret": "correct-horse-battery-staple",
    "fleet_key": "AAAA",
}


@pytest.fixture
def village(state: Path) -> Any:
    """A log with somebody in it."""
    from village import Village

    made = Village(state)
    made.recognised(made.enrolled("Anna", 1), 1, passings=3)
    return made


@pytest.fixture
def joined(village: Any, state: Path) -> Path:
    """The same, enrolled at a centre."""
    (state / "centre.json").write_text(json.dumps(BUNDLE))
    (state / "centre.json").chmod(0o600)
    return state


def test_a_device_without_a_centre_says_so(smartlogd: Smartlogd, village: Any) -> None:
    assert "sync     no centre joined" in smartlogd("sync", "status").out
    assert json.loads(smartlogd("sync", "status", "--json").out)["word"] == "off"
    for word in ("pause", "resume", "backfill"):
        told = smartlogd("sync", word)
        assert told.code == Exit.MISSING
        assert "joined no centre" in told.err


def test_a_device_at_rest_says_what_waits(smartlogd: Smartlogd, joined: Path) -> None:
    with transaction(joined / "smartlog.db") as connection:
        begin(connection)
    told = json.loads(smartlogd("sync", "status", "--json").out)
    assert told["word"] == "at rest"
    assert told["waiting"] > 0


def test_now_needs_a_daemon(smartlogd: Smartlogd, joined: Path) -> None:
    told = smartlogd("sync", "now")
    assert told.code == Exit.SERVICE_AWAY
    assert "No smartlogd is running" in told.err


def test_a_pause_is_noted_for_the_next_start(smartlogd: Smartlogd, joined: Path) -> None:
    assert "Go on with: smartlogd sync resume" in smartlogd("sync", "pause").out
    assert standing(joined).is_paused
    assert "sync     paused" in smartlogd("sync", "status").out
    assert json.loads(smartlogd("sync", "resume", "--json").out) == {"paused": False}
    assert not standing(joined).is_paused


def test_history_is_enqueued_once(smartlogd: Smartlogd, joined: Path) -> None:
    told = smartlogd("sync", "backfill")
    assert told.code == Exit.MISSING
    assert "has not run since" in told.err
    with transaction(joined / "smartlog.db") as connection:
        begin(connection)
    enqueued = json.loads(smartlogd("sync", "backfill", "--json").out)["enqueued"]
    assert enqueued >= 3
    assert smartlogd("sync", "backfill").out == "All of history is enqueued already.\n"


# With a daemon that answers ----------------------------------------------------------------------


class Desk:
    """What a daemon answers about its sync; nobody asks it for anything else."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.state = {"word": "ok", "detail": "", "waiting": 3, "oldest_age_s": 1.0, "dead": 0, "paused": False}

    async def sync(self, what: str) -> Mapping[str, object]:
        self.asked.append(what)
        return self.state


@pytest.fixture
def desk(joined: Path) -> Iterator[Desk]:
    desk = Desk()
    with answered(joined / "run" / "control.sock", desk):
        yield desk


def test_a_daemon_is_asked_and_its_answer_printed(smartlogd: Smartlogd, desk: Desk) -> None:
    assert json.loads(smartlogd("sync", "status", "--json").out) == desk.state
    assert "waiting  3 rows, the oldest 1 s old" in smartlogd("sync", "now").out
    assert smartlogd("sync", "pause").code == 0
    assert smartlogd("sync", "resume").code == 0
    assert desk.asked == ["status", "now", "pause", "resume"]


def test_now_that_did_not_reach_the_centre_is_told_by_its_exit_code(smartlogd: Smartlogd, desk: Desk) -> None:
    desk.state.update(word="away", detail="The centre cannot be reached.")
    told = smartlogd("sync", "now")
    assert told.code == Exit.SERVICE_AWAY
    assert "trouble  The centre cannot be reached." in told.out


def test_a_pause_that_a_daemon_took_is_its_own_to_remember(smartlogd: Smartlogd, desk: Desk, joined: Path) -> None:
    smartlogd("sync", "pause")
    assert not standing(joined).is_paused

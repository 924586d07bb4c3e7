from __future__ import annotations

import datetime as dt

from smartlogd.base.wire import Waiting
from smartlogd.cli.standing import age, at_rest, lines
from smartlogd.store.sending import Standing

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
RUNNING = {
    "word": "ok",
    "detail": "",
    "connected": True,
    "paused": False,
    "held": 2,
    "next_try_s": 0.0,
    "waiting": 7,
    "waiting_for_clock": 1,
    "oldest_age_s": 12.0,
    "dead": 3,
    "last_verdict": "2026-11-22T12:00:00.000+00:00",
    "last_pull": None,
    "rate": 4.5,
    "sent": 100,
    "duplicate": 2,
    "rejected": 3,
    "taken": 9,
}


def test_a_running_sync_is_told_in_lines() -> None:
    told = dict(line.split(maxsplit=1) for line in lines(RUNNING).splitlines())
    assert told["sync"] == "well"
    assert told["waiting"] == "7 rows, the oldest 12 s old, 1 for a clock that can be trusted"
    assert told["held"] == "2 rows, for a centre of a later version"
    assert told["sent"] == "100 rows since the start, 4.5 a second over the last minute, 2 were there already"
    assert told["verdict"].startswith("last 2026-11-2")
    assert told["news"] == "last never since the start, 9 rows taken"
    assert told["dead"] == "3: smartlogd sync dead list"
    assert "trouble" not in told


def test_a_trouble_says_when_it_is_tried_again() -> None:
    said = lines({**RUNNING, "word": "refused", "detail": "The centre refuses this device.", "next_try_s": 270.0})
    assert "trouble  The centre refuses this device. Next try in 4.5 min." in said


def test_a_database_at_rest_tells_what_it_can() -> None:
    waiting = Waiting(4, 0, NOON - dt.timedelta(days=2), 1)
    state = at_rest(Standing(waiting, is_paused=False), NOON, has_centre=True)
    assert (state["word"], state["waiting"], state["oldest_age_s"], state["dead"]) == ("at rest", 4, 172_800.0, 1)
    assert "waiting  4 rows, the oldest 2.0 d old" in lines(state)
    assert at_rest(Standing(waiting, is_paused=True), NOON, has_centre=True)["word"] == "paused"
    assert at_rest(Standing(waiting, is_paused=True), NOON, has_centre=False)["word"] == "off"


def test_spans_are_said_as_people_say_them() -> None:
    assert [age(span_s) for span_s in (0.4, 59, 60, 7200, 86_400 * 21)] == ["0 s", "59 s", "1.0 min", "2.0 h", "21.0 d"]

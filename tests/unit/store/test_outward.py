"""What others are told of an event; how it is asked for as they go is in test_feed.py."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from smartlogd.store import outward
from smartlogd.store.outward import after, newest

EVENT = """
INSERT INTO events (user_id, device_id, type, ts, data, event_id, subject_uuid) VALUES (1, 1, 'sit', ?, '{}', ?, ?)
"""


@pytest.fixture
def events(database: sqlite3.Connection) -> sqlite3.Connection:
    """Five events, those that were written later stamped earlier."""
    database.execute("PRAGMA foreign_keys = OFF")
    for number in range(5):
        database.execute(EVENT, (1000 - number, str(uuid4()), str(uuid4())))
    return database


def test_they_come_in_the_order_in_which_they_were_written_or_the_newest_first(events: sqlite3.Connection) -> None:
    assert [told.seq for told in after(events, 2, 10)] == [3, 4, 5]
    assert [told.seq for told in after(events, 0, 2)] == [1, 2]
    assert [told.seq for told in newest(events, 3)] == [5, 4, 3]
    assert (after(events, 5, 10), after(events, 0, -1), newest(events, 0)) == ((), (), ())


@pytest.mark.parametrize("question", ["_AFTER", "_NEWEST"])
def test_a_question_walks_along_the_numbers_and_sorts_nothing(events: sqlite3.Connection, question: str) -> None:
    plan = events.execute(f"EXPLAIN QUERY PLAN {getattr(outward, question)}", {"after": 1, "most": 1}).fetchall()
    steps = " | ".join(str(row[3]) for row in plan)
    assert "ix_events_ts" not in steps
    assert "TEMP B-TREE" not in steps
    assert "SCAN e" not in steps or question == "_NEWEST", steps


def test_who_it_is_by_now_is_found_through_mergers_that_run_in_a_circle_too(
    database: sqlite3.Connection, seen: Callable[..., Any]
) -> None:
    one = seen(passed=False)
    other = seen(into=one, passed=False)
    database.execute("UPDATE subjects SET merged_into = ? WHERE uuid = ?", (str(other), str(one)))
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute(EVENT, (1, str(uuid4()), str(one)))
    assert [told.person for told in newest(database, 1)] == [None]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ('{"line": "door", "confidence": NaN, "action": "I"}', {"line": "door", "action": "I"}),
        ('{"line": {"deep": 1}, "confidence": 1e999}', {}),
        ('{"line": "\\ud800"}', {"line": "?"}),
        (json.dumps({"line": "x" * 5000}), {"line": "x" * 200}),
        ("[" * 100_000, {}),
        ("[1]", {}),
        (None, {}),
        (b"\x00", {}),
    ],
)
def test_data_that_someone_wrote_by_hand_holds_up_nothing(data: object, told: object) -> None:
    assert outward.outward("crossing", data) == told


@pytest.mark.parametrize(
    ("type_", "data", "told"),
    [
        ("lie", {"track": 4, "confidence": 0.8, "fell": True, "x": 1}, {"track": 4, "confidence": 0.8, "fell": True}),
        ("sit", {"zone": "sofa"}, {"zone": "sofa"}),
        ("eating", {"zone": "bowl"}, {"zone": "bowl"}),
        ("fetch_return", {"success": False, "cue": "approach"}, {"success": False}),
    ],
)
def test_a_fall_a_zone_and_how_a_fetch_went_are_told(type_: str, data: object, told: object) -> None:
    assert outward.outward(type_, json.dumps(data)) == told

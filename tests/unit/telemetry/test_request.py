from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.telemetry.request import Request, Unmeant, request
from smartlogd.telemetry.topics import LINE, Thing

RESTART, DOOR = Thing("restart"), Thing(LINE, "door")
AT = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)
WHOLE = {"time": AT.isoformat(), "nonce": "0123456789"}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["left", *WHOLE.values()]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from(["time", "nonce", "counting", "start", "end", "inside", "more"])


def tried(thing: Thing, payload: bytes) -> Request | str:
    """The request, or the sentence why it is none."""
    try:
        return request(thing, payload)
    except Unmeant as refused:
        return str(refused)


def test_a_whole_message_is_a_request() -> None:
    assert request(RESTART, json.dumps(WHOLE).encode()) == Request(AT, "0123456789", {})
    moved = json.dumps({**WHOLE, "start": [0, 0.5], "inside": "above"}).encode()
    assert request(DOOR, moved) == Request(AT, "0123456789", {"name": "door", "start": [0.0, 0.5], "inside": "above"})


@pytest.mark.parametrize("time", [AT.timestamp(), "2026-11-22T07:00:00+01:00", "20261122T060000Z", int(AT.timestamp())])
def test_a_time_can_be_written_in_several_ways(time: object) -> None:
    assert request(RESTART, json.dumps({**WHOLE, "time": time}).encode()).asked == AT


@given(st.dictionaries(keys, values), st.sampled_from([RESTART, DOOR]))
def test_whatever_json_says_it_is_a_request_or_there_is_a_sentence_why_not(said: dict[str, Any], thing: Thing) -> None:
    found = tried(thing, json.dumps({**WHOLE, **said}).encode())
    if isinstance(found, str):
        assert found.endswith(".")
        return
    assert found.asked.tzinfo is not None
    assert found.arguments.keys() <= {"name", "counting", "start", "end", "inside"}
    assert len(json.dumps(found.arguments, allow_nan=False)) < 300
    assert "more" not in said


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_there_is_a_sentence_why_not(payload: bytes) -> None:
    assert str(tried(RESTART, payload)).endswith(".")


def test_a_refusal_says_what_may_stand_in_the_message() -> None:
    with pytest.raises(Unmeant, match="nothing but time, nonce, counting, start, end, inside"):
        request(DOOR, json.dumps({**WHOLE, "band": 1}).encode())
    with pytest.raises(Unmeant, match="at least one of counting, start, end, inside"):
        request(DOOR, json.dumps(WHOLE).encode())

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from smartlogd.base.health import Backlog, Body, Heartbeat, LastCrossing, LineToday, Told
from smartlogd.base.time import Stamp
from smartlogd.telemetry.health import (
    KINDS,
    LONGEST_STATUS,
    MOST_BYTES,
    answer,
    encoded,
    line_state,
    pause_state,
    rendered,
    status_line,
    told,
)
from smartlogd.telemetry.topics import Thing

ROOT = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "heartbeat.schema.json").read_text())
VALID = Draft202012Validator(SCHEMA)

AT = Stamp(10**12, dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC), trusted=True)
BODY = Body(51.23, ("under-voltage-before",), 10**11, 2**37, 10**8, 10**9, 10**10)
LAST = LastCrossing("0190-id", "door", "I", AT.utc, "Ada")
BEAT = Heartbeat(
    device="hall",
    version="0.5.0",
    boot_id="b8f2",
    at=AT,
    uptime_s=12.54,
    state="running",
    camera="demo",
    camera_status="running",
    fps=9.84,
    inference_p50_ms=30.04,
    inference_p95_ms=44.44,
    frame_age_s=0.12,
    frames=118,
    dropped=3,
    events=21,
    people=2,
    lines=(LineToday("door", 12, 9), LineToday("gate", 0, 0, is_counting=False)),
    last_crossing=LAST,
    waiting=Backlog("on", 3, 12.5, 0),
    journal="ok",
    body=BODY,
    models={"face": "1.2"},
    troubles=("sound: no microphone",),
)
BARE = replace(
    BEAT,
    inference_p50_ms=None,
    inference_p95_ms=None,
    frame_age_s=None,
    lines=(),
    last_crossing=None,
    waiting=Backlog(),
    body=Body(),
    models={},
    troubles=(),
)

instants = st.datetimes(timezones=st.just(dt.UTC))
stamps = st.builds(Stamp, st.integers(0), instants, st.booleans())
numbers = st.floats() | st.none()
counts = st.integers() | st.none()
texts = st.text(max_size=300)
heartbeats = st.builds(
    Heartbeat,
    device=texts,
    version=texts,
    boot_id=texts,
    at=stamps,
    uptime_s=st.floats(),
    state=texts,
    camera=texts,
    camera_status=texts,
    fps=st.floats(),
    inference_p50_ms=numbers,
    inference_p95_ms=numbers,
    frame_age_s=numbers,
    frames=st.integers(),
    dropped=st.integers(),
    events=st.integers(),
    people=st.integers(),
    lines=st.lists(st.builds(LineToday, texts, st.integers(), st.integers(), st.booleans()), max_size=3).map(tuple),
    last_crossing=st.none()
    | st.builds(LastCrossing, texts, texts, st.sampled_from(["I", "O", "?"]), instants, st.none() | texts),
    waiting=st.builds(Backlog, texts, counts, numbers, counts),
    journal=texts,
    body=st.builds(Body, numbers, st.lists(texts, max_size=3).map(tuple), counts, counts, counts, counts, counts),
    pace=st.floats(),
    rung=texts,
    models=st.dictionaries(texts, texts, max_size=3),
    troubles=st.lists(texts, max_size=3).map(tuple),
)


def properties(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field that a schema describes, with what it says of it."""
    for key, about in schema.get("properties", {}).items():
        yield f"{path}{key}", about
        yield from properties(about, f"{path}{key}.")
    for word in ("additionalProperties", "items"):
        if isinstance(schema.get(word), dict):
            yield f"{path}*", schema[word]
            yield from properties(schema[word], f"{path}*.")


def read_back(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message as a reader gets it, who bears no NaN."""
    found: dict[str, Any] = json.loads(encoded(message), parse_constant=lambda word: pytest.fail(word))
    return found


@given(heartbeats, st.booleans())
def test_every_heartbeat_is_as_its_schema_says(beat: Heartbeat, names: bool) -> None:
    VALID.validate(read_back(rendered(beat, names=names)))


@pytest.mark.parametrize("beat", [BEAT, BARE], ids=["full", "bare"])
def test_what_a_device_cannot_know_is_null_and_never_left_out(beat: Heartbeat) -> None:
    message = read_back(rendered(beat, names=True))
    VALID.validate(message)
    assert message.keys() == SCHEMA["properties"].keys() == set(SCHEMA["required"])


def test_the_schema_is_one_and_describes_every_field_with_its_unit() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for name, about in properties(SCHEMA):
        words = about.get("description", "")
        assert words.endswith("."), name
        for ending, unit in {
            "_s": "Seconds",
            "_ms": "Milliseconds",
            "_c": "Degrees Celsius",
            "_bytes": "Bytes",
        }.items():
            assert not name.endswith(ending) or words.startswith(unit), name


def test_no_object_of_the_schema_is_open() -> None:
    objects = [SCHEMA, *(about for _, about in properties(SCHEMA) if "object" in about.get("type", ()))]
    assert len(objects) == 5
    assert all("additionalProperties" in about and about["additionalProperties"] is not True for about in objects)


def test_every_field_of_the_heartbeat_is_told() -> None:
    """What is added to the heartbeat must be added to what is told of it: changed, each field changes the message."""
    plain = encoded(rendered(BARE, names=True))
    other = replace(
        BEAT,
        device="x", version="x", boot_id="x", at=AT.shifted(1), uptime_s=1.0, state="x", camera="x", camera_status="x",
        fps=1.0, frames=1, dropped=1, events=1, people=1, journal="x", pace=0.5, rung="x",
    )  # fmt: skip
    same = [
        field.name
        for field in fields(Heartbeat)
        if encoded(rendered(replace(BARE, **{field.name: getattr(other, field.name)}), names=True)) == plain
    ]
    assert same == []


def test_a_heartbeat_says_numbers_as_a_person_would_read_them() -> None:
    message = rendered(BEAT, names=True)
    assert (message["fps"], message["uptime_s"], message["inference_p95_ms"]) == (9.8, 12.5, 44.4)
    assert (message["in_today"], message["out_today"], message["temperature_c"]) == (12, 9, 51.2)
    assert message["time"] == "2026-11-22T06:00:00.000+00:00"
    assert message["lines"] == {
        "door": {"in": 12, "out": 9, "counting": True},
        "gate": {"in": 0, "out": 0, "counting": False},
    }


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -1.0, 1e308, 10**400])
def test_no_number_is_beyond_reading(number: float) -> None:
    beat = replace(
        BEAT, fps=number, uptime_s=number, pace=number, frame_age_s=number, body=replace(BODY, temperature_c=number)
    )
    VALID.validate(read_back(rendered(beat, names=True)))


@pytest.mark.parametrize("letter", ["x", "\n", "\0", '"', "\\", "\U0001f436", "\ud800", "\u2028"])
def test_a_heartbeat_is_never_larger_than_a_broker_should_carry(letter: str) -> None:
    long = letter * 100_000
    many = tuple(f"{number:05}{long}" for number in range(200))
    beat = Heartbeat(
        device=long, version=long, boot_id=long, at=AT, uptime_s=1, state=long, camera=long, camera_status=long,
        fps=1, inference_p50_ms=1, inference_p95_ms=1, frame_age_s=1, frames=1, dropped=1, events=1, people=1,
        lines=tuple(LineToday(name, 2**70, 2**70) for name in many),
        last_crossing=LastCrossing(long, long, "O", AT.utc, long),
        waiting=Backlog(long, 1, 1, 1), journal=long, body=Body(1, many, 1, 1, 1, 1, 1), rung=long,
        models=dict.fromkeys(many, long), troubles=many,
    )  # fmt: skip
    message = encoded(rendered(beat, names=True))
    assert len(message) <= MOST_BYTES
    VALID.validate(json.loads(message))
    assert len(status_line(beat, long)) <= LONGEST_STATUS


def test_without_names_nobody_is_named_anywhere() -> None:
    beat = encoded(rendered(BEAT, names=False))
    event = told(crossing(), AT, names=False)
    assert event is not None
    assert b"Ada" in encoded(rendered(BEAT, names=True))
    assert b"Ada" not in beat
    assert event[1]["person"] is None
    assert event[1]["subject"] is None


def test_a_passing_of_no_direction_is_not_told() -> None:
    assert rendered(replace(BEAT, last_crossing=replace(LAST, action="?")), names=True)["last_crossing"] is None
    assert told(replace(crossing(), data={"line": "door"}), AT, names=True) is None


def test_a_lines_own_message_is_what_the_heartbeat_says_of_it() -> None:
    lines = rendered(BEAT, names=True)["lines"]
    assert isinstance(lines, Mapping)
    assert line_state(BEAT.lines[1]) == lines["gate"]


def test_only_a_paused_camera_is_paused() -> None:
    assert pause_state(replace(BEAT, camera_status="paused")) == "ON"
    assert [pause_state(replace(BEAT, camera_status=word)) for word in ("running", "lost", "ended")] == ["OFF"] * 3


def test_the_status_is_one_line_that_says_how_the_device_fares() -> None:
    assert status_line(replace(BEAT, troubles=()), "online") == (
        "running: camera running 9.8 fps, 2 in view, in 12 out 9 today, centre on (3 waiting), mqtt online"
    )


def test_the_status_names_what_is_not_as_it_should_be() -> None:
    ill = replace(BEAT, journal="disk full", pace=0.5, rung="rebuild", waiting=Backlog("away"), troubles=("a", "b"))
    assert status_line(ill).endswith("centre away, log disk full, hot, 50% of the frames, rebuild, 2 parts do not run")
    assert status_line(BEAT).endswith("1 part does not run")


@given(heartbeats, texts)
def test_the_status_is_always_one_line(beat: Heartbeat, broker: str) -> None:
    line = status_line(beat, broker)
    assert len(line) <= LONGEST_STATUS
    assert len(line.splitlines()) == 1


def crossing(**data: Any) -> Told:
    """An event as the log tells of it."""
    given = {"line": "door", "action": "I", "track": 7, "confidence": 0.91, "x": 0.5, "y": 0.5, **data}
    return Told(4, "0190-id", "crossing", AT.utc, True, "5ub-ject", "Ada", data=given)


def test_a_crossing_is_told_with_who_where_and_which_way() -> None:
    assert told(crossing(action="O"), AT, names=True) == (
        "crossing",
        {
            "event_type": "out",
            "id": "0190-id",
            "type": "crossing",
            "time": "2026-11-22T06:00:00.000+00:00",
            "trusted": True,
            "late": False,
            "subject": "5ub-ject",
            "person": "Ada",
            "confidence": 0.91,
            "line": "door",
        },
    )


@pytest.mark.parametrize(("age_s", "is_late"), [(-5.0, False), (60.0, False), (60.1, True), (86400.0, True)])
def test_what_is_told_a_minute_after_is_late(age_s: float, is_late: bool) -> None:
    message = told(crossing(), AT.shifted(age_s), names=True)
    assert message is not None
    assert message[1]["late"] is is_late


def test_of_a_face_nothing_is_told_but_that_it_was_seen() -> None:
    seen = replace(crossing(distance=0.31, embedding=[0.1] * 128), type="face_seen")
    message = told(seen, AT, names=True)
    assert message is not None
    kind, words = message
    assert kind == "face"
    assert words.keys() == {"event_type", "id", "type", "time", "trusted", "late", "subject", "person"}


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_nothing_of_an_events_data_is_passed_on_but_what_is_named(type_: str) -> None:
    message = told(replace(crossing(secret="s3cret", track=7), type=type_, ended=AT.utc), AT, names=True)
    assert message is not None
    known = {"event_type", "id", "type", "time", "trusted", "late", "subject", "person", "confidence", "line", "ended"}
    assert message[1].keys() <= known | ({"count"} if KINDS[type_] == "sound" else set())
    assert b"s3cret" not in encoded(message[1])


@pytest.mark.parametrize(
    ("type_", "data", "said"),
    [
        ("lie", {"fell": True}, {"fell": True}),
        ("fetch_return", {"success": False}, {"success": False}),
        ("eating", {"zone": "bowl"}, {"zone": "bowl"}),
        ("lie", {"fell": "yes", "zone": 7}, {}),
    ],
)
def test_a_behaviour_says_where_it_was_whether_it_was_a_fall_and_whether_it_came_to_something(
    type_: str, data: dict[str, str | bool], said: dict[str, str | bool]
) -> None:
    message = told(replace(crossing(**data), type=type_), AT, names=False)
    assert message is not None
    assert {key: message[1][key] for key in ("fell", "success", "zone") if key in message[1]} == said


def test_an_event_says_when_it_ended_if_it_did() -> None:
    slept = replace(crossing(), type="lie", ended=AT.shifted(60).utc)
    message = told(slept, AT.shifted(60), names=True)
    assert message is not None
    assert message[0] == "behaviour"
    assert message[1]["event_type"] == "lie"
    assert message[1]["ended"] == "2026-11-22T06:01:00.000+00:00"


@pytest.mark.parametrize(("given", "count"), [(7, 7), (None, None), ("many", None), (1.5, None)])
def test_a_sound_says_how_often_it_was_heard(given: object, count: int | None) -> None:
    message = told(replace(crossing(count=given), type="bark"), AT, names=True)
    assert message is not None
    assert message[1]["count"] == count


@pytest.mark.parametrize(
    "type_", ["device_started", "clock_corrected", "loss", "bookmark", "clip_saved", "routine_started", "", "anything"]
)
def test_what_concerns_the_device_alone_is_not_told(type_: str) -> None:
    assert told(replace(crossing(), type=type_), AT, names=True) is None


def test_every_event_type_of_a_being_has_its_kind() -> None:
    assert {kind: [word for word in KINDS if KINDS[word] == kind] for kind in ("crossing", "face", "sound")} == {
        "crossing": ["crossing"],
        "face": ["face_seen"],
        "sound": ["bark", "howl", "whine", "speech", "alarm", "glass"],
    }


@given(st.dictionaries(texts, st.none() | texts | st.floats() | st.integers() | st.lists(texts)), instants)
def test_an_event_of_any_data_is_told_in_json(data: dict[str, Any], at: dt.datetime) -> None:
    event = replace(crossing(**data), at=at)
    for type_ in ("crossing", "bark", "face_seen"):
        message = told(replace(event, type=type_), AT, names=True)
        assert message is None or len(encoded(message[1])) < 4096


def test_an_answer_says_what_was_asked_and_what_came_of_it() -> None:
    done = answer(Thing("line", "front door"), AT, {"line": "front door", "ok": "no", "command": "other"})
    assert done == {
        "line": "front door",
        "command": "line/front%20door",
        "ok": True,
        "at": "2026-11-22T06:00:00.000+00:00",
    }
    refused = answer(Thing("restart"), AT, {"why": "This nonce was used before."}, is_done=False)
    assert refused["ok"] is False
    assert refused["why"] == "This nonce was used before."


def test_an_answer_is_never_larger_than_a_broker_should_carry() -> None:
    row = {str(number): "x" * 500 for number in range(50)}
    large = answer(Thing("sync"), AT, {str(number): [row] * 50 for number in range(50)})
    assert large == {"command": "sync", "ok": True, "at": "2026-11-22T06:00:00.000+00:00", "cut": True}

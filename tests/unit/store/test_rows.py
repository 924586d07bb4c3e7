from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.errors import UnusableInput
from smartlogd.base.known import Event, EventId, SubjectId
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import instant_of
from smartlogd.store.rows import (
    EVENT_COLUMNS,
    LARGEST_DATA_BYTES,
    SMARTLOG_COLUMNS,
    SUBJECT_COLUMNS,
    EventRows,
    Origin,
    batch_of,
    rows_of,
    stripped,
)

Maker = Callable[..., Event]


def test_a_crossing_is_one_event_and_one_passing_of_one_subject(crossing: Maker, origin: Origin) -> None:
    event = crossing()
    rows = rows_of(event, origin)
    told = dict(zip(EVENT_COLUMNS, rows.event, strict=True))
    assert json.loads(str(told.pop("data"))) == event.data
    assert told == {
        "user_id": 1, "type": "crossing", "ts": 1803902400123456, "event_id": str(event.id), "device_id": 1,
        "subject_uuid": str(event.subject), "person": None, "ended_at": None, "boot_id": origin.boot_id,
        "mono_us": 5_000_000, "clock_trusted": 1,
    }  # fmt: skip
    assert rows.passing is not None
    assert dict(zip(SMARTLOG_COLUMNS, rows.passing, strict=True)) == {
        "uuid": str(event.subject), "action": "I", "timestamp": 1803902400123456, "event_id": str(event.id),
        "device_id": 1, "line": "door", "confidence": 0.75, "track_id": 1, "boot_id": origin.boot_id,
        "mono_us": 5_000_000, "clock_trusted": 1,
    }  # fmt: skip
    assert rows.subject == str(event.subject)


def test_what_is_no_crossing_has_no_passing(crossing: Maker, origin: Origin) -> None:
    event = crossing()
    rows = rows_of(dataclasses.replace(event, type="sit", ended=event.stamp.shifted(2), subject=None, data={}), origin)
    assert rows.passing is rows.subject is None
    assert dict(zip(EVENT_COLUMNS, rows.event, strict=True))["ended_at"] == 1803902402123456


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "X"}, {"action": None}, {"line": None}, {"line": 3}, {"confidence": 1.5}, {"confidence": "high"},
        {"track": "one"}, {"track": None},
    ],
)  # fmt: skip
def test_a_crossing_that_says_too_little_is_refused_at_once(
    crossing: Maker, origin: Origin, wrong: dict[str, object]
) -> None:
    event = crossing()
    with pytest.raises(UnusableInput, match="A crossing needs"):
        rows_of(dataclasses.replace(event, data=dict(event.data) | wrong), origin)


def test_a_crossing_of_nobody_is_refused(crossing: Maker, origin: Origin) -> None:
    with pytest.raises(UnusableInput, match="needs a subject"):
        rows_of(dataclasses.replace(crossing(), subject=None), origin)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"bytes"])
def test_data_that_is_no_json_is_refused(crossing: Maker, origin: Origin, value: object) -> None:
    with pytest.raises(UnusableInput, match="is no JSON"):
        rows_of(dataclasses.replace(crossing(), type="sit", data={"value": value}), origin)


def test_data_without_bound_is_refused(crossing: Maker, origin: Origin) -> None:
    with pytest.raises(UnusableInput, match="larger than"):
        rows_of(dataclasses.replace(crossing(), type="sit", data={"long": "x" * LARGEST_DATA_BYTES}), origin)


def test_any_mapping_is_data(crossing: Maker, origin: Origin) -> None:
    data = MappingProxyType({"inner": MappingProxyType({"name": "Tür"})})
    rows = rows_of(dataclasses.replace(crossing(), type="sit", data=data), origin)
    assert dict(zip(EVENT_COLUMNS, rows.event, strict=True))["data"] == '{"inner":{"name":"Tür"}}'


def test_a_naive_time_is_refused(crossing: Maker, origin: Origin) -> None:
    event = crossing()
    stamp = dataclasses.replace(event.stamp, utc=event.stamp.utc.replace(tzinfo=None))
    with pytest.raises(UnusableInput, match="no time zone"):
        rows_of(dataclasses.replace(event, stamp=stamp), origin)


def test_another_devices_event_is_refused(crossing: Maker, origin: Origin) -> None:
    with pytest.raises(UnusableInput, match="'garden' was given to the journal of 'door'"):
        rows_of(dataclasses.replace(crossing(), device="garden"), origin)


def rows(at_us: int, subject: int | None) -> EventRows:
    stamp = Stamp(0, instant_of(at_us), trusted=True)
    who = None if subject is None else SubjectId(UUID(int=subject))
    return rows_of(Event(EventId(UUID(int=at_us)), "door", "sit", stamp, who), Origin("door", 1, 1, "boot"))


@given(st.lists(st.tuples(st.integers(0, 10**15), st.none() | st.integers(0, 5)), max_size=30))
def test_a_batch_notes_each_subject_once_from_first_to_last(seen: list[tuple[int, int | None]]) -> None:
    batch = batch_of(rows(at, subject) for at, subject in seen)
    assert len(batch.events) == len(seen)
    spans = {str(row[0]): row[-2:] for row in batch.subjects}
    assert len(spans) == len(batch.subjects)
    assert all(len(row) == len(SUBJECT_COLUMNS) for row in batch.subjects)
    for subject in {subject for _, subject in seen if subject is not None}:
        times = [at for at, who in seen if who == subject]
        assert spans[str(UUID(int=subject))] == (min(times), max(times))


def test_rows_of_who_was_forgotten_meanwhile_are_of_nobody(crossing: Maker, origin: Origin) -> None:
    gone, stays = rows_of(crossing(), origin), rows_of(crossing(), origin)
    assert gone.subject is not None
    assert gone.subject != stays.subject
    batch = stripped(batch_of([gone, stays]), {gone.subject})
    event, passing = (dict(zip(columns, rows[0], strict=True)) for columns, rows in (
        (EVENT_COLUMNS, batch.events), (SMARTLOG_COLUMNS, batch.passings)
    ))  # fmt: skip
    assert (event["subject_uuid"], event["person"]) == (None, None)
    before = json.loads(str(dict(zip(EVENT_COLUMNS, gone.event, strict=True))["data"]))
    assert json.loads(str(event["data"])) == {key: value for key, value in before.items() if key != "track"}
    assert (passing["uuid"], passing["track_id"]) == (passing["event_id"], None)
    assert (batch.events[1], batch.passings[1]) == (stays.event, stays.passing)
    assert [row[0] for row in batch.subjects] == [stays.subject]

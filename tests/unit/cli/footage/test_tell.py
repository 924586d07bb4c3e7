"""What a replay says."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from smartlogd.base.known import Event, EventId, SubjectId
from smartlogd.base.time import Stamp
from smartlogd.cli.footage import Account
from smartlogd.cli.tell import Teller, end_line, event_line, pace, seconds, table

AT = Stamp(3_350_400_000, dt.datetime(2026, 11, 21, tzinfo=dt.UTC), trusted=False)
UUIDS = UUID(int=1), UUID(int=2)
CROSSING = Event(
    EventId(UUIDS[0]), "hall", "crossing", AT, SubjectId(UUIDS[1]),
    data={"line": "door", "action": "O", "track": 4, "confidence": 0.9, "x": 0.5, "y": 0.5},
)  # fmt: skip
ENTERED = Event(EventId(UUIDS[0]), "hall", "person_entered", AT, SubjectId(UUIDS[1]), data={"track": 4})
LYING = Event(
    EventId(UUIDS[0]), "hall", "lie", AT, SubjectId(UUIDS[1]), data={"track": 4, "confidence": 0.8, "fell": True}
)
FETCHED = replace(LYING, type="fetch_return", ended=AT.shifted(4.25), data={"track": 4, "success": True})


def test_seconds_are_told_to_the_millisecond() -> None:
    assert seconds(CROSSING) == 3.35


def test_a_crossing_is_told_in_words_and_so_is_anything_else() -> None:
    assert event_line(CROSSING) == "    3.35 s  door  out  track 4"
    assert event_line(ENTERED) == "    3.35 s  person entered  track 4"
    assert event_line(LYING, "Ada") == "    3.35 s  lie  track 4  Ada  fell"
    assert event_line(FETCHED) == "    3.35 s  fetch return  track 4  success  4.2 s"
    assert event_line(replace(LYING, data={"track": 4, "success": False, "zone": "sofa"})) == (
        "    3.35 s  lie  track 4  no success  zone sofa"
    )


def test_the_end_of_what_took_time_is_told_where_it_ended() -> None:
    assert end_line(replace(LYING, ended=AT.shifted(8.75)), "Ada") == "   12.10 s  end of lie  track 4  Ada  8.8 s"
    assert end_line(LYING) == "    3.35 s  end of lie  track 4  0.0 s"


def test_a_program_reads_when_it_began_and_an_object_of_its_own_says_when_it_was_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    teller = Teller(as_json=True, with_events=True, names_files=False)
    teller.listen((LYING, FETCHED))
    teller.over(replace(LYING, ended=AT.shifted(8.75)))
    lying, fetched, end = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (lying["type"], lying["t"], lying["until"], lying["fell"]) == ("lie", 3.35, None, True)
    assert (fetched["t"], fetched["until"], fetched["success"]) == (3.35, 7.6, True)
    assert end == {"type": "end", "what": "lie", "t": 3.35, "until": 12.1, "track": 4, "uuid": str(UUIDS[1])}


def test_a_person_reads_both_only_when_events_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for with_events in (False, True):
        teller = Teller(as_json=False, with_events=with_events, names_files=False)
        teller.listen((LYING,))
        teller.over(replace(LYING, ended=AT.shifted(8.75)))
    assert capsys.readouterr().out.splitlines() == [
        "    3.35 s  lie  track 4  fell",
        "   12.10 s  end of lie  track 4  8.8 s",
    ]


def test_a_program_reads_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller(as_json=True, with_events=False, names_files=False)
    teller.begin(Path("hall.mp4"))
    teller.watch(None, None, (ENTERED, CROSSING))  # type: ignore[arg-type]
    teller.end(Account(("door",)))
    crossing, summary = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert crossing == {
        "type": "crossing",
        "line": "door",
        "action": "O",
        "t": 3.35,
        "track": 4,
        "user_id": None,
        "uuid": str(UUIDS[1]),
        "confidence": 0.9,
        "person": None,
        "who": None,
    }
    assert summary["crossings"] == {"door": {"I": 0, "O": 0}}


def test_the_table_stands_in_columns() -> None:
    rows = table(Account(("door", "a longer name"))).splitlines()
    assert rows[0] == "0 frames, 0.0 s at 0.0 fps, 0 tracks"
    assert len({len(row) for row in rows[1:]}) == 1


def test_a_clip_that_took_no_time_does_no_harm() -> None:
    assert pace(0, 0.0, 0.0) == "0 frames in no time"

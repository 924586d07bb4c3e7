"""What is written on a terminal, and what elsewhere."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import os
import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from smartlogd.base.known import Event, EventId, PersonId, SubjectId
from smartlogd.base.time import Stamp
from smartlogd.cli.speech import (
    Readable,
    Screen,
    event_json,
    event_line,
    farewell,
    log_as_daemon,
    log_to_stderr,
    status_line,
)
from smartlogd.telemetry.logs import ToJournal

STAMP = Stamp(0, dt.datetime(2026, 1, 1, 12, 30, 5, tzinfo=dt.UTC), trusted=True)
ID = UUID(int=7)


class Terminal(io.StringIO):
    """A place to write to that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_off_a_terminal_a_status_is_a_line_like_any_other() -> None:
    out = io.StringIO()
    screen = Screen(out)
    screen.show("10 fps")
    screen.say("someone came")
    screen.clear()
    assert out.getvalue() == "10 fps\nsomeone came\n"


def test_on_a_terminal_the_status_stays_below_what_is_said() -> None:
    out = Terminal()
    screen = Screen(out)
    screen.show("10 fps")
    screen.say("someone came")
    screen.show("11 fps")
    screen.clear()
    wipe = "\r\x1b[K"
    assert out.getvalue() == f"{wipe}10 fps{wipe}someone came\n10 fps{wipe}11 fps{wipe}"


def test_a_status_wider_than_the_terminal_is_cut_lest_it_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    out = Terminal()
    Screen(out).show("0123456789")
    assert out.getvalue() == "\r\x1b[K012345678"


def test_when_nobody_reads_any_more_it_goes_on_without_them() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        screen = Screen(out)
        screen.say("someone came")
        screen.say("someone went")


def test_a_record_is_one_readable_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("info")
    log = logging.getLogger("smartlogd.capture")
    log.warning("camera lost", extra={"source": "/dev/video0", "why": "no frame", "took_s": 5.0})
    log.debug("not worth a line")
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r'\d\d:\d\d:\d\d warning capture: camera lost source=/dev/video0 why="no frame" took_s=5.0', line
    )


def test_on_one_terminal_records_are_written_above_the_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr("sys.stderr", Terminal())
    screen = Screen(out)
    log_to_stderr("info", screen)
    screen.show("10 fps")
    logging.getLogger("smartlogd.store").error("disk full")
    assert out.getvalue().endswith("error store: disk full\n10 fps")


def test_a_mistake_in_the_program_keeps_its_traceback() -> None:
    record = logging.LogRecord("smartlogd.x", logging.ERROR, "f", 1, "oh", None, (ValueError, ValueError("no"), None))
    assert Readable().format(record).endswith("error x: oh\nValueError: no")


def event(type_: str, **data: object) -> Event:
    return Event(EventId(ID), "yard", type_, STAMP, SubjectId(ID), data=data)  # type: ignore[arg-type]


def test_a_crossing_is_told_with_its_line_and_way() -> None:
    line = event_line(event("crossing", line="door", action="O", track=3))
    assert re.fullmatch(r"\d\d:\d\d:05  door: out +track 3", line)


def test_anything_else_is_told_by_its_own_word() -> None:
    assert event_line(event("person_entered", track=3)).endswith("  person entered  track 3")
    assert event_line(event("device_started")).endswith("  device started")


def test_an_event_as_json_has_its_ids_and_its_instant() -> None:
    said = json.loads(event_json(event("crossing", line="door", action="I", track=3)))
    assert said == {
        "type": "crossing",
        "ts": "2026-01-01T12:30:05.000+00:00",
        "event_id": str(ID),
        "device": "yard",
        "uuid": str(ID),
        "person": None,
        "who": None,
        "line": "door",
        "action": "I",
        "track": 3,
    }


def test_an_event_says_who_it_was_where_that_is_known() -> None:
    known = replace(event("crossing", line="door", action="I", track=3), person=PersonId(ID))
    assert event_line(known, "Ada").endswith("track 3  Ada")
    said = json.loads(event_json(known, "Ada"))
    assert (said["person"], said["who"]) == (str(ID), "Ada")


def test_the_status_line_tells_of_trouble_only_when_there_is_some() -> None:
    state: dict[str, object] = {
        "fps": 9.9, "people": 1, "events": 4, "dropped": 0, "lines": {"door": {"I": 2, "O": 1}},
        "camera": {"status": "running"}, "journal": {"word": "ok", "waiting": 0},
    }  # fmt: skip
    assert status_line(state) == "9.9 fps | 1 in view | door 2 in 1 out | 4 events | 0 dropped"
    state |= {"camera": {"status": "lost"}, "journal": {"word": "disk full", "waiting": 3}}
    assert farewell(state | {"frames": 90}) == "Stopped after 90 frames: door 2 in 1 out, 4 events, 0 dropped."
    assert status_line(state).endswith("| camera lost | log: disk full, 3 waiting")


def test_a_daemon_writes_to_the_journal_where_standard_error_leads_to_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (tmp_path / "stderr").open("w") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        monkeypatch.setattr("sys.stderr", stream)
        log_as_daemon("info")
    (handler,) = logging.getLogger("smartlogd").handlers
    assert isinstance(handler, ToJournal)
    handler.close()


def test_a_daemon_that_nobody_started_as_a_service_writes_as_ever_but_repeats_itself_less(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_as_daemon("info")
    log = logging.getLogger("smartlogd.capture")
    for _ in range(50):
        log.warning("camera lost")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0].endswith(" warning capture: camera lost")

"""The daemon's state as one screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from smartlogd.cli.panel import screen

STATE: Mapping[str, object] = {
    "state": "running", "device": "yard", "version": "9.9", "pid": 77, "uptime_s": 3725.0, "state_dir": "/state",
    "camera": {"name": "demo", "status": "running"}, "profile": "door", "fps": 9.8, "people": 2, "frames": 100,
    "frames_scanned": 40, "dropped": 1, "events": 5, "lines": {"door": {"I": 9, "O": 9}}, "model_ms": 21.0,
    "first_frame_s": 1.2, "recognition": {"word": "on", "detail": "", "templates": 6, "looks": 9},
    "journal": {"word": "ok", "detail": "", "waiting": 0, "written": 5},
    "sync": {"word": "ok", "detail": "", "waiting": 12, "oldest_age_s": 90.0, "dead": 2},
    "today": {"door": {"in": 3, "out": 2}, "yard": {"in": 0, "out": 0}},
    "inference_ms": {"p50": 20.14, "p95": 33.0},
    "health": {
        "temperature_c": 48.24, "throttled": ["under-voltage"], "disk_free_bytes": 12 * 1024**3,
        "disk_total_bytes": 28 * 1024**3, "memory_bytes": 188_000_000, "written_bytes_day": 43_000_000,
    },
    "mqtt": {"word": "online", "detail": "", "host": "hub.local", "told": 12},
    "metrics": "127.0.0.1:9464", "rung": "rebuild", "pace": 0.25, "paused": False, "clock_trusted": False,
    "last_events": [
        {"time": "2026-11-22T06:01:12.000+00:00", "type": "crossing", "line": "door", "action": "I", "person": "Ada"},
        {"time": "2026-11-22T06:01:10+00:00", "type": "person_entered", "line": None, "trusted": False},
    ],
    "troubles": {"mqtt": "It fell over."},
}  # fmt: skip


def lines(state: Mapping[str, object]) -> list[str]:
    return [" ".join(line.split()) for line in screen(state).splitlines()]


def local(text: str) -> str:
    return dt.datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def test_one_screen_says_all_of_it() -> None:
    assert lines(STATE) == [
        "smartlogd 9.9 on yard, running, pid 77",
        "up 1 h 2 min, first frame after 1.2 s",
        "camera demo, running, 9.8 fps",
        "frames 100, models looked at 40, 1 dropped",
        "models profile door, 20.1 ms a look, 95 of 100 within 33.0 ms",
        "in view 2",
        "faces 6 remembered, 9 looked at",
        "line door 3 in, 2 out today",
        "line yard 0 in, 0 out today",
        "log ok, 5 written, 0 waiting",
        "centre ok, 12 waiting, the oldest 1 min, 2 refused: smartlogd sync dead list",
        "mqtt online at hub.local, 12 told",
        "metrics 127.0.0.1:9464",
        "disk 12.0 of 28.0 GiB free, 41 MiB written a day",
        "machine 48.2 °C, 179 MiB of memory, under-voltage",
        "pace 1/4 of the frames are used: the device is hot",
        "clock not set by a time server: times are a guess",
        "folder /state",
        "healing rebuild",
        "trouble mqtt: It fell over.",
        f"last {local('2026-11-22T06:01:12+00:00')} door: in Ada",
        f"{local('2026-11-22T06:01:10+00:00')} person entered",
    ]


def test_an_event_from_before_the_clock_was_set_says_so() -> None:
    said = lines({**STATE, "clock_trusted": True})
    assert said[-2:] == [
        f"last {local('2026-11-22T06:01:12+00:00')} door: in Ada",
        f"{local('2026-11-22T06:01:10+00:00')} person entered (the clock was not set)",
    ]


def test_a_paused_camera_says_how_it_is_opened_again() -> None:
    said = "camera demo, paused; open it again with: smartlogd resume"
    assert said in lines({**STATE, "paused": True})
    assert said in lines({**STATE, "camera": {"name": "demo", "status": "paused"}})


def test_a_cool_device_with_a_set_clock_has_no_word_of_heat() -> None:
    said = lines({**STATE, "pace": 1.0, "clock_trusted": True, "rung": "", "metrics": "", "troubles": {}})
    assert "clock set by a time server" in said
    assert not [line for line in said if line.startswith(("pace", "healing", "metrics", "trouble"))]


def test_a_daemon_that_says_nothing_yet_has_a_screen_too() -> None:
    said = lines({"state": "starting", "camera": {"name": "", "status": "opening"}, "sync": {"word": "opening"}})
    assert said[0] == "smartlogd - on -, starting, pid -"
    assert "camera -, opening, - fps" in said
    assert not [line for line in said if "None" in line]


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    nasty = "\x1b[2Jda\r\x07"
    event = {"time": nasty, "type": "crossing", "line": nasty, "action": "I", "person": nasty}
    said = screen({**STATE, "today": {nasty: {"in": 1, "out": 1}}, "last_events": [event]})
    assert not {letter for letter in said if not letter.isprintable()} - {"\n"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*STATE, "word", "in"]), inner),
    max_leaves=10,
)


@settings(max_examples=40)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(STATE, values)))
def test_whatever_a_daemon_of_another_version_says_there_is_a_screen(state: Mapping[str, object]) -> None:
    assert screen({**STATE, **state})
    assert screen(state)


def test_recordings_and_sounds_have_a_row_where_there_are_any() -> None:
    state = {
        "recordings": {
            "on": True,
            "clips": 3,
            "snapshots": 0,
            "lost": 1,
            "ring_s": 12.4,
            "object_store": {"word": "away", "detail": "It does not answer."},
        },
        "hearing": {"microphone": "USB", "status": "running", "bursts": 4},
    }
    said = lines(state)
    assert any(row.endswith("3 cut, 0 snapshots, 1 lost; the last 12 s are in memory") for row in said)
    assert any(row.endswith("away It does not answer.") for row in said)
    assert any(row.endswith("USB, running, 4 told") for row in said)


def test_an_object_store_that_is_not_set_has_no_row() -> None:
    said = lines({"recordings": {"on": False, "clips": 0, "snapshots": 1, "object_store": {"word": "off"}}})
    assert any(row.endswith("off, 1 snapshot") for row in said)
    assert not any("object store" in row for row in said)

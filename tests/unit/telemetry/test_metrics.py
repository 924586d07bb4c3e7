"""What Prometheus reads: parsed by its own client's parser, named as its conventions say, and without people."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from dataclasses import replace

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from smartlogd.base.health import Backlog, Body, Heartbeat, LastCrossing, LineToday
from smartlogd.base.time import Stamp
from smartlogd.telemetry.metrics import CONTENT_TYPE, Metrics

AT = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
BARE = Heartbeat(
    device="door",
    version="1.2.3",
    boot_id="b",
    at=Stamp(0, AT, trusted=True),
    uptime_s=3600.5,
    state="running",
    camera="/dev/video0",
    camera_status="running",
    fps=12.5,
    inference_p50_ms=None,
    inference_p95_ms=None,
    frame_age_s=None,
    frames=45_000,
    dropped=3,
    events=17,
    people=2,
    lines=(),
    last_crossing=None,
    waiting=Backlog(),
    journal="ok",
    body=Body(),
)
FULL = replace(
    BARE,
    inference_p50_ms=41.0,
    inference_p95_ms=63.5,
    frame_age_s=0.08,
    lines=(LineToday("door", 4, 3), LineToday('the "back" \\ yard\n', 1, 0, is_counting=False)),
    last_crossing=LastCrossing("id", "door", "I", AT, person="Ada"),
    waiting=Backlog("away", 120, 61.5, 1),
    body=Body(61.8, ("under-voltage", "throttled-before"), 5_000, 9_000, 123_456, 777, 888),
    pace=0.5,
    rung="rebuild",
    models={"blazeface": "1.0"},
    troubles=("sync: away",),
)


def parsed(beat: Heartbeat) -> dict[str, Metric]:
    text = Metrics("", lambda: beat).text().decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def values(beat: Heartbeat) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    return {(s.name, *s.labels.values()): s.value for family in parsed(beat).values() for s in family.samples}


def test_everything_of_a_heartbeat_is_there_in_seconds_and_bytes() -> None:
    found = values(FULL)
    assert (
        found.items()
        >= {
            ("smartlogd_build_info", "door", "1.2.3"): 1,
            ("smartlogd_uptime_seconds",): 3600.5,
            ("smartlogd_clock_trusted",): 1,
            ("smartlogd_frames_per_second",): 12.5,
            ("smartlogd_frame_age_seconds",): 0.08,
            ("smartlogd_inference_p50_seconds",): 0.041,
            ("smartlogd_inference_p95_seconds",): 0.0635,
            ("smartlogd_frames_total",): 45_000,
            ("smartlogd_frames_dropped_total",): 3,
            ("smartlogd_events_total",): 17,
            ("smartlogd_written_bytes_total",): 777,
            ("smartlogd_people_in_view",): 2,
            ("smartlogd_crossings_today", "in", "door"): 4,
            ("smartlogd_crossings_today", "out", "door"): 3,
            ("smartlogd_line_counting", "door"): 1,
            ("smartlogd_line_counting", 'the "back" \\ yard\n'): 0,
            ("smartlogd_sync_waiting_rows",): 120,
            ("smartlogd_sync_oldest_waiting_seconds",): 61.5,
            ("smartlogd_sync_dead_letters",): 1,
            ("smartlogd_journal_ok",): 1,
            ("smartlogd_temperature_celsius",): 61.8,
            ("smartlogd_throttled", "under-voltage"): 1,
            ("smartlogd_throttled", "throttled"): 0,
            ("smartlogd_throttled", "throttled-before"): 1,
            ("smartlogd_disk_free_bytes",): 5_000,
            ("smartlogd_disk_size_bytes",): 9_000,
            ("smartlogd_resident_memory_bytes",): 123_456,
            ("smartlogd_pace_ratio",): 0.5,
            ("smartlogd_healing", "rebuild"): 1,
            ("smartlogd_healing", "exit"): 0,
            ("smartlogd_model_info", "blazeface", "1.0"): 1,
            ("smartlogd_parts_down",): 1,
            ("smartlogd_state", "running"): 1,
            ("smartlogd_camera_status", "running"): 1,
            ("smartlogd_camera_status", "lost"): 0,
        }.items()
    )


def test_what_the_machine_does_not_know_is_left_out_and_not_nought() -> None:
    found = {name for name, *_ in values(BARE)}
    for name in ("temperature_celsius", "frame_age_seconds", "sync_waiting_rows", "written_bytes_total"):
        assert f"smartlogd_{name}" not in found
    assert values(BARE)["smartlogd_healing", "rebuild"] == 0


def test_a_word_nobody_knows_yet_is_told_all_the_same() -> None:
    found = values(replace(BARE, camera_status="absent"))
    assert found["smartlogd_camera_status", "absent"] == 1
    assert sum(value for (name, *_), value in found.items() if name == "smartlogd_camera_status") == 1


def test_nobody_who_was_seen_is_named() -> None:
    assert b"Ada" not in Metrics("", lambda: FULL).text()


# The rules of `promtool check metrics`, and of https://prometheus.io/docs/practices/naming/.
UNITS_NOT_BASE = re.compile(
    r"_(ms|us|ns|s|sec|secs|b|kb|mb|gb|kib|mib|m|h|d|milli\w*|micro\w*|nano\w*|kilo\w*|mega\w*|giga\w*"
    r"|minutes?|hours?|days?|weeks?|fahrenheit|kelvins?|percent|bits?)(_|$)"
)
TYPES_IN_NAME = re.compile(r"_(gauge|counter|histogram|summary|untyped|metric)(_|$)")
FAMILIES = sorted(parsed(FULL))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_name_follows_the_conventions(name: str) -> None:
    metric = parsed(FULL)[name]
    assert metric.documentation.endswith("."), "help is a sentence"
    assert re.fullmatch(r"smartlogd_[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    assert not UNITS_NOT_BASE.search(name), "seconds, bytes, celsius, ratio: base units, written out"
    assert not TYPES_IN_NAME.search(name)
    assert not re.search(r"_(count|sum|bucket)$", name), "these belong to histograms"
    assert (metric.type == "counter") == metric.samples[0].name.endswith("_total")
    labels = {label for sample in metric.samples for label in sample.labels}
    assert not labels & {"le", "quantile", "job", "instance"}, "these are Prometheus's own"
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) for label in labels)


def test_no_series_is_told_twice() -> None:
    families = list(text_string_to_metric_families(Metrics("", lambda: FULL).text().decode()))
    names = [family.name for family in families]
    series = [(s.name, tuple(sorted(s.labels.items()))) for family in families for s in family.samples]
    assert len(set(names)) == len(names)
    assert len(set(series)) == len(series)


async def test_each_request_is_told_how_it_is_now() -> None:
    frames = iter(range(1, 100))
    metrics = Metrics("127.0.0.1:0", lambda: replace(BARE, frames=next(frames)))
    running = asyncio.create_task(metrics.run())
    while metrics.port is None:
        await asyncio.sleep(0.005)
    answers = []
    for _ in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", metrics.port)
        writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
        answers.append((await reader.read()).decode())
        writer.close()
    running.cancel()
    await asyncio.wait([running])
    assert f"Content-Type: {CONTENT_TYPE}\r\n" in answers[0]
    assert [re.findall(r"^smartlogd_frames_total (\S+)", each, re.M) for each in answers] == [["1.0"], ["2.0"]]

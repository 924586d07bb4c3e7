"""The books of both sides, to be laid beside each other: what a device has, what the centre has of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from centre import Centre

Row = tuple[Any, ...]

_EVENTS_HERE = """
SELECT e.event_id, e.type, e.ts, e.data, e.subject_uuid, u.uid, e.ended_at, e.boot_id, e.mono_us, e.clock_trusted
FROM events AS e LEFT JOIN users AS u ON u.id = e.subject_user_id
"""
_PASSINGS_HERE = """
SELECT s.event_id, s.timestamp, s.action, s.line, s.confidence, s.track_id, s.uuid, u.uid, s.boot_id, s.mono_us,
    s.clock_trusted
FROM smartlog AS s LEFT JOIN users AS u ON u.id = s.user_id
"""
_US = "(extract(epoch FROM {0}) * 1000000)::bigint"
_EVENTS_THERE = f"""
SELECT e.event_id::text, e.type, {_US.format("e.ts")}, e.data::text, e.subject_uuid::text, u.uid::text,
    {_US.format("e.ended_at")}, e.boot_id::text, e.mono_us, e.clock_trusted::integer
FROM (
    SELECT device_id, event_id, type, ts, data, subject_uuid, subject_user_id, ended_at, boot_id, mono_us, clock_trusted
    FROM events
    UNION ALL
    SELECT device_id, event_id, type, ts, data, nullif(subject_uuid, event_id), subject_user_id, ended_at, boot_id,
        mono_us, clock_trusted
    FROM late_rows
) AS e JOIN devices AS d ON d.id = e.device_id LEFT JOIN users AS u ON u.id = e.subject_user_id WHERE d.name = %s
"""
_PASSINGS_THERE = f"""
SELECT s.event_id::text, {_US.format("s.timestamp")}, s.action, s.line, s.confidence, s.track_id, s.uuid::text,
    u.uid::text, s.boot_id::text, s.mono_us, s.clock_trusted::integer
FROM (
    SELECT device_id, event_id, timestamp, action, line, confidence, track_id, uuid::text AS uuid, user_id, boot_id,
        mono_us, clock_trusted
    FROM smartlog
    UNION ALL
    SELECT device_id, event_id, ts, action, line, confidence, track_id, subject_uuid::text, person_id, boot_id,
        mono_us, clock_trusted
    FROM late_rows WHERE action IS NOT NULL
) AS s JOIN devices AS d ON d.id = s.device_id LEFT JOIN users AS u ON u.id = s.user_id WHERE d.name = %s
"""
_DEAD = (
    "SELECT e.event_id FROM dead_letters AS d JOIN events AS e ON e.id = CAST(d.row_id AS INTEGER) WHERE kind = 'event'"
)

_KEPT = "SELECT device_id, type, line, hour, count, in_count, out_count FROM counts_hourly WHERE count <> 0"
_COUNTED = """
SELECT device_id, type, line, date_trunc('hour', CASE WHEN NOT trusted AND zero_at IS NOT NULL
        THEN zero_at + mono_us * interval '1 microsecond' ELSE at END, 'UTC') AS hour,
    count(*), count(*) FILTER (WHERE action = 'I'), count(*) FILTER (WHERE action = 'O')
FROM (
    SELECT e.device_id, e.boot_id, e.type, coalesce(s.line, '') AS line, e.ts AS at, s.action, e.mono_us,
        e.clock_trusted AS trusted
    FROM events AS e LEFT JOIN smartlog AS s ON s.device_id = e.device_id AND s.event_id = e.event_id
    UNION ALL
    SELECT device_id, boot_id, type, coalesce(line, ''), ts, action, mono_us, clock_trusted FROM late_rows
    UNION ALL
    SELECT s.device_id, s.boot_id, 'crossing', coalesce(s.line, ''), s.timestamp, s.action, s.mono_us, s.clock_trusted
    FROM smartlog AS s
    WHERE NOT EXISTS (SELECT FROM events AS e WHERE e.device_id = s.device_id AND e.event_id = s.event_id)
) AS happened LEFT JOIN clock_corrections AS c USING (device_id, boot_id)
GROUP BY 1, 2, 3, 4
"""

_PEOPLE = "SELECT {uid}, name, email, role FROM users WHERE name IS NOT NULL AND role <> 'owner'"
_FORGOTTEN = "SELECT {uid}, what, {heir} FROM tombstones"
_SUBJECTS = """
SELECT {uuid}, {uid}, {face}, {ignored}, {into} FROM subjects AS s LEFT JOIN users AS u ON u.id = s.user_id
WHERE s.has_face OR s.user_id IS NOT NULL OR s.merged_into IS NOT NULL
"""
_FACES = "SELECT {id}, coalesce({subject}, {user}) FROM face_templates"


def here(path: Path) -> tuple[list[Row], list[Row]]:
    """Events and passings that the device has."""
    with closing(sqlite3.connect(path)) as connection:
        events = [(*row[:3], json.loads(row[3]), *row[4:]) for row in connection.execute(_EVENTS_HERE)]
        return events, list(map(tuple, connection.execute(_PASSINGS_HERE)))


def there(centre: Centre, device: str) -> tuple[list[Row], list[Row]]:
    """Events and passings that the centre has of the device, those that came late among them."""
    events = [(*row[:3], json.loads(row[3]), *row[4:]) for row in centre.execute(_EVENTS_THERE, device)]
    return events, list(map(tuple, centre.execute(_PASSINGS_THERE, device)))


def dead(path: Path) -> set[str]:
    """Events that the centre refused for good, as the device says."""
    with closing(sqlite3.connect(path)) as connection:
        return {event for (event,) in connection.execute(_DEAD)}


def rows_differ(path: Path, centre: Centre, device: str) -> list[str]:
    """What is lost, doubled or other on one side, each as a sentence; empty where both have the same rows."""
    refused, sentences = dead(path), []
    for what, ours, theirs in zip(("event", "passing"), here(path), there(centre, device), strict=True):
        mine = [row for row in ours if row[0] not in refused]
        sentences += _differ(what, mine, theirs)
    return sentences


def _differ(what: str, ours: Iterable[Row], theirs: Iterable[Row]) -> list[str]:
    mine, its = {row[0]: row for row in ours}, {}
    sentences = []
    for row in theirs:
        if row[0] in its:
            sentences.append(f"{what} {row[0]} is doubled at the centre")
        its[row[0]] = row
    for id_ in mine.keys() | its.keys():
        if id_ not in its:
            sentences.append(f"{what} {id_} is lost")
        elif id_ not in mine:
            sentences.append(f"{what} {id_} is at the centre only")
        elif mine[id_] != its[id_]:
            parts = [f"{a!r} != {b!r}" for a, b in zip(mine[id_], its[id_], strict=True) if a != b]
            sentences.append(f"{what} {id_} differs: {', '.join(parts)}")
    return sorted(sentences)


def counts_differ(centre: Centre) -> list[str]:
    """Where counts_hourly says another number than a fresh count of the rows."""
    kept, counted = Counter(centre.execute(_KEPT)), Counter(centre.execute(_COUNTED))
    return [f"kept {row}" for row in kept - counted] + [f"counted {row}" for row in counted - kept]


def people_differ(path: Path, centre: Centre) -> list[str]:
    """Where the two sides say otherwise who is known, whose strangers are whose, and which faces there are."""
    sentences = []
    with closing(sqlite3.connect(path)) as connection:
        for what, mine, its in _questions():
            ours, theirs = set(map(tuple, connection.execute(mine))), set(centre.execute(its))
            sentences += [f"{what} only here: {row}" for row in ours - theirs]
            sentences += [f"{what} only there: {row}" for row in theirs - ours]
    return sorted(sentences)


def _questions() -> list[tuple[str, str, str]]:
    text: Callable[[str], str] = "{}::text".format
    return [
        ("person", _PEOPLE.format(uid="uid"), _PEOPLE.format(uid=text("uid"))),
        ("tombstone", _FORGOTTEN.format(uid="uid", heir="heir"), _FORGOTTEN.format(uid=text("uid"), heir=text("heir"))),
        (
            "subject",
            _SUBJECTS.format(uuid="s.uuid", uid="u.uid", face="s.has_face", ignored="s.ignored", into="s.merged_into"),
            _SUBJECTS.format(
                uuid=text("s.uuid"), uid=text("u.uid"), face="s.has_face::integer", ignored="s.ignored::integer",
                into=text("s.merged_into"),
            ),
        ),
        (
            "face",
            _FACES.format(id="id", subject="subject", user='"user"'),
            _FACES.format(id=text("id"), subject=text("subject"), user=text('"user"')),
        ),
    ]  # fmt: skip

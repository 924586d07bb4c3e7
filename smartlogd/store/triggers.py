"""Triggers that write into the outbox, in the transaction of the row itself.

They stand in the file only while there is a centre: without one the journal pays nothing. Because they are in the
database, no way of writing passes them by: neither the journal, nor an errand, nor someone with a sqlite3 shell.

An event never changes and waits as itself; but what takes time may be sent before it is over, or before there is a clip
that shows it: then it waits as "ended", and is sent whole once more. What does change (people, strangers, faces, days,
recordings) waits once: the pointer that waits is taken out and written anew at the end, so that its number is another.
A verdict on what was sent before the change then settles nothing that has not been sent.

While a page from the centre is applied (`meta` has the key "pulling") people, strangers and faces are not enqueued:
what came down is not sent up again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

from smartlogd.base.wire import ALARM, BULK, NORMAL
from smartlogd.store.find import NOT_LOCAL_OWNER

PULLING = "pulling"
"""The key in `meta` that stands while a page from the centre is applied, within that one transaction."""
METRICS = (
    "sit_count", "stand_count", "lie_count", "fetch_count", "fetch_success_count", "treats_dispensed",
    "time_in_frame_min", "calm_minutes", "barks", "howls", "whines", "in_count", "out_count",
)  # fmt: skip
"""As `schema.models` has them, whose import takes half a second."""

NEW_UUID = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'"
    " || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
)
"""A random UUID (version 4) in SQL."""

# How old what waits is, is told by the log itself: a face deleted today was taken in long ago.
_NEWEST = "coalesce((SELECT ts FROM events ORDER BY id DESC LIMIT 1), {otherwise})"
_NOT_PULLED = f"NOT EXISTS (SELECT 1 FROM meta WHERE key = '{PULLING}')"  # noqa: S608 - constants of ours
_SOMEONE = NOT_LOCAL_OWNER.replace("role", "NEW.role").replace("name =", "NEW.name =")
_SOMEONE = _SOMEONE.replace("email", "NEW.email").replace("consent_at", "NEW.consent_at")
_SHOWN = "(NEW.has_face OR NEW.user_id IS NOT NULL OR NEW.merged_into IS NOT NULL)"


def _changed(*columns: str) -> str:
    return "(" + " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns) + ")"


def _once(kind: str, key: str, priority: int, at: str) -> str:
    """The statements that let a row wait once, as it last was.

    Taken out and put in, not INSERT OR REPLACE: the conflict clause of the statement that fired a trigger would
    overrule it (SQLite, CREATE TRIGGER), and the row keep its number.
    """
    return (
        f"DELETE FROM outbox WHERE kind = '{kind}' AND row_id = CAST({key} AS TEXT) AND kind <> 'event'; "  # noqa: S608 - constants of ours
        f"INSERT INTO outbox (kind, row_id, priority, at) VALUES ('{kind}', {key}, {priority}, {at});"
    )


_EVENT = (
    "INSERT INTO outbox (kind, row_id, priority, at) VALUES "  # noqa: S608 - constants of ours
    f"('event', NEW.id, iif(NEW.type IN ('loss', 'clock_corrected'), {ALARM}, {NORMAL}), NEW.ts);"
)
# Of an event that was refused the end is refused as well; it goes with the event, should that be sent again.
_NOT_DEAD = "NOT EXISTS (SELECT 1 FROM dead_letters AS d WHERE d.kind = 'event' AND d.row_id = CAST(NEW.id AS TEXT))"
_OVER = f"OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND {_NOT_DEAD}"
_FILMED = f"OLD.video_ts_ms IS NULL AND NEW.video_ts_ms IS NOT NULL AND {_NOT_DEAD}"
_ENDED = _once("ended", "NEW.id", NORMAL, "NEW.ts")
_PASSING = (
    f"UPDATE smartlog SET event_id = {NEW_UUID} WHERE id = NEW.id; "  # noqa: S608 - constants of ours
    f"INSERT INTO outbox (kind, row_id, priority, at) VALUES ('passing', NEW.id, {NORMAL}, NEW.timestamp);"
)
_USER = _once("user", "NEW.uid", NORMAL, "NEW.updated_at")
_SUBJECT = _once("subject", "NEW.uuid", NORMAL, _NEWEST.format(otherwise="NEW.last_seen"))
_FACE = _once("template", "NEW.id", NORMAL, _NEWEST.format(otherwise="NEW.created_at"))
_NO_FACE = _once("template", "OLD.id", NORMAL, _NEWEST.format(otherwise="OLD.created_at"))
_DAY = _once(
    "metrics", "NEW.id", NORMAL, _NEWEST.format(otherwise="CAST(strftime('%s', NEW.date) AS INTEGER) * 1000000")
)
_CLIP, _SNAPSHOT = (
    _once("clip", "NEW.id", BULK, "NEW.start_ts"),
    _once("snapshot", "NEW.id", BULK, "NEW.ts"),
)
_TOMBSTONE = _once("tombstone", "NEW.uid", ALARM, "NEW.at")
_MEDIA = (
    "s3_uri", "labels", "bytes", "sha256", "phase", "share_token_hash", "share_expires_at", "share_uses_left",
)  # fmt: skip
# The centre hears of a recording once the object store has it, and once it has it no more: never of a file that lies
# here only.
_THERE = "NEW.phase = 'uploaded'"
_TOLD = f"({_THERE} OR (OLD.phase = 'uploaded' AND NEW.phase = 'lost'))"

# Name: upon what, under which condition, what is done.
_MADE: Mapping[str, tuple[str, str, str]] = {
    "event": ("INSERT ON events", "", _EVENT),
    "event_ended": ("UPDATE OF ended_at ON events", _OVER, _ENDED),
    "event_filmed": ("UPDATE OF video_ts_ms ON events", _FILMED, _ENDED),
    "passing": ("INSERT ON smartlog", "NEW.event_id IS NULL", _PASSING),
    "user_new": ("INSERT ON users", f"{_SOMEONE} AND {_NOT_PULLED}", _USER),
    "user_changed": (
        "UPDATE OF uid, email, name, role, updated_at, consent_at, forgotten_at ON users",
        f"{_SOMEONE} AND {_NOT_PULLED}",
        _USER,
    ),
    "subject_new": ("INSERT ON subjects", f"{_SHOWN} AND {_NOT_PULLED}", _SUBJECT),
    "subject_changed": (
        "UPDATE OF user_id, has_face, ignored, merged_into ON subjects",
        f"{_changed('user_id', 'has_face', 'ignored', 'merged_into')} AND {_NOT_PULLED}",
        _SUBJECT,
    ),
    "face_new": ("INSERT ON face_templates", _NOT_PULLED, _FACE),
    "face_changed": (
        "UPDATE OF subject, user, vector ON face_templates",
        f"{_changed('subject', 'user', 'vector')} AND {_NOT_PULLED}",
        _FACE,
    ),
    "face_gone": ("DELETE ON face_templates", _NOT_PULLED, _NO_FACE),
    "tombstone": ("INSERT ON tombstones", _NOT_PULLED, _TOMBSTONE),
    "day_new": ("INSERT ON device_metrics_daily", "", _DAY),
    "day_changed": ("UPDATE ON device_metrics_daily", _changed(*METRICS), _DAY),
    "clip_new": ("INSERT ON clips", _THERE, _CLIP),
    "clip_changed": (
        "UPDATE ON clips",
        f"{_TOLD} AND {_changed('start_ts', 'duration_ms', 'preview_png', *_MEDIA)}",
        _CLIP,
    ),
    "snapshot_new": ("INSERT ON snapshots", _THERE, _SNAPSHOT),
    "snapshot_changed": ("UPDATE ON snapshots", f"{_TOLD} AND {_changed('ts', 'note', *_MEDIA)}", _SNAPSHOT),
}
_PREFIX = "outbox_of_"
_STANDING = f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB '{_PREFIX}*'"  # noqa: S608 - constants of ours


def _written() -> Iterator[tuple[str, str]]:
    """Each trigger's name, and its statement as SQLite keeps it."""
    for name, (upon, condition, body) in _MADE.items():
        when = f" WHEN {condition}" if condition else ""
        yield _PREFIX + name, f"CREATE TRIGGER {_PREFIX}{name} AFTER {upon}{when} BEGIN {body} END"


def set_up(connection: sqlite3.Connection) -> bool:
    """Make the triggers as this smartlogd writes them; False where all of them stood already."""
    wanted, standing = dict(_written()), dict(connection.execute(_STANDING))
    if wanted == standing:
        return False
    take_down(connection)
    for statement in wanted.values():
        connection.execute(statement)
    return True


def take_down(connection: sqlite3.Connection) -> None:
    """Take all of them away, also those of another version."""
    for name, _ in connection.execute(_STANDING).fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')


def are_set_up(connection: sqlite3.Connection) -> bool:
    """Whether anything is enqueued at all."""
    return connection.execute(_STANDING).fetchone() is not None

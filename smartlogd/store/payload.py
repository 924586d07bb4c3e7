"""A row as it goes over the wire: one statement for each kind, and SQLite itself writes the JSON.

Each statement takes `:seqs`, a JSON array of numbers of the outbox, and gives for each of them: the number, the item
as JSON text (null where the row is gone), and whether the row still waits for a clock that can be trusted. Instants
are whole microseconds, as the tables have them. Numbers with a fraction are written with 17 digits, so that the same
number comes out at the other end.

Faces are put together in Python: SQLite knows no base64, and their keys lie outside the database.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple
from uuid import UUID

from smartlogd.base.wire import WIRE
from smartlogd.store.exchange import wrapped
from smartlogd.store.keys import Keys, Unsealable
from smartlogd.store.triggers import METRICS

PATIENCE_US = 900 * 1_000_000
"""So long does a row wait for a clock that can be trusted."""
SPOKEN_SINCE = 1
"""The version of the wire in which the forms below were first spoken, all of them."""
assert SPOKEN_SINCE <= WIRE


class Item(NamedTuple):
    """A row to be sent: its JSON, or None where it is gone; `waits` where it may not be sent yet."""

    seq: int
    body: str | None
    waits: bool


class Moment(NamedTuple):
    """By what is told which rows still wait for the clock: the monotonic clock now, and the starts that share it."""

    now_us: int
    boots: str
    """A JSON array of `boots.boot_id`."""


def _real(column: str) -> str:
    return f"json(printf('%!.17g', {column}))"


def _yes(column: str) -> str:
    """A boolean, or null: SQLite has only numbers for it."""
    return f"json(CASE {column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"


def _unless_null(column: str, value: str) -> str:
    return f"iif({column} IS NULL, NULL, {value})"


def _unsealed(row: str) -> str:
    return (
        f"({row}.clock_trusted = 0 AND {row}.mono_us > :now_us - {PATIENCE_US}"  # noqa: S608 - constants of ours
        f" AND {row}.boot_id IN (SELECT value FROM json_each(:boots)))"
    )


def _json(value: str) -> str:
    """A JSON column. What was written by hand and is none would spoil the whole batch."""
    return f"json(iif(json_valid({value}), {value}, '{{}}'))"


def _statement(kind: str, fields: str, rows: str, present: str, waits: str = "0") -> str:
    item = f"json_object('seq', o.seq, 'kind', '{kind}', 'v', {SPOKEN_SINCE}, {fields})"
    return (
        f"SELECT o.seq, CASE WHEN {present} IS NOT NULL THEN {item} END, coalesce({waits}, 0)"  # noqa: S608 - constants of ours
        f" FROM json_each(:seqs) AS j CROSS JOIN outbox AS o ON o.seq = j.value {rows}"
    )


_CLOCK = "'boot', {row}.boot_id, 'mono', {row}.mono_us, 'trusted', " + _yes("{row}.clock_trusted")
_WAY = "'line', s.line, 'confidence', " + _unless_null("s.confidence", _real("s.confidence"))
_WAY += ", 'track', s.track_id, 'image', s.image_path"
_SHARED = (
    "'s3_uri', m.s3_uri, 'labels', json(iif(json_valid(m.labels), m.labels, '[]')), 'bytes', m.bytes,"
    " 'sha256', m.sha256, 'phase', m.phase, 'share_token_hash', m.share_token_hash,"
    " 'share_expires_at', m.share_expires_at, 'share_uses_left', m.share_uses_left"
)
# Of a recording that lies here only nothing is told; it waits anew when it is in the object store.
_TOLD = "m.phase IN ('uploaded', 'lost')"
_REALS = frozenset({"time_in_frame_min", "calm_minutes"})
_COUNTS = ", ".join(f"'{name}', " + (_real(f"m.{name}") if name in _REALS else f"m.{name}") for name in METRICS)

_EVENT = _statement(
    "event",
    "'id', e.event_id, 'type', e.type, 'ts', e.ts, 'data', " + _json("e.data") + ", 'video_ts_ms', e.video_ts_ms,"
    " 'subject', e.subject_uuid, 'person', u.uid, 'ended', e.ended_at, " + _CLOCK.format(row="e") + ", 'passing', "
    f"json(CASE WHEN s.id IS NOT NULL THEN json_object('action', s.action, {_WAY}) END)",
    "LEFT JOIN events AS e ON e.id = CAST(o.row_id AS INTEGER)"
    " LEFT JOIN smartlog AS s ON s.event_id = e.event_id LEFT JOIN users AS u ON u.id = e.subject_user_id",
    "e.id",
    _unsealed("e"),
)
STATEMENTS: Mapping[str, str] = {
    "event": _EVENT,
    "ended": _EVENT,  # the same once more, and now with its end
    "passing": _statement(
        "passing",
        f"'id', s.event_id, 'ts', s.timestamp, 'action', s.action, 'user', u.uid, 'uuid', s.uuid, {_WAY}, "
        + _CLOCK.format(row="s"),
        "LEFT JOIN smartlog AS s ON s.id = CAST(o.row_id AS INTEGER) LEFT JOIN users AS u ON u.id = s.user_id",
        "s.event_id",
        _unsealed("s"),
    ),
    "user": _statement(
        "user",
        "'uid', u.uid, 'email', u.email, 'name', u.name, 'role', u.role, 'created', u.created_at,"
        " 'updated', u.updated_at, 'consent', u.consent_at",
        # Of who was forgotten, or is another by now, the tombstone says all there is to say.
        "LEFT JOIN users AS u ON u.uid = o.row_id AND u.forgotten_at IS NULL",
        "u.uid",
    ),
    "subject": _statement(
        "subject",
        f"'uuid', s.uuid, 'user', u.uid, 'has_face', {_yes('s.has_face')}, 'ignored', {_yes('s.ignored')},"
        " 'merged_into', s.merged_into, 'first', s.first_seen, 'last', s.last_seen, 'rev', s.rev",
        "LEFT JOIN subjects AS s ON s.uuid = o.row_id LEFT JOIN users AS u ON u.id = s.user_id",
        "s.uuid",
    ),
    "tombstone": _statement(
        "tombstone",
        "'uid', t.uid, 'what', t.what, 'heir', t.heir, 'at', t.at",
        "LEFT JOIN tombstones AS t ON t.uid = o.row_id",
        "t.uid",
    ),
    "metrics": _statement(
        "metrics",
        f"'date', m.date, {_COUNTS}",
        "LEFT JOIN device_metrics_daily AS m ON m.id = CAST(o.row_id AS INTEGER)",
        "m.id",
    ),
    "clip": _statement(
        "clip",
        f"'event_id', m.event_id, 'start_ts', m.start_ts, 'duration_ms', m.duration_ms, 'preview_png', m.preview_png,"
        f" {_SHARED}",
        f"LEFT JOIN clips AS m ON m.id = CAST(o.row_id AS INTEGER) AND {_TOLD}",
        "m.id",
    ),
    "snapshot": _statement(
        "snapshot",
        f"'event_id', m.event_id, 'ts', m.ts, 'note', m.note, {_SHARED}",
        f"LEFT JOIN snapshots AS m ON m.id = CAST(o.row_id AS INTEGER) AND {_TOLD}",
        "m.id",
    ),
}

_FACES = """
SELECT o.seq, o.row_id, t.subject, t.user, t.model, t.vector, t.quality, t.source, t.created_at
FROM json_each(:seqs) AS j CROSS JOIN outbox AS o ON o.seq = j.value LEFT JOIN face_templates AS t ON t.id = o.row_id
"""


def items(connection: sqlite3.Connection, keys: Keys, kind: str, seqs: Iterable[int], moment: Moment) -> Iterator[Item]:
    """The items of these numbers, all of one kind; a kind that this smartlogd does not know is of a newer one."""
    asked = {"seqs": json.dumps(list(seqs)), "now_us": moment.now_us, "boots": moment.boots}
    if kind == "template":
        yield from _faces(connection, keys, asked["seqs"])
    elif kind in STATEMENTS:
        for seq, body, waits in connection.execute(STATEMENTS[kind], asked):
            yield Item(seq, body, bool(waits))
    else:
        yield from (Item(seq, None, waits=True) for seq in json.loads(str(asked["seqs"])))


def _faces(connection: sqlite3.Connection, keys: Keys, seqs: object) -> Iterator[Item]:
    """Faces with the wrapped keys of their owners; without a fleet key nobody else could open them, and they wait."""
    files = _Wrapped(partial(wrapped, keys))
    for seq, id_, subject, user, model, vector, quality, source, created in connection.execute(_FACES, {"seqs": seqs}):
        head = {"seq": seq, "kind": "template", "v": SPOKEN_SINCE, "id": id_}
        if model is None:
            yield Item(seq, _written({**head, "gone": True}), waits=False)
            continue
        try:
            key = files.of(subject or user)
        except Unsealable:  # `people check` tells of it; here it would be told with every batch
            yield Item(seq, None, waits=True)
            continue
        face = {
            "subject": subject, "user": user, "model": model, "vector": _text(vector), "quality": quality,
            "source": source, "created": created, "key": None if key is None else _text(key),
        }  # fmt: skip
        yield Item(seq, None if key is None else _written({**head, **face}), waits=False)


class _Wrapped:
    """The key files of one batch: each is read once."""

    def __init__(self, read: Callable[[UUID], bytes | None]) -> None:
        self._read = read
        self._known: dict[str, bytes | None] = {}

    def of(self, owner: str) -> bytes | None:
        if owner not in self._known:
            self._known[owner] = self._read(UUID(owner))
        return self._known[owner]


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

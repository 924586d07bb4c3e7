"""Clips and snapshots as people ask for them, and which one they mean. Plain SQL.

A recording is known by the id of the event of its being saved. Its file is called by it and lies in the folder that is
named as its table; a clip's still lies beside it under the same name with another ending. `preview_png` is where that
lies, until the recording is in the object store, and its key there from then on.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.known import Medium
from smartlogd.schema.instants import instant_of
from smartlogd.store.outward import AT, BOOT
from smartlogd.store.recognise import asking

TABLES: Mapping[Medium, str] = {Medium.CLIP: "clips", Medium.SNAPSHOT: "snapshots"}
"""Where the rows are, and where below the state folder the files lie."""
INSTANTS: Mapping[str, str] = {"clips": "start_ts", "snapshots": "ts"}
"""When it begins, in each of them."""
COPY_OF = "of"
"""In the data of its event: the recording that this is a copy of."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that opens a recording: until when, and how often still (None: without limit)."""

    until: dt.datetime
    uses_left: int | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A clip or a snapshot, as its row has it.

    `path` and `preview` are places in the state folder, None where nothing lies there any more; `uri` is where it is in
    the object store. `cause` is the event that it shows, `original` the recording that it is a copy of.
    """

    id: str
    medium: Medium
    at: dt.datetime
    duration_s: float
    phase: str
    labels: tuple[str, ...]
    note: str | None
    bytes: int | None
    sha256: str | None
    path: str | None
    preview: str | None
    uri: str | None
    cause: str | None
    original: str | None
    link: Link | None


@dataclass(frozen=True, slots=True)
class Meant:
    """A row that is meant: its table, its event, how far it is, and where its files lie on this device."""

    table: str
    id: str
    phase: str
    path: str | None
    still: str | None
    uri: str | None


_DATA = "iif(json_valid(e.data), e.data ->> '{}', NULL)"
# A row was stamped with its event: what was learnt later of that clock holds for both (store/dating.py).
_ROW = f"""
SELECT '{{medium}}', m.event_id, m.{{at}} + coalesce({AT} - e.ts, 0), {{duration}}, m.phase, m.labels, {{note}},
    m.bytes, m.sha256, m.path, {{preview}}, m.s3_uri, {_DATA.format("cause")}, {_DATA.format(COPY_OF)},
    m.share_expires_at, m.share_uses_left
FROM {{table}} AS m LEFT JOIN events AS e ON e.event_id = m.event_id {BOOT}
"""  # noqa: S608 - constants of ours, here and below
_COLUMNS = (
    "medium, id, at, duration_ms, phase, labels, note, bytes, sha256, path, preview, uri, cause, original, until, uses"
)
_CLIPS = _ROW.format(
    medium="clip", at="start_ts", duration="m.duration_ms", note="NULL", preview="m.preview_png", table="clips"
)
_SNAPSHOTS = _ROW.format(
    medium="snapshot", at="ts", duration="0", note="m.note", preview="NULL", table="snapshots"
)  # fmt: skip
_LIST = f"""
WITH r ({_COLUMNS}) AS ({_CLIPS} UNION ALL {_SNAPSHOTS})
SELECT * FROM r WHERE coalesce(:medium, medium) = medium AND (:with_lost OR phase <> 'lost')
AND (NOT :only_shared OR until IS NOT NULL) AND coalesce(:id, id) = id ORDER BY at DESC, id DESC LIMIT :most
"""  # noqa: S608

_MEANT = " UNION ALL ".join(
    f"SELECT '{table}' AS place, event_id, phase, path, {still} AS still, s3_uri FROM {table}"  # noqa: S608
    for table, still in (("clips", "preview_png"), ("snapshots", "NULL"))
)
# What is written on screens is the end of an id: the beginning of all of one hour is the same.
_BY_SOME = (
    f"SELECT * FROM ({_MEANT}) WHERE event_id LIKE ?1 || '%' OR event_id LIKE '%' || ?1 ORDER BY event_id LIMIT 6"  # noqa: S608
)
_BY_ID = f"SELECT * FROM ({_MEANT}) WHERE event_id = ?"  # noqa: S608
_COPIES = f"""
SELECT m.* FROM ({_MEANT}) AS m JOIN events AS e USING (event_id) WHERE {_DATA.format(COPY_OF)} = ?
"""  # noqa: S608


def recordings(
    folder: Path,
    medium: Medium | None = None,
    *,
    limit: int = 1000,
    with_lost: bool = False,
    only_shared: bool = False,
) -> tuple[Recorded, ...]:
    """The newest recordings of the log in a state folder, newest first; Missing where there is no log yet."""
    asked = {"with_lost": with_lost, "only_shared": only_shared, "id": None, "most": limit}
    with asking(folder) as connection:
        rows = connection.execute(_LIST, {**asked, "medium": medium and medium.value})
        return tuple(_recorded(row) for row in rows)


def recording(folder: Path, some: str) -> Recorded:
    """The recording of this id, or of four or more characters of its beginning or end.

    Missing where there is none, UnusableInput where there are several.
    """
    with asking(folder) as connection:
        asked = {"medium": None, "with_lost": True, "only_shared": False, "id": meant(connection, some).id, "most": 1}
        return _recorded(connection.execute(_LIST, asked).fetchone())


def meant(connection: sqlite3.Connection, some: str) -> Meant:
    """The row of this id, or of four or more characters of it; errors as of `recording`."""
    some = some.lower()
    rows = connection.execute(_BY_ID, (some,)).fetchall() or connection.execute(_BY_SOME, (some,)).fetchall()
    if not rows:
        raise Missing(f"There is no recording {some}.", "`smartlogd clips` and `smartlogd snapshots` list them.")
    if len(rows) > 1:
        ids = ", ".join(row[1] for row in rows[:5])
        raise UnusableInput(f"{some} could be several recordings.", f"Write more of it: {ids}")
    return of_row(rows[0])


def by_id(connection: sqlite3.Connection, id_: str) -> Meant | None:
    """The row of exactly this id; None where there is none."""
    row = connection.execute(_BY_ID, (id_,)).fetchone()
    return None if row is None else of_row(row)


def copies(connection: sqlite3.Connection, id_: str) -> tuple[Meant, ...]:
    """The rows of its copies, as they were made to be shared."""
    return tuple(of_row(row) for row in connection.execute(_COPIES, (id_,)).fetchall())


def of_row(row: tuple[Any, ...]) -> Meant:
    """The row of: table, event, phase, path, preview and URI."""
    table, id_, phase, path, preview, uri = row
    return Meant(table, id_, phase, path, still_of(path, preview), uri)


def still_of(path: str | None, preview: str | None) -> str | None:
    """Where the still of the recording at `path` lies, if it has one and both are still here.

    >>> still_of("clips/a.mp4", "door/2026/a.png"), still_of("clips/a.mp4", None), still_of(None, "clips/a.png")
    ('clips/a.png', None, None)
    """
    if path is None or not preview:
        return None
    return str(PurePosixPath(path).with_suffix(PurePosixPath(preview).suffix))


def _recorded(row: tuple[Any, ...]) -> Recorded:
    (medium, id_, at_us, duration_ms, phase, labels, note, size, sha256, path, preview, uri, *rest) = row
    cause, original, until_us, uses_left = rest
    link = None if until_us is None else Link(instant_of(until_us), uses_left)
    return Recorded(
        id_, Medium(medium), instant_of(at_us), duration_ms / 1000, phase, _words(labels), note, size, sha256, path,
        still_of(path, preview), uri, cause, original, link,
    )  # fmt: skip


def _words(labels: object) -> tuple[str, ...]:
    """The labels of a row; none of one that was written by hand and is no list of words."""
    try:
        found = json.loads(labels) if isinstance(labels, str) else None
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()

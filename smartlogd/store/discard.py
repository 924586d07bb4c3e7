"""Takes recordings away: their files at once, their objects by whoever uploads; their rows say that they are lost.

Files go before the transaction is committed: whatever cuts it short in between, nobody sees them any more, and doing
it again finishes it. A row that is lost and still has a URI is what the uploader erases from the object store.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath

from smartlogd.base.errors import UnusableInput
from smartlogd.store.begin import note, noted
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.places import unlinked
from smartlogd.store.recordings import Meant, copies, meant, of_row
from smartlogd.store.requests import OfRecording

BEYOND_US = 5_000_000
"""So long before and after what happened to them is someone taken to be in the picture."""
_OPEN_US = 86_400_000_000
"""What began so long ago, and was never said to be over, is over by now."""

FORGOTTEN = "forgotten_at"
"""The key in `meta`: when someone was last forgotten who had just been seen, whole microseconds since 1970."""
_LATELY_US = 600_000_000
"""No recording begins so long before it is planned."""

_LOST = {
    "clips": "path = NULL, preview_png = NULL",
    "snapshots": "path = NULL, note = NULL",
}
_LOSE = (
    "UPDATE {table} SET phase = 'lost', {columns}, share_token_hash = NULL, share_expires_at = NULL,"
    " share_uses_left = NULL WHERE event_id = ?"
)

# When something happened to them: an event that takes time, and is not over yet, lasts until now.
_THEIRS = """
SELECT ts, CASE WHEN ended_at IS NOT NULL THEN ended_at
    WHEN type IN ('person_entered', 'dog_detected', 'sit', 'stand', 'lie') AND ts > :now - :open THEN :now
    ELSE ts END AS over
FROM events WHERE subject_user_id = :id OR subject_uuid IN (SELECT value FROM json_each(:subjects)) ORDER BY ts
"""
_LAST = f"SELECT max(over) FROM ({_THEIRS})"  # noqa: S608 - ours
# A row whose object is still to be erased is not done with.
_SPANS = """
SELECT m.start_ts, m.start_ts + 1000 * m.duration_ms, 'clips', m.event_id, m.phase, m.path, m.preview_png, m.s3_uri,
    {is_theirs} FROM clips AS m LEFT JOIN events AS e USING (event_id) WHERE m.phase <> 'lost'
UNION ALL
SELECT m.ts, m.ts, 'snapshots', m.event_id, m.phase, m.path, NULL, m.s3_uri,
    {is_theirs} FROM snapshots AS m LEFT JOIN events AS e USING (event_id) WHERE m.phase <> 'lost'
""".format(
    is_theirs="coalesce(e.subject_user_id = :id OR e.subject_uuid IN (SELECT value FROM json_each(:subjects)), 0)"
)


def delete(asked: OfRecording, work: Work) -> Outcome:
    """The change of that name: this recording goes, and with it the copies of it that were made to be shared."""
    found = meant(work.connection, asked.recording)
    if found.phase == "planned":
        raise UnusableInput(f"{found.id} is still being made.", "Delete it in a moment.")
    gone = [one for one in (found, *copies(work.connection, found.id)) if one.phase != "lost"]
    discarded(work.connection, work.folder, gone)
    has_objects = any(one.uri for one in gone)
    return Outcome(
        {"recording": found.id, "changed": bool(gone), "copies": max(0, len(gone) - 1), "object": has_objects}
    )


def discarded(connection: sqlite3.Connection, folder: Path, found: Iterable[Meant]) -> int:
    """Remove their files, and let their rows be lost, in the caller's transaction; how many they were."""
    found = list(found)
    unlinked(folder, chain.from_iterable(files_of(folder, one) for one in found))
    for one in found:
        connection.execute(_LOSE.format(table=one.table, columns=_LOST[one.table]), (one.id,))
    return len(found)


def without_copy(connection: sqlite3.Connection, folder: Path, one: Meant) -> None:
    """Remove the copies of what is in the object store, and note it, in the caller's transaction."""
    unlinked(folder, files_of(folder, one))
    connection.execute(f"UPDATE {one.table} SET path = NULL WHERE event_id = ?", (one.id,))  # noqa: S608 - ours


def files_of(folder: Path, one: Meant) -> list[str]:
    """Where its files lie: as its row has it, and while it is planned whatever is called by it."""
    known = [path for path in (one.path, one.still) if path]
    if one.phase != "planned" or one.path is None:
        return known
    place = PurePosixPath(one.path)
    return known + [f"{place.parent}/{file.name}" for file in (folder / place.parent).glob(f"{place.stem}.*")]


def showing(
    connection: sqlite3.Connection, person: int | str | None, subjects: Sequence[str], now_us: int
) -> Iterator[Meant]:
    """The recordings made because of them, or while something happened to them: there they may be seen."""
    asked = _asked(person, subjects, now_us)
    begins, ends = _merged(connection.execute(_THEIRS, asked))
    for begin_us, end_us, *row, is_theirs in connection.execute(_SPANS, asked).fetchall():
        before = bisect_right(begins, end_us)  # so many of their spans begin before it ends
        if is_theirs or (before and ends[before - 1] >= begin_us):
            yield of_row(tuple(row))


def shut(connection: sqlite3.Connection, person: int | str | None, subjects: Sequence[str], now_us: int) -> None:
    """Let nothing be planned any more that begins before now, where they were seen lately; in the caller's transaction.

    To be called before their events are anybody's. A recording may be wished for that is not planned yet, and once
    they are forgotten nobody knows that they are in it.
    """
    (last_us,) = connection.execute(_LAST, _asked(person, subjects, now_us)).fetchone()
    if last_us is not None and last_us > now_us - _LATELY_US:
        note(connection, FORGOTTEN, now_us)


def is_shut(connection: sqlite3.Connection, start_us: int) -> bool:
    """Whether someone was forgotten after this instant who may be seen in what begins there."""
    since = noted(connection, FORGOTTEN)
    return isinstance(since, int) and start_us < since


def _asked(person: int | str | None, subjects: Sequence[str], now_us: int) -> dict[str, int | str | None]:
    return {"id": person, "subjects": json.dumps(list(subjects)), "now": now_us, "open": _OPEN_US}


def _merged(spans: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """The spans, which come by their beginnings, widened, and as few as they can be: their beginnings and their ends.

    >>> _merged([(0, 0), (8_000_000, 20_000_000), (40_000_000, 40_000_000)])
    ([-5000000, 35000000], [25000000, 45000000])
    """
    begins: list[int] = []
    ends: list[int] = []
    for begin_us, end_us in spans:
        if ends and begin_us - BEYOND_US <= ends[-1]:
            ends[-1] = max(ends[-1], end_us + BEYOND_US)
            continue
        begins.append(begin_us - BEYOND_US)
        ends.append(end_us + BEYOND_US)
    return begins, ends

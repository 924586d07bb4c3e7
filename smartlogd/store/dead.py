"""Dead letters: what the centre refused for good, for a person to look at, and to send again. Plain SQL."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.errors import Missing
from smartlogd.schema.instants import instant_of
from smartlogd.store.payload import STATEMENTS
from smartlogd.store.recognise import asking

_LIST = "SELECT seq, kind, row_id, at, died_at, reason FROM dead_letters ORDER BY seq DESC LIMIT ?"
_ONE = "SELECT seq, kind, row_id, at, died_at, reason FROM dead_letters WHERE seq = ?"
_AGAIN = """
INSERT INTO outbox (kind, row_id, priority, at)
SELECT kind, row_id, priority, at FROM dead_letters AS d
WHERE (:seqs IS NULL OR seq IN (SELECT value FROM json_each(:seqs)))
  AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.kind = d.kind AND o.row_id = d.row_id AND o.kind <> 'event')
ORDER BY seq
"""
_RISE = "DELETE FROM dead_letters WHERE :seqs IS NULL OR seq IN (SELECT value FROM json_each(:seqs))"
_UNKNOWN = """
SELECT value FROM json_each(?) WHERE value NOT IN (SELECT seq FROM dead_letters)
"""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What was refused: its number, what it is and of which row, when it happened, when and why it was refused."""

    seq: int
    kind: str
    row: str
    at: dt.datetime
    died: dt.datetime
    reason: str


def dead_letters(folder: Path, *, limit: int = 1000) -> list[DeadLetter]:
    """The dead letters of the log in a state folder, the newest first; Missing where there is no log yet."""
    with asking(folder, is_of_faces=True) as connection:
        return [_letter(row) for row in connection.execute(_LIST, (limit,))]


def explained(folder: Path, seq: int) -> tuple[DeadLetter, str | None]:
    """One dead letter, and the item as it would be sent now, as JSON; None where its row is gone, and for faces.

    Missing where there is none of that number.
    """
    with asking(folder, is_of_faces=True) as connection:
        row = connection.execute(_ONE, (seq,)).fetchone()
        if row is None:
            raise _none_of(seq)
        return _letter(row), _item(connection, seq, str(row[1]))


def retry(connection: sqlite3.Connection, seqs: Collection[int] | None = None) -> int:
    """Put dead letters (None: all of them) back into the outbox, in the caller's transaction; how many.

    They get new numbers. Where the row waits already, as it has changed since, it goes once. Missing, and nothing is
    done, where one of the numbers is no dead letter's.
    """
    asked = None if seqs is None else json.dumps(sorted(seqs))
    if asked is not None and (unknown := connection.execute(_UNKNOWN, (asked,)).fetchone()):
        raise _none_of(unknown[0])
    connection.execute(_AGAIN, {"seqs": asked})
    return connection.execute(_RISE, {"seqs": asked}).rowcount


def _item(connection: sqlite3.Connection, seq: int, kind: str) -> str | None:
    """The statement that reads what waits reads a dead letter as well, named otherwise."""
    if kind not in STATEMENTS:
        return None
    statement = STATEMENTS[kind].replace("outbox AS o", "dead_letters AS o")
    row = connection.execute(statement, {"seqs": json.dumps([seq]), "now_us": 0, "boots": "[]"}).fetchone()
    return None if row is None else row[1]


def _letter(row: tuple[int, str, str, int, int, str]) -> DeadLetter:
    seq, kind, row_id, at, died, reason = row
    return DeadLetter(seq, kind, row_id, instant_of(at), instant_of(died), reason)


def _none_of(seq: int) -> Missing:
    return Missing(f"There is no dead letter {seq}.", "`smartlogd sync dead list` shows what there is.")

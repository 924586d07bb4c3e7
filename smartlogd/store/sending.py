"""What a person does about what waits to be sent: enqueue history, send dead letters again, pause. Plain SQL.

These are changes like those of people: made by the running daemon, or in its place where none runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.wire import Waiting
from smartlogd.store import dead
from smartlogd.store.begin import MARK, backfill, note, noted
from smartlogd.store.outbox import counted
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.payload import Moment
from smartlogd.store.recognise import asking
from smartlogd.store.requests import Plainly, Retry

PAUSED = "sync_paused"
"""The key in `meta`: nothing is sent while it is true, also after a restart."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How sending stands in a database that nobody may be running: what waits, and whether it is paused."""

    waiting: Waiting
    is_paused: bool


def enqueue(_: Plainly, work: Work) -> Outcome:
    """Enqueue some of the history from before there was a centre; told: `enqueued` rows, 0 once all is.

    `begun` is false where no smartlogd ran since the device joined: what is history is settled at its first start.
    """
    has_begun = noted(work.connection, MARK) is not None
    return Outcome({"enqueued": backfill(work.connection), "begun": has_begun})


def send_again(asked: Retry, work: Work) -> Outcome:
    """Put dead letters back into the outbox; told: how many. Missing where a number is no dead letter's."""
    return Outcome({"retried": dead.retry(work.connection, asked.seqs)})


def pause(_: Plainly, work: Work) -> Outcome:
    """Send nothing from the next start on."""
    return _paused(work.connection, is_paused=True)


def resume(_: Plainly, work: Work) -> Outcome:
    """Send again from the next start on."""
    return _paused(work.connection, is_paused=False)


def set_paused(connection: sqlite3.Connection, *, is_paused: bool) -> None:
    """Remember over restarts whether sending is paused; in the caller's transaction."""
    note(connection, PAUSED, is_paused)


def is_paused(connection: sqlite3.Connection) -> bool:
    """Whether sending is paused."""
    return noted(connection, PAUSED) is True


def standing(folder: Path) -> Standing:
    """How sending stands in the log of a state folder, read without changing it; Missing where there is no log."""
    with asking(folder, is_of_faces=True) as connection:
        return Standing(counted(connection, Moment(0, "[]")), is_paused(connection))


def _paused(connection: sqlite3.Connection, *, is_paused: bool) -> Outcome:
    set_paused(connection, is_paused=is_paused)
    told: Mapping[str, object] = {"paused": is_paused}
    return Outcome(told)

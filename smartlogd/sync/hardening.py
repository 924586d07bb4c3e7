"""What PostgreSQL lets everyone do unless it is told not to, and is taken away at a centre.

A device has a login, and a stolen device's login is a stranger in the database. The right to call the functions of
`api` is all it needs; the catalogue's views of other sessions, signals to them, large objects, locks, sleeping,
temporary tables and code of its own are no business of its. Each chapter of `hardening.sql` is one query that finds
what is still open and writes the statements that close it. Whoever may not run a statement (a hosted service keeps the
catalogue for itself) goes on with the next; what is open afterwards is found by the same query, whatever the server
said meanwhile. Members of pg_monitor, and the owner of `api`, keep what they need.

What no statement takes away: NOTIFY, and SET of a session's own timeouts. Both harm nobody but through load, which
the limit of connections bounds.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from smartlogd.sync.administrator import Connection

CHAPTERS = Path(__file__).with_name("hardening.sql")


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is open still: what it is, and the statements that would close it."""

    what: str
    statements: tuple[str, ...]
    is_advice: bool = False
    """It is somebody else's to close, such as the owner's of another database."""


@dataclass(frozen=True, slots=True)
class _Chapter:
    """What is looked for, and the query that gives the statements which close it."""

    what: str
    query: str
    is_advice: bool


def harden(connection: Connection) -> tuple[Gap, ...]:
    """Take away what everyone may do and no device needs; gives what is open still. Doing it again changes nothing."""
    for chapter in _chapters():
        for statement in () if chapter.is_advice else _open(connection, chapter):
            with suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement.encode())
    return gaps(connection)


def gaps(connection: Connection) -> tuple[Gap, ...]:
    """What is open; changes nothing."""
    found = ((chapter, _open(connection, chapter)) for chapter in _chapters())
    return tuple(Gap(chapter.what, statements, chapter.is_advice) for chapter, statements in found if statements)


def _open(connection: Connection, chapter: _Chapter) -> tuple[str, ...]:
    return tuple(str(statement) for (statement,) in connection.execute(chapter.query.encode()).fetchall())


def _chapters() -> tuple[_Chapter, ...]:
    """The file's chapters, each with the common one before it."""
    parts = re.split(r"^-- (\S.*)\n(?=WITH|SELECT)", CHAPTERS.read_text(), flags=re.MULTILINE)[1:]
    titles, queries = parts[::2], parts[1::2]
    return tuple(
        _Chapter(title.strip("()"), queries[0] + query.strip().rstrip(";"), title.startswith("("))
        for title, query in zip(titles[1:], queries[1:], strict=True)
    )

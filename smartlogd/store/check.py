"""Looks whether the database is whole: quickly after a start, thoroughly when asked.

The quick look reads pages for a bounded time beside the running daemon. The thorough one (`smartlogd db check`) reads
everything, and asks the real disk for what docs/STORAGE.md promises. Neither changes anything.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from smartlogd.base.errors import Exit, Fate, Missing
from smartlogd.base.time import monotonic_s
from smartlogd.schema.migrate import head
from smartlogd.store.crops import FOLDER as FACES
from smartlogd.store.keys import Keys
from smartlogd.store.places import UNFINISHED
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.quarantine import is_marked, mark, set_aside_folders
from smartlogd.store.recognise import read_only, version_of
from smartlogd.store.reconcile import GRAVE, Fault, differences, finished, lying, newest_boot
from smartlogd.store.shape import tables_of
from smartlogd.store.trouble import DAMAGED, StoreTrouble

QUICK_S = 2.0
FOREVER_S = 1e9
_SMALL_BYTES = 32 * 1024 * 1024
"""A database of this size is read within two seconds, also from a slow card."""
_MOST = 20
_STRUCTURE = re.compile(r"\*\*\*|Tree \d|[Pp]age \d|from index|in index|malformed|freelist|overflow|btree")
"""What SQLite says of a broken file; a value that breaks a constraint is no broken page."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be; one that is not `grave` is put right by the daemon itself."""

    about: str
    what: str
    grave: bool = True


def look_over(path: Path, limit_s: float = QUICK_S) -> bool:
    """Read the database's pages for at most `limit_s`; True when all were read, False when the time ran out.

    StoreTrouble (74, fatal) where a page is broken; the next start then sets the database aside.
    """
    deadline_s = monotonic_s() + limit_s
    with read_only(path) as connection:
        try:
            # SQLite's own check cannot be interrupted in the middle of a table, so it is for small databases.
            if path.stat().st_size <= _SMALL_BYTES or limit_s >= FOREVER_S:
                said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
            else:
                return _read_all(connection, deadline_s)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                raise
            said = [f"malformed: {error}"]
    if not any(_STRUCTURE.search(line) for line in said):
        return True
    mark(path)
    trouble = StoreTrouble(
        DAMAGED,
        f"The database {path} is damaged: {said[0].splitlines()[-1]}.",
        "Start smartlogd again: it sets the damaged file aside, saves what can be read of it, and goes on with that.",
        Exit.DISK,
    )
    trouble.fate = Fate.FATAL
    raise trouble


def _read_all(connection: sqlite3.Connection, deadline_s: float) -> bool:
    """Read every table, newest rows first, until the time runs out; False where it did."""
    for table in tables_of(connection):
        for number, _ in enumerate(connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid DESC')):  # noqa: S608
            if number % 1000 == 0 and monotonic_s() > deadline_s:
                return False
    return True


def checked(folder: Path, step: Callable[[str], None] | None = None) -> tuple[Finding, ...]:
    """Everything that is not as it should be in a state folder; `step` is told what is looked at next.

    Missing where there is no log; StoreTrouble where it cannot be opened at all.
    """
    path = folder / DATABASE
    found = version_of(path)
    if found is None:
        raise Missing(f"There is no log in {folder}.", "Start smartlogd (`smartlogd run`), or name its state folder.")
    if found != head():
        return (
            Finding("version", f"The tables have version {found}, the newest is {head()}: `smartlogd db upgrade`."),
        )
    findings: list[Finding] = []
    with read_only(path) as connection:
        for about, question in _QUESTIONS.items():
            if step:
                step(about)
            try:
                findings += question(connection, folder)
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                    raise
                findings.append(Finding(about, f"It cannot be looked at, for a page is broken: {error}."))
    return tuple(findings)


def faults_of(path: Path) -> list[str]:
    """What a whole check says of a database file that nobody writes: its pages, its indexes, its references."""
    with read_only(path) as connection:
        return [finding.what for question in (_pages, _references) for finding in question(connection, path.parent)]


def _pages(connection: sqlite3.Connection, _: Path) -> Iterator[Finding]:
    for (said,) in connection.execute(f"PRAGMA integrity_check({_MOST})"):
        if said != "ok":
            yield Finding("pages", f"SQLite says: {' '.join(str(said).split())}.")


def _references(connection: sqlite3.Connection, _: Path) -> Iterator[Finding]:
    for number, (table, rowid, parent, _key) in enumerate(connection.execute("PRAGMA foreign_key_check")):
        if number < _MOST:
            yield Finding("references", f"Row {rowid} of {table} points at nothing in {parent}.")


def _set_aside(_: sqlite3.Connection, folder: Path) -> Iterator[Finding]:
    if is_marked(folder / DATABASE):
        yield Finding("marks", "A broken page was met: the next start sets this database aside.")
    for aside in set_aside_folders(folder):
        what = f"{aside.name} holds a damaged database; when nothing more is wanted of it, delete the folder."
        yield Finding("set aside", what, grave=False)


_PATHS = "SELECT path FROM clips WHERE path IS NOT NULL UNION ALL SELECT path FROM snapshots WHERE path IS NOT NULL"


def _media(connection: sqlite3.Connection, folder: Path) -> Iterator[Finding]:
    """An event before its media; a file for each row that is kept, a row for each file."""
    found: dict[Fault, list[str]] = {}
    # A daemon may be running, and then what its start has planned is being made.
    for one in differences(connection, folder, finished(lying(folder)), boot=newest_boot(connection)):
        found.setdefault(one.fault, []).append(one.place)
    for fault, places in found.items():
        about = "events before media" if fault is Fault.NO_EVENT else "files of media"
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        yield Finding(about, f"{places[0]}{more}: {fault.value}.", grave=fault in GRAVE)
    paths = [path for (path,) in connection.execute(_PATHS)]
    if doubled := len(paths) - len(set(paths)):
        yield Finding("files of media", f"{doubled} files belong to more than one recording.")


_POINTERS = {
    "event": ("events", "id"), "ended": ("events", "id"), "passing": ("smartlog", "id"), "user": ("users", "uid"),
    "subject": ("subjects", "uuid"), "tombstone": ("tombstones", "uid"), "metrics": ("device_metrics_daily", "id"),
    "clip": ("clips", "id"), "snapshot": ("snapshots", "id"),
}  # fmt: skip
"""Where each kind of the outbox points. A template that is gone is what is to be told: it may point at nothing."""


def _outbox(connection: sqlite3.Connection, _: Path) -> Iterator[Finding]:
    """What waits, or was refused, is still there: nothing was forgotten before it was acknowledged."""
    for waiting in ("outbox", "dead_letters"):
        for kind, (table, key) in _POINTERS.items():
            (lost,) = connection.execute(
                f"SELECT count(*) FROM {waiting} WHERE kind = ? AND row_id NOT IN "  # noqa: S608 - our own tables
                f"(SELECT CAST({key} AS TEXT) FROM {table})",
                (kind,),
            ).fetchone()
            if lost:
                yield Finding(waiting, f"{lost} rows of {table} were deleted before the centre had acknowledged them.")


def _numbers(connection: sqlite3.Connection, _: Path) -> Iterator[Finding]:
    """No number is given twice."""
    for table in ("events", "smartlog", "outbox"):
        (highest, given) = connection.execute(
            f"SELECT coalesce(max(rowid), 0), (SELECT seq FROM sqlite_sequence WHERE name = ?) FROM {table}",  # noqa: S608
            (table,),
        ).fetchone()
        if highest > (given or 0):
            yield Finding("numbers", f"{table} has a row {highest}, but counts on from {given}.")


def _faces(connection: sqlite3.Connection, folder: Path) -> Iterator[Finding]:
    """Faces, their keys and their pictures belong together."""
    owners = {
        UUID(owner) for (owner,) in connection.execute("SELECT DISTINCT coalesce(subject, user) FROM face_templates")
    }
    keys = Keys.open(folder).owners()
    if sealed := len(owners - keys):
        yield Finding("faces", f"The faces of {sealed} people or strangers cannot be opened: their keys are gone.")
    if idle := len(keys - owners):
        yield Finding("faces", f"{idle} keys seal nothing; the daemon removes them.", grave=False)
    noted = {path for (path,) in connection.execute("SELECT best_crop FROM subjects WHERE best_crop IS NOT NULL")}
    faces = folder / FACES
    there = {f"{FACES}/{file.name}" for file in faces.iterdir()} if faces.is_dir() else set()
    there = {path for path in there if not path.startswith(f"{FACES}/{UNFINISHED}")}
    if noted - there or there - noted:
        what = f"{len(noted - there)} pictures of faces are gone, {len(there - noted)} belong to nobody; both pass."
        yield Finding("faces", what, grave=False)


_QUESTIONS: dict[str, Callable[[sqlite3.Connection, Path], Iterator[Finding]]] = {
    "pages": _pages,
    "references": _references,
    "media": _media,
    "outbox": _outbox,
    "numbers": _numbers,
    "faces": _faces,
    "set aside": _set_aside,
}

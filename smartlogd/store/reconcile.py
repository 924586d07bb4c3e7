"""Rows and files of recordings, compared, and brought together again where a power cut left them apart.

Said by `smartlogd db check`, done by `smartlogd db check --repair`, and at every start of the daemon. Files are listed
before rows are read: a row is there before its file, so what is found without a row is nobody's.
"""

from __future__ import annotations

import enum
import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from smartlogd.base.known import Json
from smartlogd.store.discard import discarded, without_copy
from smartlogd.store.losses import note_loss
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.places import unlinked
from smartlogd.store.recordings import INSTANTS, Meant, still_of
from smartlogd.store.requests import Plainly
from smartlogd.store.trouble import told

_UNFINISHED = "."
"""So begins the name of a file that has not got its own yet, whoever writes it."""

_ROWS = " UNION ALL ".join(
    f"SELECT '{table}' AS place, m.event_id, m.phase, m.path, {still} AS still, m.s3_uri, m.bytes, m.{at},"  # noqa: S608
    f" e.id IS NULL, e.boot_id FROM {table} AS m LEFT JOIN events AS e USING (event_id)"
    for table, at, still in (
        ("clips", INSTANTS["clips"], "m.preview_png"),
        ("snapshots", INSTANTS["snapshots"], "NULL"),
    )
)
_NEWEST_BOOT = "SELECT boot_id FROM boots ORDER BY rowid DESC LIMIT 1"
_KEEP = "UPDATE {table} SET phase = 'kept', bytes = ?, sha256 = ? WHERE event_id = ?"
_STILL = "UPDATE clips SET preview_png = ? WHERE event_id = ?"
_EVENT = (
    "INSERT INTO events (user_id, type, ts, data, event_id, device_id)"
    " SELECT user_id, '{type}', {at}, json_object('labels', json(iif(json_valid(labels), labels, '[]'))),"
    " event_id, device_id FROM {table} WHERE event_id = ?"
)
_TYPES = {"clips": "clip_saved", "snapshots": "snapshot_saved"}


class Fault(enum.Enum):
    """What may be wrong with a recording, as it is said."""

    NO_EVENT = "the log has no event of its being saved"
    UNMADE = "it was planned, and never made"
    UNFILED = "it was made, and not noted"
    GONE = "its file is gone"
    OTHER = "its file has another size than was noted"
    COPY_GONE = "it is in the object store, and its copy here is gone"
    STILL_GONE = "its still is gone"
    STRAY = "it belongs to no recording"


GRAVE = frozenset({Fault.NO_EVENT, Fault.GONE, Fault.OTHER})
"""What should never be; the others are left by a power cut, and put right at the next start."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it should be: with which row, or with which file where there is no row."""

    fault: Fault
    place: str
    row: Meant = field(default=Meant("", "", "", None, None, None))
    bytes: int = 0
    at_us: int = 0


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done: with which recording or file, in a sentence."""

    about: str
    what: str


def newest_boot(connection: sqlite3.Connection) -> str | None:
    """The start of the daemon that was the last; it may be running still."""
    return next((boot for (boot,) in connection.execute(_NEWEST_BOOT)), None)


def lying(folder: Path) -> frozenset[str]:
    """The files of recordings as they lie on the disk, by their paths in the state folder."""
    with told(folder):
        return frozenset(
            f"{table}/{file.name}"
            for table in INSTANTS
            if (folder / table).is_dir()
            for file in (folder / table).iterdir()
            if file.is_file() and not file.is_symlink()
        )


def finished(found: Collection[str]) -> frozenset[str]:
    """Those of the files that have their own names: others may be being written just now."""
    return frozenset(path for path in found if not PurePosixPath(path).name.startswith(_UNFINISHED))


def repair(_: Plainly, work: Work) -> Outcome:
    """The change of that name: bring rows and files together; says each thing that was done."""
    found = lying(work.folder)
    if work.boot is not None:  # a daemon runs, and what it has not finished is its own
        found = finished(found)
    done = reconciled(work.connection, work.folder, found, boot=work.boot)
    repairs: list[Json] = [{"about": repair.about, "what": repair.what} for repair in done]
    return Outcome({"changed": bool(done), "repairs": repairs})


def reconciled(
    connection: sqlite3.Connection, folder: Path, found: Collection[str], *, boot: str | None
) -> tuple[Repair, ...]:
    """Put right what `differences` names, in the caller's transaction; doing it again finds nothing."""
    done = []
    for one in list(differences(connection, folder, found, boot=boot)):
        done.append(Repair(one.place, f"{one.place}: {_DONE[one.fault]}."))
        _MEND[one.fault](connection, folder, one)
    return tuple(done)


def differences(
    connection: sqlite3.Connection, folder: Path, found: Collection[str], *, boot: str | None
) -> Iterator[Difference]:
    """Whatever is not as it should be, given the files that were `found` before.

    `boot` is the start of the daemon that runs just now: what it has planned is being made. Files that were found and
    are called by such a recording are its own.
    """
    owned: set[str] = set()
    for *row, preview, uri, size, at_us, has_no_event, planned_by in connection.execute(_ROWS).fetchall():
        table, id_, phase, path = row
        one = Meant(table, id_, phase, path, still_of(path, preview), uri)
        if path:
            owned.add(str(PurePosixPath(path).with_suffix("")))
        if has_no_event:
            yield Difference(Fault.NO_EVENT, f"{table}/{id_}", one)
        if phase != "planned" or boot is None or planned_by != boot:
            for fault in _faults(folder, one, size):
                yield Difference(fault, path or f"{table}/{id_}", one, size or 0, at_us)
    for path in sorted(found):
        name = PurePosixPath(path)
        if name.name.startswith(_UNFINISHED) or str(name.with_suffix("")) not in owned:
            yield Difference(Fault.STRAY, path)


def _faults(folder: Path, one: Meant, size: int | None) -> Iterator[Fault]:
    """What is wrong with the files of one row."""
    if one.path is None:
        return
    there = _size(folder / one.path)
    if one.phase == "planned":
        yield Fault.UNFILED if there else Fault.UNMADE
        return
    if one.phase == "uploaded":
        if there is None:
            yield Fault.COPY_GONE
        return
    if there is None:
        yield Fault.GONE
    elif size is not None and there != size:
        yield Fault.OTHER
    elif one.still and _size(folder / one.still) is None:
        yield Fault.STILL_GONE


def _size(path: Path) -> int | None:
    """How large the file is; None where there is none."""
    return path.stat().st_size if path.is_file() else None


def _keep(connection: sqlite3.Connection, folder: Path, one: Difference) -> None:
    """The file got its name when it was whole: it is what was planned."""
    path = folder / str(one.row.path)
    with told(folder), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    connection.execute(_KEEP.format(table=one.row.table), (size, digest, one.row.id))
    if one.row.table == "clips":
        stills = sorted(file.name for file in path.parent.glob(f"{path.stem}.*") if file != path)
        connection.execute(_STILL, (f"clips/{stills[0]}" if stills else None, one.row.id))


def _lose(connection: sqlite3.Connection, folder: Path, one: Difference) -> None:
    discarded(connection, folder, [one.row])
    if one.row.phase == "kept":
        note_loss(connection, one.row.table, one.bytes, one.at_us)


def _without_copy(connection: sqlite3.Connection, folder: Path, one: Difference) -> None:
    without_copy(connection, folder, one.row)


def _without_still(connection: sqlite3.Connection, _: Path, one: Difference) -> None:
    connection.execute(_STILL, (None, one.row.id))


def _tell(connection: sqlite3.Connection, _: Path, one: Difference) -> None:
    table = one.row.table
    connection.execute(_EVENT.format(type=_TYPES[table], at=INSTANTS[table], table=table), (one.row.id,))


def _remove(_: sqlite3.Connection, folder: Path, one: Difference) -> None:
    unlinked(folder, [one.place])


_MEND: Mapping[Fault, Callable[[sqlite3.Connection, Path, Difference], None]] = {
    Fault.NO_EVENT: _tell,
    Fault.UNMADE: _lose,
    Fault.UNFILED: _keep,
    Fault.GONE: _lose,
    Fault.OTHER: _lose,
    Fault.COPY_GONE: _without_copy,
    Fault.STILL_GONE: _without_still,
    Fault.STRAY: _remove,
}
_DONE: Mapping[Fault, str] = {
    Fault.NO_EVENT: "the log has an event of its being saved again",
    Fault.UNMADE: "it was planned and never made, and is lost now",
    Fault.UNFILED: "it was made and not noted, and is kept now",
    Fault.GONE: "its file is gone, and it is lost now",
    Fault.OTHER: "its file had another size than was noted; it was removed, and it is lost now",
    Fault.COPY_GONE: "its copy here is gone, and it is noted as in the object store only",
    Fault.STILL_GONE: "its still is gone, and it has none now",
    Fault.STRAY: "it belonged to no recording, and was removed",
}

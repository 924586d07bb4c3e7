"""Recordings as a recorder leaves them: planned, written beside their place, named, filed."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from smartlogd.base.ids import uuid7
from smartlogd.base.known import EventId, Filed, Medium, Recording
from smartlogd.base.time import Stamp
from smartlogd.store.recordings import TABLES
from smartlogd.store.rows import Origin
from smartlogd.store.shelf import kept, planned

SUFFIXES = {Medium.CLIP: ".mp4", Medium.SNAPSHOT: ".jpg"}


def wanted(
    start: Stamp,
    *,
    medium: Medium = Medium.CLIP,
    duration_s: float = 10.0,
    labels: Sequence[str] = ("by hand",),
    note: str | None = None,
    cause: UUID | None = None,
) -> Recording:
    """A recording that begins then, with an id of its own."""
    spans = duration_s if medium is Medium.CLIP else 0.0
    id_, because = EventId(uuid7(start)), None if cause is None else EventId(cause)
    return Recording(id_, medium, start, spans, SUFFIXES[medium], tuple(labels), note, because)


def written(folder: Path, path: str, *, size: int = 1000, still: bool = True) -> tuple[int, str, str | None]:
    """Write its file, and a still beside it, as `record` does; its size, its hash, and where the still lies."""
    place = folder / path
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = random.Random(path).randbytes(size)
    unfinished = place.with_name(f".{place.stem}.some.part")
    unfinished.write_bytes(content)
    has_still = still and place.suffix == ".mp4"
    if has_still:
        place.with_suffix(".png").write_bytes(b"\x89PNG" + bytes(96))
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(place)
    preview = path.removesuffix(".mp4") + ".png" if has_still else None
    return size, hashlib.sha256(content).hexdigest(), preview


def filed(
    recording: Recording, folder: Path, path: str, *, size: int = 1000, moments: Mapping[EventId, int] | None = None
) -> Filed:
    """Its file, written now."""
    bytes_, digest, preview = written(folder, path, size=size)
    return Filed(path, bytes_, digest, recording.start, recording.duration_s, preview, moments or {})


def shelved(
    connection: sqlite3.Connection,
    origin: Origin,
    folder: Path,
    recording: Recording,
    *,
    phase: str = "kept",
    size: int = 1000,
) -> str:
    """Put a recording on the shelf over this connection, and let it be so far; its path."""
    table = TABLES[recording.medium]
    path = f"{table}/{recording.id}{recording.suffix}"
    planned(connection, origin, recording, path)
    if phase == "planned":
        return path
    assert kept(connection, folder, str(recording.id), filed(recording, folder, path, size=size))
    if phase == "uploaded":
        uri = f"s3://clips/door/{recording.id}{recording.suffix}"
        statement = f"UPDATE {table} SET phase = 'uploaded', s3_uri = ? WHERE event_id = ?"
        connection.execute(statement, (uri, str(recording.id)))
    return path


def files(folder: Path) -> set[str]:
    """What lies in the folders of recordings."""
    return {
        f"{table}/{file.name}" for table in TABLES.values() for file in (folder / table).glob("*") if file.is_file()
    }

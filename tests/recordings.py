"""Recordings that lie in a folder, for tests of what carries them away: a shelf in a dictionary."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from smartlogd.base.errors import SmartlogError
from smartlogd.base.known import EventId, Kept
from smartlogd.sync.body import Piece
from smartlogd.sync.bucket_trouble import ObjectsAway, ObjectsRefuse
from smartlogd.sync.parts import Begun, etag_of
from smartlogd.sync.place import Place
from smartlogd.sync.s3 import About, Stored

AT = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
MIB = 1024 * 1024


@dataclass
class ThinMedia:
    """The recordings of a folder, and what became of each."""

    folder: Path
    kept: dict[EventId, Kept] = field(default_factory=dict)
    there: dict[EventId, tuple[str, str | None]] = field(default_factory=dict)
    going_to: dict[EventId, str] = field(default_factory=dict)
    lost: list[EventId] = field(default_factory=list)
    to_erase: list[str] = field(default_factory=list)
    trouble: SmartlogError | None = None

    def made(self, size: int, *, preview: bool = False, seed: int | None = None) -> Kept:
        """A recording of so many bytes that are like no other's."""
        number = len(self.kept) + len(self.there) + len(self.lost) + 1 if seed is None else seed
        id_ = EventId(UUID(int=(0x019A4C1E << 96) | (7 << 76) | (2 << 62) | number))
        content = random.Random(number).randbytes(size)
        (self.folder / "clips").mkdir(exist_ok=True)
        (self.folder / "clips" / f"{id_}.mp4").write_bytes(content)
        still = f"clips/{id_}.jpg" if preview else None
        if still:
            (self.folder / still).write_bytes(b"a still of it")
        start = AT + dt.timedelta(minutes=number)
        kept = Kept(id_, start, f"clips/{id_}.mp4", size, hashlib.sha256(content).hexdigest(), still)
        self.kept[id_] = kept
        return kept

    def path(self, recording: Kept) -> Path:
        return self.folder / recording.path

    async def next(self, but: Collection[EventId] = ()) -> Kept | None:
        if self.trouble:
            raise self.trouble
        waiting = sorted((kept for kept in self.kept.values() if kept.id not in but), key=lambda kept: kept.start)
        return waiting[0] if waiting else None

    async def waits(self, recording: EventId) -> bool:
        return recording in self.kept

    async def going(self, recording: EventId, uri: str) -> bool:
        self.going_to[recording] = uri
        return recording in self.kept

    async def uploaded(self, recording: EventId, uri: str, preview: str | None) -> bool:
        if self.kept.pop(recording, None) is None:
            return False
        self.there[recording] = (uri, preview)
        return True

    async def gone(self, recording: EventId) -> None:
        del self.kept[recording]
        self.lost.append(recording)

    async def unwanted(self, most: int) -> tuple[str, ...]:
        return tuple(self.to_erase[:most])

    async def erased(self, uri: str) -> None:
        self.to_erase.remove(uri)


class ThinObjects:
    """An object store in a dictionary (`sync.s3.Objects`), which can be told to misbehave."""

    def __init__(self) -> None:
        self.there: dict[Place, tuple[bytes, str | None]] = {}
        self.uploads: dict[Place, dict[int, bytes]] = {}
        self.calls: list[str] = []
        self.breaks_at: int | None = None
        """The part at which the line breaks; once."""
        self.loses_answer = False
        """Whether the answer to what was finished is lost; once."""
        self.trouble: SmartlogError | None = None
        self.not_taken: dict[str, SmartlogError] = {}
        self.refuses_bucket = ""
        self.is_closed = False
        self._about = About("video/mp4")

    async def stat(self, place: Place) -> Stored | None:
        self._asked("stat", place)
        if place not in self.there:
            return None
        content, sha256 = self.there[place]
        return Stored(place.key, len(content), "", sha256)

    async def put(self, place: Place, piece: Piece, about: About) -> str:
        self._asked("put", place)
        self.there[place] = (_of(piece), about.sha256)
        return hashlib.md5(self.there[place][0]).hexdigest()

    async def begin(self, place: Place, about: About) -> Begun:
        self._asked("begin", place)
        self.uploads[place] = {}
        self._about = about
        return Begun("u", {})

    async def begun(self, place: Place) -> tuple[Begun, ...]:
        self._asked("begun", place)
        if place not in self.uploads:
            return ()
        parts = {n: (len(content), hashlib.md5(content).hexdigest()) for n, content in self.uploads[place].items()}
        return (Begun("u", parts),)

    async def unfinished(self, folder: Place) -> tuple[Place, ...]:
        self._asked("unfinished", folder)
        return tuple(place for place in self.uploads if place.key.startswith(folder.key))

    async def part(self, place: Place, upload: Begun, number: int, piece: Piece) -> str:
        self._asked("part", place)
        if number == self.breaks_at:
            self.breaks_at = None
            raise ObjectsAway("The line was cut.")
        self.uploads[place][number] = _of(piece)
        return hashlib.md5(self.uploads[place][number]).hexdigest()

    async def finish(self, place: Place, upload: Begun, etags: list[str]) -> str:
        self._asked("finish", place)
        parts = self.uploads.pop(place)
        self.there[place] = (b"".join(parts[n] for n in sorted(parts)), self._about.sha256)
        if self.loses_answer:
            self.loses_answer = False
            raise ObjectsAway("The line was cut.")
        return etag_of(etags)

    async def abandon(self, place: Place) -> int:
        self._asked("abandon", place)
        return int(self.uploads.pop(place, None) is not None)

    async def delete(self, place: Place) -> None:
        self._asked("delete", place)
        self.there.pop(place, None)

    async def listed(self, folder: Place) -> tuple[Stored, ...]:
        self._asked("listed", folder)
        return tuple(Stored(place.key, 0, "") for place in self.there if place.key.startswith(folder.key))

    def close(self) -> None:
        self.is_closed = True

    def _asked(self, what: str, place: Place) -> None:
        self.calls.append(what)
        if place.bucket == self.refuses_bucket:
            raise ObjectsRefuse("There is no such bucket.")
        if self.trouble:
            raise self.trouble
        for name, trouble in self.not_taken.items():
            if name in place.key:
                raise trouble


def _of(piece: Piece) -> bytes:
    try:
        with piece.file.open("rb") as file:
            file.seek(piece.start)
            return file.read(piece.size)
    except OSError as error:
        raise ObjectsAway(f"It could not be sent ({error.strerror}).") from error

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

AT = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
MIB = 1024 * 1024


@dataclass
class ThinMedia:
    """The recordings of a folder, and what became of each."""

    folder: Path
    kept: dict[EventId, Kept] = field(default_factory=dict)
    there: dict[EventId, tuple[str, str | None]] = field(default_factory=dict)
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

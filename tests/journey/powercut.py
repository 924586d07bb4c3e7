"""A disk that loses its power: what a recorded process wrote, replayed up to any moment, with what was not synced gone.

What was synced is there. Of what was written after the last sync, each sector of 512 bytes is there, or not, or torn
(its first bytes new, the rest old), as chance has it; so is each truncation. Names that were made, changed or removed
since their folder was last synced keep their order, and only so many of them count.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SECTOR = 512
ACKS = "acks"


@dataclass
class Note:
    """One thing that was done: what, to which file (by its incarnation), where, and with which bytes or names."""

    what: str
    file: int = 0
    at: int = 0
    body: bytes = b""
    name: str = ""


def compiled(place: Path) -> Path:
    """The recorder, made by the C compiler of this machine; skips where there is none."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler (`make test-deps`)")
    library = place / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def recorded(script: str, folder: Path, recorder: Path, *arguments: str) -> list[Note]:
    """Run the Python script with the folder as its first argument; what it did to the files there."""
    record = folder.with_name(folder.name + ".record")
    environment = {**os.environ, "LD_PRELOAD": str(recorder), "RECORDED": str(folder), "RECORD": str(record)}
    command = [sys.executable, "-c", script, str(folder), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return list(_read(record.read_bytes()))


def _read(record: bytes) -> Iterator[Note]:
    """The notes of a record; a file that is made anew is another one, though it may have the old one's number."""
    at, incarnations, count = 0, {}, 0  # type: int, dict[int, int], int

    def numbers(many: int) -> tuple[int, ...]:
        nonlocal at
        at += 8 * many
        return struct.unpack_from(f"<{many}Q", record, at - 8 * many)

    def text(length: int) -> bytes:
        nonlocal at
        at += length
        return record[at - length : at]

    while at < len(record):
        what = chr(record[at])
        at += 1
        if what == "o":
            number, is_new, length = numbers(3)
            name = text(length).decode()
            if is_new:
                count += 1
                incarnations[number] = count
                yield Note("o", count, name=name)
        elif what == "w":
            number, offset, length = numbers(3)
            yield Note("w", incarnations[number], offset, text(length))
        elif what in "ts":
            values = numbers(2 if what == "t" else 1)
            yield Note(what, incarnations[values[0]], values[-1] if what == "t" else 0)
        else:
            name = text(numbers(1)[0]).decode()
            yield Note(what, name=name, body=text(numbers(1)[0]) if what == "r" else b"")


@dataclass
class Disk:
    """What is on the disk for certain, and what has been done since."""

    files: dict[int, bytearray] = field(default_factory=dict)
    pending: dict[int, list[Note]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    renaming: list[Note] = field(default_factory=list)
    acks: int = 0
    acknowledged: bytearray = field(default_factory=bytearray)

    def do(self, note: Note) -> None:
        """The next thing that was done."""
        if note.what == "o" and note.name == ACKS:
            self.acks = note.file
        elif note.file and note.file == self.acks:
            self.acknowledged += note.body
        elif note.what == "o":
            self.files[note.file], self.pending[note.file] = bytearray(), []
            self.renaming.append(note)
        elif note.what in "wt":
            self.pending[note.file].append(note)
        elif note.what == "s":
            for one in self.pending[note.file]:
                _apply(self.files[note.file], one)
            self.pending[note.file].clear()
        elif note.what == "d":
            self.names = _named(self.names, [one for one in self.renaming if _folder(one) == note.name])
            self.renaming = [one for one in self.renaming if _folder(one) != note.name]
        else:
            self.renaming.append(note)

    def cut(self, folder: Path, chance: random.Random) -> None:
        """Lay into the folder what is found after the power comes back."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        kept = chance.choice((0.0, 0.2, 0.5, 0.8, 0.95))
        names = _named(self.names, self.renaming[: chance.randint(0, len(self.renaming))])
        for name, file in names.items():
            content = bytearray(self.files[file])
            for note in self.pending[file]:
                for piece in _sectors(note, content, chance, kept):
                    _apply(content, piece)
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)

    def ids(self) -> set[str]:
        """What had been acknowledged."""
        return set(self.acknowledged.decode().split())


def _sectors(note: Note, content: bytearray, chance: random.Random, kept: float) -> Iterator[Note]:
    """What of one write, or truncation, reached the disk."""
    if note.what == "t":
        if chance.random() < kept:
            yield note
        return
    start = 0
    while start < len(note.body):
        at = note.at + start
        length = min(SECTOR - at % SECTOR, len(note.body) - start)
        piece = note.body[start : start + length]
        draw = chance.random()
        if draw < kept:
            yield Note("w", at=at, body=piece)
        elif draw < kept + 0.1:
            yield Note("w", at=at, body=piece[: chance.randint(0, length)])
        start += length


def _apply(content: bytearray, note: Note) -> None:
    if note.what == "t":
        del content[note.at :]
        content.extend(bytes(note.at - len(content)))
        return
    if note.body:
        content.extend(bytes(max(0, note.at - len(content))))
        content[note.at : note.at + len(note.body)] = note.body


def _folder(note: Note) -> str:
    """The folder in which a name changes; empty for the outer one."""
    return note.name.rpartition("/")[0]


def _named(names: dict[str, int], notes: list[Note]) -> dict[str, int]:
    """The folder after these changes of names."""
    names = dict(names)
    for note in notes:
        if note.what == "o":
            names[note.name] = note.file
        elif note.what == "u":
            names.pop(note.name, None)
        elif note.name in names:
            names[note.body.decode()] = names.pop(note.name)
    return names

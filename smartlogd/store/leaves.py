"""Rows read off the pages of a database file itself, where SQLite finds no way to them any more.

A table is a tree of pages whose leaves hold the rows. When a page further up is broken, or the page that says which
tables there are, the leaves below it are as good as before; only nothing leads to them. Each leaf is read by itself
here, and which table its rows belong to is told by their columns. What was deleted is not found again: it is
overwritten when it is deleted (`secure_delete`). The format: https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from smartlogd.store.shape import Cell, Shape

_SIZES = (2048, 4096)
"""What the size of a page may be where the first page, which says it, is broken: ours, and SQLite's usual one."""
_TRIED_BYTES = 4 * 1024 * 1024
_LEAF = 13
_FIRST_HEADER, _WAL_HEADER, _FRAME_HEADER = 100, 32, 24
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_LARGEST_ROW = 16 * 1024 * 1024


class Record(NamedTuple):
    """A row as it lies on its page."""

    rowid: int
    cells: tuple[Cell, ...]


class Broken(ValueError):
    """A page or a row is not what it should be."""


class Pages:
    """The pages of a database as they last were committed: those in the -wal before those in the file."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        self.size = _page_bytes(self._file.read(_TRIED_BYTES))
        self.count = self._file.seek(0, 2) // self.size
        wal = path.with_name(path.name + "-wal")
        self._wal: BinaryIO | None = wal.open("rb") if wal.is_file() else None
        self._newer = _committed(self._wal, self.size) if self._wal else {}
        self.count = max([self.count, *self._newer])

    def close(self) -> None:
        """Close both files."""
        self._file.close()
        if self._wal:
            self._wal.close()

    def page(self, number: int) -> bytes:
        """Page `number`, from 1; empty where the file ends before it."""
        if (at := self._newer.get(number)) is not None and self._wal:
            self._wal.seek(at)
            return self._wal.read(self.size)
        self._file.seek((number - 1) * self.size)
        return self._file.read(self.size)

    def leaves(self) -> Iterator[tuple[Record, ...]]:
        """The rows of each leaf of a table that can be read; one that cannot is passed over."""
        for number in range(1, self.count + 1):
            page = self.page(number)
            head = _FIRST_HEADER if number == 1 else 0
            if len(page) != self.size or page[head] != _LEAF:
                continue
            if records := tuple(self._records(page, head)):
                yield records

    def _records(self, page: bytes, head: int) -> Iterator[Record]:
        """The rows of a page; one that is broken is left out."""
        (count,) = struct.unpack_from(">H", page, head + 3)
        if head + 8 + 2 * count > self.size:
            return
        for at in struct.unpack_from(f">{count}H", page, head + 8):
            try:
                yield self._record(page, at)
            except (Broken, IndexError, UnicodeDecodeError, struct.error):
                continue

    def _record(self, page: bytes, at: int) -> Record:
        """The row at this place of a page."""
        length, at = varint(page, at)
        rowid, at = varint(page, at)
        if length > _LARGEST_ROW:
            raise Broken("a row longer than any of ours")
        most, least = self.size - 35, (self.size - 12) * 32 // 255 - 23
        local = length
        if length > most:
            local = least + (length - least) % (self.size - 4)
            local = local if local <= most else least
        body = page[at : at + local]
        if local < length:
            (next_page,) = struct.unpack_from(">I", page, at + local)
            body += self._rest(next_page, length - local)
        return Record(rowid - (1 << 64) if rowid >> 63 else rowid, decoded(body))

    def _rest(self, number: int, wanted: int) -> bytes:
        """What of a long row stands on pages of its own."""
        rest = b""
        while len(rest) < wanted:
            page = self.page(number) if 0 < number <= self.count else b""
            if len(page) != self.size:
                raise Broken("the rest of a row is missing")
            (number,) = struct.unpack_from(">I", page)
            rest += page[4:]
        return rest[:wanted]


def owner_of(records: Sequence[Record], shapes: Sequence[Shape]) -> Shape | None:
    """The one table that all these rows can belong to; None where there is none, or more than one."""
    fitting = [
        shape for shape in shapes if all(shape.whole(record.rowid, record.cells) is not None for record in records)
    ]
    return fitting[0] if len(fitting) == 1 else None


def varint(page: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where the next thing begins.

    >>> varint(bytes([0x81, 0x00, 7]), 0)
    (128, 2)
    """
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | page[place] & 0x7F
        if page[place] < 0x80:
            return value, place + 1
    return value << 8 | page[at + 8], at + 9


def decoded(body: bytes) -> tuple[Cell, ...]:
    """The cells of a row; Broken where it is none.

    >>> decoded(bytes([4, 0, 1, 17, 5]) + b"in")
    (None, 5, 'in')
    """
    end, at = varint(body, 0)
    place, cells = end, []
    while at < end:
        serial, at = varint(body, at)
        cell, length = _cell(body, place, serial)
        cells.append(cell)
        place += length
    if at != end or place != len(body):
        raise Broken("a row of another length than it says")
    return tuple(cells)


def _cell(body: bytes, at: int, serial: int) -> tuple[Cell, int]:
    """A cell, and how many bytes it takes."""
    if serial == 0:
        return None, 0
    if serial in {8, 9}:
        return serial - 8, 0
    if serial in {10, 11}:
        raise Broken("a kind of cell that there is not")
    length = 8 if serial == 7 else _INTEGERS.get(serial, (serial - 12) // 2)
    piece = body[at : at + length]
    if len(piece) != length:
        raise Broken("a row that was cut")
    if serial == 7:
        return struct.unpack(">d", piece)[0], length
    if serial < 7:
        return int.from_bytes(piece, "big", signed=True), length
    return (piece.decode() if serial % 2 else piece), length


def _page_bytes(head: bytes) -> int:
    """The size of a page, as the file's first page says, if it can be believed; else that with more leaves."""
    (said,) = struct.unpack_from(">H", head, 16) if len(head) >= 18 else (0,)
    size = 65536 if said == 1 else said
    if head.startswith(b"SQLite format 3\0") and size >= 512 and size & (size - 1) == 0:
        return size
    return max(_SIZES, key=lambda size: sum(_is_leaf(head[at : at + size]) for at in range(size, len(head), size)))


def _is_leaf(page: bytes) -> bool:
    """Whether it looks like one, all its rows within it."""
    if len(page) < 512 or page[0] != _LEAF:
        return False
    (count,) = struct.unpack_from(">H", page, 3)
    end = 8 + 2 * count
    return end <= len(page) and all(end <= at < len(page) for at in struct.unpack_from(f">{count}H", page, 8))


def _committed(wal: BinaryIO, size: int) -> dict[int, int]:
    """Where in the -wal the newest committed copy of each page stands."""
    head = wal.read(_WAL_HEADER)
    if len(head) < _WAL_HEADER or head[:3] != b"\x37\x7f\x06" or struct.unpack_from(">I", head, 8)[0] != size:
        return {}
    order = ">" if head[3] & 1 else "<"
    sums = _summed(head[:24], (0, 0), order)
    found: dict[int, int] = {}
    group: dict[int, int] = {}
    at = _WAL_HEADER
    while len(frame := wal.read(_FRAME_HEADER + size)) == _FRAME_HEADER + size:
        number, commit, salt_1, salt_2, sum_1, sum_2 = struct.unpack_from(">6I", frame)
        sums = _summed(frame[_FRAME_HEADER:], _summed(frame[:8], sums, order), order)
        if (salt_1, salt_2) != struct.unpack_from(">2I", head, 16) or sums != (sum_1, sum_2):
            break
        group[number] = at + _FRAME_HEADER
        if commit:
            found |= group
            group = {}
        at += len(frame)
    return found


def _summed(piece: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    """The running check sum over a piece of the -wal."""
    one, two = sums
    words = struct.unpack(f"{order}{len(piece) // 4}I", piece)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two

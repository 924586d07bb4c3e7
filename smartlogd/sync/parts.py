"""A file in parts, as an object store takes one that is large: which bytes each has, and what the whole is called then.

An object that came in parts has an ETag of its own kind: the MD5 of the parts' MD5s, a dash, and how many there are.
MD5 is what the protocol speaks; that the file is the one it should be is told by its SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

MOST_PARTS = 10_000
"""So many parts may an object have."""


@dataclass(frozen=True, slots=True)
class PartSize:
    """How large the next parts are: between `least` and `most` bytes, such that one takes about `aim_s`.

    On a quick line a file travels nearly whole; on one that breaks, little has to be sent twice.
    """

    bytes: int
    least: int
    most: int
    aim_s: float

    def after(self, sent: int, took_s: float) -> PartSize:
        """The size after `sent` bytes took so long: at most twice, at least half of what it was.

        >>> size = PartSize(32, 8, 64, 10.0)
        >>> size.after(32, 1.0).bytes, size.after(32, 12.8).bytes, size.after(32, 100.0).bytes, size.after(1, 0.1).bytes
        (64, 25, 16, 32)
        """
        if sent < self.least:
            return self
        is_quick = took_s * self.most <= sent * self.aim_s
        right = self.most if is_quick else round(sent * self.aim_s / took_s)
        return self._of(min(2 * self.bytes, max(self.bytes // 2, right)))

    def after_failure(self) -> PartSize:
        """The size after something broke off: the least."""
        return self._of(self.least)

    def _of(self, size: int) -> PartSize:
        return replace(self, bytes=min(self.most, max(self.least, size)))


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file: its number, from 1 on, and which bytes it has."""

    number: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Begun:
    """What was begun in parts earlier and not finished: its id there, and the parts that are there already.

    `parts` gives size and MD5 (hexadecimal) of each, by its number.
    """

    id: str
    parts: Mapping[int, tuple[int, str]]

    def has(self, part: Part, md5: str) -> bool:
        """Whether this very part is there: of that size, and with these bytes."""
        return self.parts.get(part.number) == (part.size, md5)

    @property
    def part_bytes(self) -> int | None:
        """How large its parts were to be; None where there is none to tell it by."""
        return self.parts[1][0] if 1 in self.parts else None


def parts_of(size: int, part_bytes: int) -> Iterator[Part]:
    """The parts of a file of so many bytes; larger ones where there would be too many of them.

    >>> [part.size for part in parts_of(25, 10)]
    [10, 10, 5]
    """
    each = max(part_bytes, -(-size // MOST_PARTS))
    for number, start in enumerate(range(0, size, each), 1):
        yield Part(number, start, min(each, size - start))


def etag_of(md5s: Sequence[str]) -> str:
    """The ETag of an object that came in parts with these MD5s (hexadecimal).

    >>> etag_of(["d41d8cd98f00b204e9800998ecf8427e"])
    '59adb24ef3cdbe0297f05b395827453f-1'
    """
    whole = hashlib.md5(b"".join(bytes.fromhex(md5) for md5 in md5s), usedforsecurity=False)
    return f"{whole.hexdigest()}-{len(md5s)}"

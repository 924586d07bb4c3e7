"""One file is carried into the object store: whole where it is small, else in parts, going on where it was left off.

What was sent is proved, not believed. While bytes are sent they are hashed on another thread. The ETag that the server
makes of what it got must be the one that our bytes have, part by part and for the whole; where its ETags are made in
some other way, the object is read back. And the file must be the one that was filed: its SHA-256 says so.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.time import monotonic_s
from smartlogd.sync.apart import apart
from smartlogd.sync.body import Piece
from smartlogd.sync.bucket_trouble import ObjectsAway, ObjectsTrouble
from smartlogd.sync.parts import Begun, PartSize, etag_of, parts_of
from smartlogd.sync.place import Place, type_of
from smartlogd.sync.s3 import About, Objects, Stored

Turn = Callable[[int], Awaitable[None]]
"""Waits until a part may be sent; it is told how many bytes of the file are there already."""

_MIB = 1024 * 1024
_BLOCK = _MIB
_MOST_BYTES = 256 * _MIB
_PART_S = 10.0
"""About so long one part takes: what a line that breaks costs at most."""
_WHOLE_PARTS = 2
"""A file of so many parts still travels whole."""


class Damaged(DiskTrouble):
    """The file is not there, or is not the one that was filed."""


@dataclass(frozen=True, slots=True)
class Cargo:
    """A file to be carried: where it lies, what it must be, and where it goes."""

    file: Path
    bytes: int
    sha256: str
    place: Place

    @property
    def about(self) -> About:
        """What is said of it."""
        return About(type_of(self.place.key), self.sha256)


class Carrier:
    """Carries one file after the other, in parts as large as the line bears."""

    def __init__(self, objects: Objects, part_mib: int) -> None:
        self._objects = objects
        least = part_mib * _MIB
        self._size = PartSize(min(4 * least, _MOST_BYTES), least, _MOST_BYTES, _PART_S)
        self.begun: set[Place] = set()
        """What was begun in parts and not finished, by this run or an earlier one, as far as it is known."""

    async def carry(self, cargo: Cargo, turn: Turn) -> int:
        """Carry it, unless it is there already; how many bytes were sent.

        Damaged where the file is not what it must be: then nothing of it is left in the object store. ObjectsTrouble
        where the object store does not take it: what was sent of it in parts is made use of the next time.
        """
        await apart(lambda: _check_size(cargo), name="recording")
        try:
            if cargo.place not in self.begun and cargo.bytes <= _WHOLE_PARTS * self._size.bytes:
                return await self._whole(cargo, turn)
            return await self._in_parts(cargo, turn)
        except ObjectsTrouble:
            self._size = self._size.after_failure()
            raise
        except Damaged:
            await self._objects.abandon(cargo.place)
            await self._objects.delete(cargo.place)
            self.begun.discard(cargo.place)
            raise

    async def _whole(self, cargo: Cargo, turn: Turn) -> int:
        await turn(0)
        piece, whole = Piece(cargo.file, 0, cargo.bytes), hashlib.sha256()
        etag, md5 = await self._sent(self._objects.put(cargo.place, piece, cargo.about), piece, whole)
        _check(cargo, whole)
        await self._prove(cargo, is_proved=etag == md5)
        return cargo.bytes

    async def _in_parts(self, cargo: Cargo, turn: Turn) -> int:
        if _is_it(cargo, await self._objects.stat(cargo.place)):
            self.begun.discard(cargo.place)
            return 0  # it was finished, and we never heard of it
        upload, whole = await self._begun(cargo), hashlib.sha256()
        sent, etags, md5s = 0, [], []
        for part in parts_of(cargo.bytes, upload.part_bytes or self._size.bytes):
            piece = Piece(cargo.file, part.start, part.size)
            if part.number in upload.parts and upload.has(part, await _hashed(piece, hashlib.sha256())):
                etag = md5 = await _hashed(piece, whole)
            else:
                await turn(part.start)
                sending = self._objects.part(cargo.place, upload, part.number, piece)
                etag, md5 = await self._sent(sending, piece, whole)
                sent += part.size
            etags.append(etag)
            md5s.append(md5)
        _check(cargo, whole)
        etag = await self._objects.finish(cargo.place, upload, etags)
        self.begun.discard(cargo.place)
        await self._prove(cargo, is_proved=etags == md5s and etag == etag_of(md5s))
        return sent

    async def _begun(self, cargo: Cargo) -> Begun:
        """What was begun of it, or a new beginning; where there are several, none of them is trusted."""
        found = await self._objects.begun(cargo.place) if cargo.place in self.begun else ()
        self.begun.add(cargo.place)
        if len(found) > 1:
            await self._objects.abandon(cargo.place)
        return found[0] if len(found) == 1 else await self._objects.begin(cargo.place, cargo.about)

    async def _sent(self, sending: Coroutine[None, None, str], piece: Piece, whole: hashlib._Hash) -> tuple[str, str]:
        """Send and hash at once; the ETag that the server made of it, and the MD5 that we did."""
        began_s = monotonic_s()
        etag, md5 = await asyncio.gather(sending, _hashed(piece, whole), return_exceptions=True)
        for outcome in (md5, etag):  # a file that cannot be read is the reason why it could not be sent either
            if isinstance(outcome, BaseException):
                raise outcome
        self._size = self._size.after(piece.size, monotonic_s() - began_s)
        return str(etag), str(md5)

    async def _prove(self, cargo: Cargo, *, is_proved: bool) -> None:
        """Make sure that what is there has its hash; else it is taken away again, and ObjectsAway."""
        if is_proved:
            return
        whole = hashlib.sha256()
        await self._objects.read(cargo.place, whole.update)
        if whole.hexdigest() != cargo.sha256:
            await self._objects.delete(cargo.place)
            raise ObjectsAway("The object store holds other bytes than it was sent.", "It is sent again.")


def _is_it(cargo: Cargo, stored: Stored | None) -> bool:
    return stored is not None and (stored.sha256, stored.bytes) == (cargo.sha256, cargo.bytes)


def _check_size(cargo: Cargo) -> None:
    """Damaged where the file has another size than it must have."""
    with _readable(cargo.file):
        size = cargo.file.stat().st_size
    if size != cargo.bytes:
        raise Damaged(f"{cargo.file.name} has {size} bytes, and not {cargo.bytes}.")


def _check(cargo: Cargo, whole: hashlib._Hash) -> None:
    if whole.hexdigest() != cargo.sha256:
        raise Damaged(f"{cargo.file.name} is another file than was filed: its hash differs.")


async def _hashed(piece: Piece, whole: hashlib._Hash) -> str:
    """The MD5 of a piece, hexadecimal; its bytes are added to the hash of the whole."""
    return await apart(lambda: _hash(piece, whole), name="recording")


def _hash(piece: Piece, whole: hashlib._Hash) -> str:
    md5, left = hashlib.md5(usedforsecurity=False), piece.size
    with _readable(piece.file), piece.file.open("rb", buffering=0) as file:
        file.seek(piece.start)
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            md5.update(block)
            whole.update(block)
            left -= len(block)
    if left:
        raise Damaged(f"{piece.file.name} became shorter while it was read.")
    return md5.hexdigest()


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Let the system's complaint about a file be told as ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise Damaged(f"{file.name} is not there any more.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DiskTrouble(f"{file.name} cannot be read: {reason}.", "Check the disk.") from error

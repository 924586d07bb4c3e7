"""An image of Raspberry Pi OS: unpacked into a copy, verified by reading back, its boot partition found."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from flashing.refusal import CANNOT_CREATE, DISK, MISSING, PERMISSION, UNUSABLE_INPUT, Refused, reason

CHUNK = 4 * 1024 * 1024
SECTOR = 512
FAT_TYPES = frozenset({0x06, 0x0B, 0x0C, 0x0E})
LARGEST = 64 * 1024**3

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many bytes are done, and how many there are (0: not known)."""

_BROKEN = (lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError)


@dataclass(frozen=True)
class Copied:
    """A copy of an image: how long it is, and the SHA-256 of all of it."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Partition:
    """A place in the image, in bytes."""

    start: int
    size: int


def copied(image: Path, output: Path, progress: Progress) -> Copied:
    """Unpack `image` into the new file `output`, 0600, with holes where it is empty, and read it back.

    The image itself is only read. Nothing is left of an output that did not come out whole.
    """
    with _opened(image) as source, _made(output) as target:
        written = _unpacked(image, source, target, progress)
        if _read_back(output, written.size, progress) != written.sha256:
            raise Refused(DISK, f"{output} reads back otherwise than it was written.", "Try another disk.")
        return written


def boot_partition(image: Path) -> Partition:
    """The first FAT partition in the image's table; Refused where there is none."""
    with image.open("rb") as file:
        table = file.read(SECTOR)
        size = file.seek(0, os.SEEK_END)
    if len(table) < SECTOR or table[510:512] != b"\x55\xaa":
        raise Refused(UNUSABLE_INPUT, f"{image.name} has no partition table: it is no image of a card.")
    for number in range(4):
        _, kind, first, count = struct.unpack_from("<B3xB3xII", table, 446 + 16 * number)
        partition = Partition(first * SECTOR, count * SECTOR)
        if kind in FAT_TYPES and partition.start > 0 and partition.start + partition.size <= size:
            return partition
    hint = "Take the image that raspberrypi.com offers, whole."
    raise Refused(UNUSABLE_INPUT, f"{image.name} has no boot partition: none of its partitions is FAT.", hint)


def sha256_of(path: Path, size: int, progress: Progress, doing: str) -> str:
    """The SHA-256 of the first `size` bytes, asked of the disk itself where the system allows it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        done = 0
        while done < size and (chunk := file.read(min(CHUNK, size - done))):
            digest.update(chunk)
            done += len(chunk)
            progress(doing, done, size)
    return digest.hexdigest()


@contextmanager
def _opened(image: Path) -> Iterator[IO[bytes]]:
    """The image's bytes, whatever it is packed in; what it is packed in is told by how it begins."""
    try:
        file = image.open("rb")
    except FileNotFoundError as error:
        raise Refused(MISSING, f"There is no image {image}.", "Name the file that you downloaded.") from error
    except OSError as error:
        raise Refused(PERMISSION, f"{image} cannot be read: {reason(error)}.") from error
    with file:
        begins = file.read(6)
        file.seek(0)
        if begins.startswith(b"\xfd7zXZ\x00"):
            with lzma.open(file) as inner:
                yield inner
        elif begins.startswith(b"\x1f\x8b"):
            with gzip.open(file) as inner:
                yield cast("IO[bytes]", inner)
        elif begins.startswith(b"PK\x03\x04"):
            with _zipped(image, file) as inner:
                yield inner
        else:
            yield file


@contextmanager
def _zipped(image: Path, file: IO[bytes]) -> Iterator[IO[bytes]]:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise Refused(UNUSABLE_INPUT, f"{image.name} is a broken archive.", "Download it again.") from error
    with archive:
        inside = [member for member in archive.infolist() if member.filename.endswith(".img")]
        if len(inside) != 1:
            raise Refused(UNUSABLE_INPUT, f"{image.name} holds {len(inside)} images, where one is wanted.")
        with archive.open(inside[0]) as inner:
            yield inner


@contextmanager
def _made(output: Path) -> Iterator[IO[bytes]]:
    """A new file for the copy, for its owner alone: it will hold secrets."""
    try:
        descriptor = os.open(output, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    except FileExistsError as error:
        hint = "Delete it, or name another: --output FILE."
        raise Refused(CANNOT_CREATE, f"{output} is there already.", hint) from error
    except OSError as error:
        raise Refused(CANNOT_CREATE, f"{output} cannot be made: {reason(error)}.") from error
    with os.fdopen(descriptor, "wb") as file:
        try:
            yield file
        except BaseException:
            with suppress(OSError):
                output.unlink()
            raise


def _unpacked(image: Path, source: IO[bytes], target: IO[bytes], progress: Progress) -> Copied:
    total = image.stat().st_size if isinstance(source, io.BufferedReader) else 0
    digest, size = hashlib.sha256(), 0
    try:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            if chunk.count(0) == len(chunk):
                target.seek(len(chunk), os.SEEK_CUR)
            else:
                target.write(chunk)
            size += len(chunk)
            if size > LARGEST:
                raise Refused(UNUSABLE_INPUT, f"{image.name} is larger than {LARGEST // 1024**3} GiB.")
            progress("copying", size, total)
        target.truncate(size)
        target.flush()
        os.fsync(target.fileno())
    except _BROKEN as error:
        hint = "Download it again, and compare its checksum."
        raise Refused(UNUSABLE_INPUT, f"{image.name} is broken: it cannot be unpacked.", hint) from error
    except OSError as error:
        raise Refused(DISK, f"The copy of {image.name} cannot be written: {reason(error)}.") from error
    return Copied(size, digest.hexdigest())


def _read_back(output: Path, size: int, progress: Progress) -> str:
    try:
        return sha256_of(output, size, progress, "verifying")
    except OSError as error:
        raise Refused(DISK, f"{output} cannot be read back: {reason(error)}.") from error

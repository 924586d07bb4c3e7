"""The device's one newest snapshot: a JPEG small enough for a message, in a file that is whole or not there."""

from __future__ import annotations

from pathlib import Path

from smartlogd.base import pixels as picture
from smartlogd.base.errors import UnusableInput
from smartlogd.base.files import place, private_bytes
from smartlogd.base.seen import Pixels
from smartlogd.record.place import trouble

NAME = "snapshot.jpg"
MOST_BYTES = 256 * 1024
"""What a broker takes as one message, and what a page of Home Assistant loads at once."""
_LONGEST_PX = 1920
"""Beyond this a person sees no more on a screen, and the encoder takes its time."""
_QUALITIES = (85, 70, 55, 40)
_STEP = 0.7
"""By how much the sides shrink when quality alone does not do; the bytes about halve."""
_BEGIN, _END = b"\xff\xd8\xff", b"\xff\xd9"


def jpeg(pixels: Pixels, most_bytes: int = MOST_BYTES) -> bytes:
    """The picture (uint8[h, w, 3] RGB) as a JPEG of at most `most_bytes`, whatever it shows.

    First its quality goes down, then its size. Raises UnusableInput where not even a few pixels have room.
    """
    shown = picture.scaled(pixels, _LONGEST_PX)
    for quality in _QUALITIES:
        encoded = picture.jpeg(shown, quality)
        if len(encoded) <= most_bytes:
            return encoded
    while (longest := max(shown.shape[:2])) > 1:
        shown = picture.scaled(shown, max(1, int(longest * _STEP)))
        encoded = picture.jpeg(shown, _QUALITIES[-1])
        if len(encoded) <= most_bytes:
            return encoded
    raise UnusableInput(f"No picture fits into {most_bytes} bytes.", "Allow some kilobytes.")


def placed(folder: Path, encoded: bytes) -> Path:
    """Put the snapshot into the state folder, 0600, in the place of the one before; gives its path.

    On the disk when this returns. Raises DiskTrouble where it cannot be written; the one before stays then.
    """
    path = folder / NAME
    try:
        place(path, encoded)
    except OSError as error:
        raise trouble(path, error) from error
    return path


def newest(folder: Path) -> bytes | None:
    """The newest snapshot; None where there is none, and where the file is none of ours: too large, or no JPEG."""
    try:
        found = private_bytes(folder / NAME, MOST_BYTES + 1)
    except OSError:  # a link, a folder, or not ours to read
        return None
    if found is None:
        return None
    encoded, _ = found
    is_ours = len(encoded) <= MOST_BYTES and encoded.startswith(_BEGIN) and encoded.endswith(_END)
    return encoded if is_ours else None


def kept(path: Path, encoded: bytes) -> None:
    """Write a snapshot that has a name of its own, 0600; on the disk when this returns, or DiskTrouble."""
    try:
        place(path, encoded)
    except OSError as error:
        raise trouble(path, error) from error

"""Where a recording is in the object store: bucket and key. A key names a device and an event, and nobody.

    s3://clips/smartlog/door/2026/11/22/019a4c1e-....mp4          the recording
    s3://clips/smartlog/door/2026/11/22/019a4c1e-....preview.jpg  a still of it

The date is that of its beginning in UTC. Whoever lists the bucket learns when something was recorded where, not whom.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from smartlogd.base.known import EventId, Kept

LONGEST = 1024
"""Bytes of a key, and characters of a URI in the tables."""
_URI = re.compile(r"s3://([^/\x00-\x1f\x7f]+)/([^\x00-\x1f\x7f]+)")
_TYPES: Mapping[str, str] = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".avi": "video/x-msvideo",
    ".jpg": "image/jpeg",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket, and a key in it.

    >>> str(Place("clips", "smartlog/door/a.mp4"))
    's3://clips/smartlog/door/a.mp4'
    """

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @classmethod
    def of(cls, uri: str) -> Self | None:
        """The place that a URI names; None where it names none.

        >>> Place.of("s3://clips/a/b.mp4"), Place.of("https://clips/a")
        (Place(bucket='clips', key='a/b.mp4'), None)
        """
        found = _URI.fullmatch(uri) if len(uri) <= LONGEST else None
        return None if found is None else cls(found[1], found[2])

    @property
    def stem(self) -> str:
        """What the keys of the recording and of its still begin with.

        >>> Place("clips", "smartlog/door/2026/11/22/abc.mp4").stem
        'smartlog/door/2026/11/22/abc.'
        """
        folder, slash, name = self.key.rpartition("/")
        return f"{folder}{slash}{name.partition('.')[0]}."


def folder_of(prefix: str, device: str) -> str:
    """What all keys of one device begin with.

    >>> folder_of("smartlog", "door"), folder_of("", "door")
    ('smartlog/door/', 'door/')
    """
    return f"{prefix}/{device}/" if prefix else f"{device}/"


def key_of(folder: str, recording: Kept) -> str:
    """The key of a recording, in the folder of its device."""
    return f"{_stem(folder, recording)}{_suffix(recording.path)}"


def preview_key_of(folder: str, recording: Kept) -> str | None:
    """The key of its still; None where it has none."""
    return f"{_stem(folder, recording)}.preview{_suffix(recording.preview)}" if recording.preview else None


def recording_of(key: str) -> EventId | None:
    """Whose object it is: the id in its name; None for what is none of ours.

    >>> recording_of("smartlog/door/2026/11/22/019a4c1e-0000-7000-8000-000000000001.preview.jpg")
    UUID('019a4c1e-0000-7000-8000-000000000001')
    >>> recording_of("smartlog/door/holiday.jpg") is None
    True
    """
    name = key.rpartition("/")[2].partition(".")[0]
    try:
        found = UUID(name)
    except ValueError:
        return None
    return EventId(found) if str(found) == name else None


def type_of(key: str) -> str:
    """The media type of an object, by how its key ends.

    >>> type_of("a/b.mp4"), type_of("a/b.preview.jpg"), type_of("a/b")
    ('video/mp4', 'image/jpeg', 'application/octet-stream')
    """
    return _TYPES.get(_suffix(key), "application/octet-stream")


def _stem(folder: str, recording: Kept) -> str:
    day = recording.start.astimezone(dt.UTC).strftime("%Y/%m/%d")
    return f"{folder}{day}/{recording.id}"


def _suffix(path: str) -> str:
    """How a path ends, with the dot; nothing where it has none."""
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return f"{dot}{suffix}".lower() if dot else ""

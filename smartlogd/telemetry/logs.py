"""Log records as the journal of systemd keeps them: a message, and fields by which it can be searched.

The journal's native protocol is one datagram an entry (systemd.io, "Native Journal Protocol"; the fields are those of
systemd.journal-fields(7)). Entries are cut rather than sent by a file descriptor, and one that cannot be sent is
counted and left out: a log that is stuck must not hold up the daemon.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from smartlogd.base.time import monotonic_s

JOURNAL = Path("/run/systemd/journal/socket")
PRIORITIES: Mapping[int, int] = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}
"""Levels of logging as priorities of syslog(3)."""
MOST_VALUE, MOST_MESSAGE, MOST_FIELDS = 1024, 16 * 1024, 32
"""Bytes of a field's value and of the message with its traceback, and how many fields of our own: together the largest
entry has some 60 KiB, a third of what a datagram may have."""
MOST_NAME = 64
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OWN_NAMES = {"camera": "CAMERA", "event": "SMARTLOG_EVENT"}


def extras(record: logging.LogRecord) -> Mapping[str, object]:
    """The fields that a record was given with `extra`."""
    return {key: value for key, value in vars(record).items() if key not in _ORDINARY}


def sentence(record: logging.LogRecord) -> str:
    """What happened, and its fields: `camera lost source=/dev/video0 why="no frame"`."""
    fields = " ".join(f"{key}={_plain(value)}" for key, value in extras(record).items())
    return f"{record.getMessage()} {fields}".rstrip()


def event_key(template: str) -> str:
    """The word under which the journal is asked for a kind of line: its template without what is filled in.

    >>> event_key("camera lost"), event_key("part failed: %s"), event_key("%s did not close in time")
    ('camera_lost', 'part_failed', 'did_not_close_in_time')
    """
    return "_".join(re.findall(r"[a-z0-9]+", re.sub(r"%\S+", "", template).lower()))[:MOST_NAME]


def journald_handler(
    *, socket_path: Path = JOURNAL, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ
) -> logging.Handler | None:
    """Where records go when standard error is the journal, as $JOURNAL_STREAM says (systemd.exec(5)); None elsewhere.

    A terminal within a service, or a service whose output was turned into a file, is spoken to as a person is.
    """
    named = environ.get("JOURNAL_STREAM", "")
    try:
        found = os.fstat((stream or sys.stderr).fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return None
    return ToJournal(socket_path) if named == f"{found.st_dev}:{found.st_ino}" else None


class ToJournal(logging.Handler):
    """Sends each record to the journal as one entry; `lost` counts those that it did not take since the last one."""

    def __init__(self, path: Path = JOURNAL, *, identifier: str = "smartlogd") -> None:
        super().__init__()
        self._path, self._identifier = str(path), identifier
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self.lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; never waits and never raises."""
        try:
            entry = self._entry(record)
        except (TypeError, ValueError, KeyError):  # arguments that do not fit the message
            self.handleError(record)
            return
        try:
            self._line.sendto(entry, self._path)
            self.lost = 0
        except OSError:  # the journal is away, or stuck; standard error would lead to it as well, and wait for it
            self.lost += 1

    def close(self) -> None:
        """Hang up."""
        self._line.close()
        super().close()

    def _entry(self, record: logging.LogRecord) -> bytes:
        return b"".join(_encoded(name, value) for name, value in self._fields(record))

    def _fields(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        room = record.name.rpartition(".")[2]
        given = dict(list(extras(record).items())[:MOST_FIELDS])
        trace = f"\n{logging.Formatter().formatException(record.exc_info)}" if record.exc_info else ""
        yield "MESSAGE", f"{room}: {sentence(record)}{trace}"
        yield "PRIORITY", str(PRIORITIES.get(record.levelno, 5))
        yield "SYSLOG_IDENTIFIER", self._identifier
        yield "CODE_FILE", record.pathname
        yield "CODE_LINE", str(record.lineno)
        yield "CODE_FUNC", record.funcName or ""
        yield "SMARTLOG_ROOM", room
        if "event" not in given:
            # A template that is nothing but a place to fill in says no more than what was filled in, up to its details.
            yield "SMARTLOG_EVENT", event_key(str(record.msg)) or event_key(record.getMessage().partition(":")[0])
        if self.lost:
            yield "SMARTLOG_LOST", str(self.lost)
        for key, value in given.items():
            yield _OWN_NAMES.get(key) or _field_name(key), str(value)


def _field_name(key: str) -> str:
    """A name that the journal takes: capital letters, digits and underscores, at most 64 of them.

    >>> _field_name("took_s"), _field_name("höhe in px")
    ('SMARTLOG_TOOK_S', 'SMARTLOG_H_HE_IN_PX')
    """
    return f"SMARTLOG_{re.sub('[^A-Z0-9_]', '_', key.upper())}"[:MOST_NAME]


def _encoded(name: str, value: str) -> bytes:
    """One field: `NAME=value`, or with its length before it where the value has line breaks."""
    raw = value.encode(errors="replace")
    most = MOST_MESSAGE if name == "MESSAGE" else MOST_VALUE
    if len(raw) > most:
        # Cut between two letters, not within one.
        raw = raw[:most].decode(errors="ignore").encode() + b" ..."
    if b"\n" not in raw:
        return name.encode() + b"=" + raw + b"\n"
    return name.encode() + b"\n" + struct.pack("<Q", len(raw)) + raw + b"\n"


def _template(record: logging.LogRecord) -> str:
    """What lines of one kind have in common: the template, with what is filled in where it says nothing itself."""
    template = str(record.msg)
    return template if event_key(template) or not record.args else str(record.args)


def _plain(value: object) -> str:
    text = str(value)
    return json.dumps(text) if " " in text or not text else text


@dataclass(slots=True)
class _Repeated:
    """One kind of line: since when it is counted, and how often it came."""

    since_s: float
    came: int = 0


class Sparing(logging.Filter):
    """Lets a line that repeats (the same logger and template) through at most so many times in a span.

    The next record of any kind that comes after the span says how many were left out, in its field `left_out`. A card
    that is written to a thousand times a minute does not live long, and nobody reads such a log. A record that was
    given an `event` tells of something that happened before the camera: two of them are never the same.
    """

    def __init__(
        self,
        most: int = 10,
        span_s: float = 60.0,
        *,
        most_kinds: int = 256,
        clock_s: Callable[[], float] = monotonic_s,
    ) -> None:
        super().__init__()
        self._most, self._span_s, self._most_kinds, self._clock_s = most, span_s, most_kinds, clock_s
        self._kinds: dict[tuple[str, str], _Repeated] = {}
        self._counting = threading.Lock()  # a handler asks its filters before it takes its own lock

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may pass."""
        if hasattr(record, "event"):
            return True
        with self._counting:
            now_s = self._clock_s()
            left_out = self._over(now_s)
            came = self._came((record.name, _template(record)), now_s)
        if left_out:
            record.left_out = left_out
        return bool(left_out) or came <= self._most

    def _over(self, now_s: float) -> str:
        """Forget the kinds whose span is over; in words what of them was left out."""
        ended = [kind for kind, each in self._kinds.items() if now_s - each.since_s >= self._span_s]
        gone = [(kind[1], self._kinds.pop(kind).came - self._most) for kind in ended]
        return ", ".join(f"{left_out} x {template}" for template, left_out in gone if left_out > 0)

    def _came(self, kind: tuple[str, str], now_s: float) -> int:
        """How often this kind of line has come in its span, this time included; the oldest kind makes room."""
        if kind not in self._kinds and len(self._kinds) >= self._most_kinds:
            del self._kinds[next(iter(self._kinds))]
        repeated = self._kinds.setdefault(kind, _Repeated(now_s))
        repeated.came += 1
        return repeated.came

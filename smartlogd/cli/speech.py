"""How the program speaks: log records on standard error, events and a live last line on standard output."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from smartlogd.telemetry.logs import Sparing, journald_handler, sentence

if TYPE_CHECKING:
    from smartlogd.base.known import Event, Json

_CLEAR = "\r\x1b[K"
_WORDS = {"I": "in", "O": "out"}


class Screen:
    """Standard output: lines that stay, and below them, on a terminal, one that is written over."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self.is_live = self._out.isatty()
        self._last = ""

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._write(f"{_CLEAR if self._last else ''}{text}\n{self._last}")

    def show(self, text: str) -> None:
        """Write over the last line on a terminal; elsewhere print it as any other."""
        if not self.is_live:
            self._write(f"{text}\n")
            return
        # A line wider than the terminal would wrap, and only its end be written over.
        self._last = text[: shutil.get_terminal_size().columns - 1]
        self._write(f"{_CLEAR}{self._last}")

    def clear(self) -> None:
        """Take the live line away."""
        if self._last:
            self._last = ""
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            # Who read along has gone; the log itself goes on. Writing to nowhere from here on keeps it so.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())


class Readable(logging.Formatter):
    """`12:03:44 warning capture: camera lost source=/dev/video0`."""

    def __init__(self) -> None:
        super().__init__(datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """One line: local time, level, room, what happened, and its fields."""
        room = record.name.rpartition(".")[2]
        when = self.formatTime(record, self.datefmt)
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{when} {record.levelname.lower()} {room}: {sentence(record)}{trace}"


class _Through(logging.Handler):
    """Writes records to standard error, and keeps the live line of the same terminal below them."""

    def __init__(self, screen: Screen | None) -> None:
        super().__init__()
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        text = self.format(record)
        with contextlib.suppress(BrokenPipeError):  # nobody reads any more, and there is nowhere else to say it
            self._say(text)

    def _say(self, text: str) -> None:
        if self._screen and self._screen.is_live and sys.stderr.isatty():
            self._screen.say(text)
        else:
            print(text, file=sys.stderr, flush=True)


def log_to_stderr(level: str, screen: Screen | None = None) -> None:
    """Let every room's records of at least this level be read on standard error."""
    _let_through(level, _on_stderr(screen))


def log_as_daemon(level: str, screen: Screen | None = None) -> None:
    """Let them go to the journal where systemd reads standard error, else be read there as ever; repeats are spared."""
    handler = journald_handler() or _on_stderr(screen)
    handler.addFilter(Sparing())
    _let_through(level, handler)


def _on_stderr(screen: Screen | None) -> logging.Handler:
    handler = _Through(screen)
    handler.setFormatter(Readable())
    return handler


def _let_through(level: str, handler: logging.Handler) -> None:
    logger = logging.getLogger("smartlogd")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


def event_line(event: Event, who: str | None = None) -> str:
    """An event as a person reads it, with its local time, and the name of whom it happened to, where that is known.

    A crossing: `12:03:44  door: in        track 3`; anything else by its own word: `12:03:40  person entered  track 3`.
    """
    at = event.stamp.utc.astimezone().strftime("%H:%M:%S")
    track = f"track {event.data['track']}" if "track" in event.data else ""
    what = event.type.replace("_", " ")
    if event.type == "crossing":
        what = f"{event.data['line']}: {_WORDS[str(event.data['action'])]}"
    return f"{at}  {what:<14}  {track}  {who or ''}".rstrip()


def event_json(event: Event, who: str | None = None) -> str:
    """An event as one JSON object on one line."""
    subject = str(event.subject) if event.subject else None
    fields: Mapping[str, Json] = {
        "type": event.type,
        "ts": event.stamp.utc.isoformat(timespec="milliseconds"),
        "event_id": str(event.id),
        "device": event.device,
        "uuid": subject,
        "person": str(event.person) if event.person else None,
        "who": who,
        **event.data,
    }
    return json.dumps(fields)


def event_fields(event: Event) -> Mapping[str, object]:
    """An event as the fields of a record in the journal; without a name, which `smartlogd log` tells whoever may know.

    SMARTLOG_EVENT=crossing, SMARTLOG_LINE=door, SMARTLOG_ACTION=I, SMARTLOG_EVENT_ID=...
    """
    known = {key: event.data[key] for key in ("line", "action", "track") if key in event.data}
    return {"event": event.type, "event_id": str(event.id), **known}


def status_line(state: Mapping[str, object]) -> str:
    """The daemon's state on one line: frame rate, people in view, passings, events, dropped frames, trouble."""
    camera, journal = branch(state, "camera"), branch(state, "journal")
    parts = [f"{state['fps']} fps", f"{state['people']} in view", *_counts(state)]
    if camera["status"] != "running":
        parts.append(f"camera {camera['status']}")
    if journal["word"] != "ok":
        parts.append(f"log: {journal['word']}, {journal['waiting']} waiting")
    return " | ".join(parts)


def farewell(state: Mapping[str, object]) -> str:
    """What was seen between start and stop."""
    return f"Stopped after {state['frames']} frames: {', '.join(_counts(state))}."


def branch(state: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A table within the state, empty when it is none."""
    found = state.get(key)
    return found if isinstance(found, Mapping) else {}


def passed(state: Mapping[str, object]) -> Mapping[str, str]:
    """How often each line was passed, in words: {"door": "3 in, 2 out"}."""
    lines = branch(state, "lines")
    return {name: f"{branch(lines, name).get('I')} in, {branch(lines, name).get('O')} out" for name in lines}


def _counts(state: Mapping[str, object]) -> list[str]:
    crossings = [f"{name} {words.replace(',', '')}" for name, words in passed(state).items()]
    events = "1 event" if state["events"] == 1 else f"{state['events']} events"
    return [*crossings, events, f"{state['dropped']} dropped"]

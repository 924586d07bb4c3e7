"""What a replay says: crossings as they happen, then what the clip came to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import typer

from smartlogd.base.known import Event, Json, PersonId

if TYPE_CHECKING:
    from smartlogd.base.seen import Frame
    from smartlogd.cli.footage import Account
    from smartlogd.movement.scene import Scene
    from smartlogd.store.whom import Called

_WAYS = {"I": "in", "O": "out"}
_SOUNDS = frozenset(("bark", "howl", "whine", "speech", "alarm", "glass"))


class Teller:
    """Prints a replay on standard output; every line follows from the footage, so that all runs print the same.

    `with_events` also tells of events that are no crossings; `names_files` says in each JSON object
    which file it is about, as is needed when there are several.
    """

    def __init__(
        self,
        *,
        as_json: bool,
        with_events: bool,
        names_files: bool,
        people: Mapping[PersonId, Called] = MappingProxyType({}),
    ) -> None:
        self._people = people
        self._as_json = as_json
        self._with_events = with_events
        self._names_files = names_files
        self._path = Path()

    def begin(self, path: Path) -> None:
        """From here on it is about `path`."""
        self._path = path
        if not self._as_json:
            typer.echo(path.name.encode(errors="replace").decode())  # a name need not be UTF-8

    def watch(self, _frame: Frame, _scene: Scene, events: tuple[Event, ...]) -> None:
        """Tell of what happened; the pipeline calls this for each frame."""
        self.listen(events)

    def listen(self, events: tuple[Event, ...]) -> None:
        """Tell of what happened; the pipeline calls this when the last frame is through."""
        for event in events:
            if event.type == "crossing" or event.type in _SOUNDS or self._with_events:
                typer.echo(json.dumps(self._object(event)) if self._as_json else event_line(event, self._who(event)))

    def over(self, event: Event) -> None:
        """Tell when something that took time was over; the pipeline calls this."""
        if self._with_events:
            typer.echo(json.dumps(self._end_object(event)) if self._as_json else end_line(event, self._who(event)))

    def _who(self, event: Event) -> str:
        """The name, where the person is known."""
        called = self._people.get(event.person) if event.person else None
        return called.name if called else ""

    def end(self, account: Account) -> None:
        """Tell what the clip came to."""
        typer.echo(json.dumps(self._summary(account)) if self._as_json else table(account))

    def _object(self, event: Event) -> dict[str, Json]:
        """One event as programs read it; `user_id`, `person` and `who` are null of someone who is not known."""
        if event.type in _SOUNDS:
            return {"type": event.type, **self._file(), "t": seconds(event), "until": _until(event), **event.data}
        called = self._people.get(event.person) if event.person else None
        crossing = event.type == "crossing"
        return {
            "type": event.type,
            **self._file(),
            **({"line": event.data["line"], "action": event.data["action"]} if crossing else {}),
            "t": seconds(event),
            **({} if crossing else {"until": _until(event), **_more(event)}),
            "track": event.data.get("track"),
            "user_id": called.id if called else None,
            "uuid": str(event.subject) if event.subject else None,
            "confidence": event.data.get("confidence"),
            "person": str(event.person) if event.person else None,
            "who": called.name if called else None,
        }

    def _end_object(self, event: Event) -> dict[str, Json]:
        """The end of what took time: `what` began at `t` and was over at `until`, seconds."""
        return {
            "type": "end",
            **self._file(),
            "what": event.type,
            "t": seconds(event),
            "until": _until(event),
            "track": event.data.get("track"),
            "uuid": str(event.subject) if event.subject else None,
        }

    def _summary(self, account: Account) -> dict[str, Json]:
        return {
            "type": "summary",
            **self._file(),
            "frames": account.frames,
            "seconds": round(account.seconds, 3),
            "fps": round(account.fps, 3),
            "tracks": account.tracks,
            "crossings": {count.line: {"I": count.ins, "O": count.outs} for count in account.counts()},
            "dropped": account.dropped,
        }

    def _file(self) -> dict[str, Json]:
        return {"file": str(self._path)} if self._names_files else {}


def seconds(event: Event) -> float:
    """When an event of a replay happened: seconds since the file's first frame, to the millisecond."""
    return round(event.stamp.mono_ns / 1e9, 3)


def _until(event: Event) -> float | None:
    """When it was over, as `seconds` has it; null while it lasts, and of what takes no time."""
    return None if event.ended is None else round(event.ended.mono_ns / 1e9, 3)


def _more(event: Event) -> dict[str, Json]:
    """What else is known of it: the zone, that it was a fall, how a fetch went."""
    return {key: value for key, value in event.data.items() if key not in {"track", "confidence"}}


def event_line(event: Event, who: str = "") -> str:
    """One event as a person reads it: `    3.35 s  door  in   track 1  Ada`, `    4.10 s  bark  3 in 2.4 s`."""
    at = f"{event.stamp.mono_ns / 1e9:8.2f} s"
    if event.type in _SOUNDS:
        return f"{at}  {event.type}  {event.data['count']} in {(event.ended or event.stamp).since(event.stamp):.1f} s"
    whom = f"track {event.data['track']}" + (f"  {who}" if who else "")
    if event.type == "crossing":
        return f"{at}  {event.data['line']}  {_WAYS[str(event.data['action'])]:<3}  {whom}"
    said = [_said(key, value) for key, value in _more(event).items()]
    if event.ended is not None:
        said.append(f"{event.ended.since(event.stamp):.1f} s")
    return "  ".join([f"{at}  {_words(event.type)}  {whom}", *said])


def end_line(event: Event, who: str = "") -> str:
    """The end of one event as a person reads it: `   12.10 s  end of sit  track 1  Ada  8.7 s`."""
    ended = event.ended or event.stamp
    whom = f"track {event.data['track']}" + (f"  {who}" if who else "")
    return f"{ended.mono_ns / 1e9:8.2f} s  end of {_words(event.type)}  {whom}  {ended.since(event.stamp):.1f} s"


def _said(key: str, value: Json) -> str:
    """One thing more that is known: `fell`, `no success`, `zone sofa`."""
    if isinstance(value, bool):
        return key if value else f"no {key}"
    return f"{key} {value}"


def _words(type_: str) -> str:
    return type_.replace("_", " ")


def table(account: Account) -> str:
    """What a clip came to, and under it one row a line."""
    rows = [("line", "in", "out"), *((one.line, str(one.ins), str(one.outs)) for one in account.counts())]
    wide = max(len(row[0]) for row in rows)
    people = f"{account.tracks} track{'' if account.tracks == 1 else 's'}"
    said = f"{account.frames} frames, {account.seconds:.1f} s at {account.fps:.1f} fps, {people}"
    return "\n".join([said, *(f"  {name:<{wide}}  {ins:>5}  {outs:>5}" for name, ins, outs in rows)])


def pace(frames: int, seconds_: float, took_s: float) -> str:
    """How quickly a clip was played.

    >>> pace(1234, 41.1, 9.8)
    '1,234 frames in 9.8 s, 125.9 fps, 4.2 x real time'
    """
    if took_s <= 0:
        return f"{frames:,} frames in no time"
    return f"{frames:,} frames in {took_s:.1f} s, {frames / took_s:.1f} fps, {seconds_ / took_s:.1f} x real time"

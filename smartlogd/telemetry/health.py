"""What is told of this device: the heartbeat, one event, an answer, and one line for systemd.

Every text is cut and every number finite, so that no message is larger than a broker should carry, whatever the
parts of the daemon say of themselves. Nothing of a face is ever in it: what an event's data holds is not passed on,
but for the few words named here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from smartlogd.base.health import Heartbeat, LastCrossing, LineToday, Told
from smartlogd.base.known import Json
from smartlogd.base.time import Stamp
from smartlogd.telemetry.plain import (
    amount,
    count,
    counted,
    cut,
    first,
    iso,
    measure,
    name,
    plain,
    sentence,
    share,
    word,
)
from smartlogd.telemetry.topics import Kind, Thing

MOST_BYTES = 256 * 1024
"""The largest message that is sent."""
LATE_S = 60.0
"""An event older than this is told as late: the log hears of it, nobody should be startled by it."""
LONGEST_STATUS = 200

VERSION = 1
"""Of the heartbeat's form, docs/heartbeat.schema.json."""

KINDS: Mapping[str, Kind] = {
    "crossing": "crossing",
    "face_seen": "face",
    **dict.fromkeys(("bark", "howl", "whine", "speech", "alarm", "glass"), "sound"),
    **dict.fromkeys(("person_entered", "dog_detected", "sit", "stand", "lie"), "behaviour"),
    **dict.fromkeys(("approach", "fetch_return", "drinking", "eating", "playing"), "behaviour"),
}
"""Which event types are told, and as what. The others are of the device, and the heartbeat shows them."""

_WAYS = {"I": "in", "O": "out"}
"""Which way a line was passed, as the log writes it and as it is told."""
_MOST_LINES = 64
_MOST_TROUBLES = 16
_MOST_MODELS = 32


def encoded(message: Mapping[str, Json]) -> bytes:
    """A message as the bytes that are sent."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def rendered(beat: Heartbeat, *, names: bool) -> Mapping[str, Json]:
    """The heartbeat as docs/heartbeat.schema.json describes it; without `names`, nobody's name is in it."""
    return {**_daemon(beat), **_seen(beat, names=names), **_kept(beat), **_machine(beat)}


def line_state(line: LineToday) -> Mapping[str, Json]:
    """How a line stands, for its own retained topic."""
    return {"in": count(line.entered), "out": count(line.left), "counting": line.is_counting}


def pause_state(beat: Heartbeat) -> str:
    """Whether the camera is closed for privacy, for the retained topic of `pause`."""
    return "ON" if beat.camera_status == "paused" else "OFF"


def status_line(beat: Heartbeat, broker: str = "") -> str:
    """How the device fares, in one line for `systemctl status`; `broker` is how the connection to it stands.

    `running: camera running 9.8 fps, 2 in view, in 12 out 9 today, centre on, mqtt online`
    """
    parts = [
        f"camera {beat.camera_status} {amount(beat.fps, 1) or 0.0:.1f} fps",
        f"{count(beat.people)} in view",
        f"in {count(beat.entered)} out {count(beat.left)} today",
        *_remarks(beat),
        *([f"mqtt {broker}"] if broker else []),
    ]
    return cut(f"{beat.state}: {', '.join(parts)}", LONGEST_STATUS)


def told(event: Told, now: Stamp, *, names: bool) -> tuple[Kind, Mapping[str, Json]] | None:
    """The message that an event is, with its kind; None for one that is told to nobody.

    Without `names` it says that somebody came, and neither who nor whether it was the same one as before.
    """
    kind, way = KINDS.get(event.type), _WAYS.get(str(event.data.get("action")))
    if kind is None or (kind == "crossing" and way is None):
        return None
    message: dict[str, Json] = {
        "event_type": way if kind == "crossing" else event.type,
        "id": word(event.event_id),
        "type": event.type,
        "time": iso(event.at),
        "trusted": event.is_trusted,
        "late": (now.utc - event.at).total_seconds() > LATE_S,
        "subject": name(event.subject) if names else None,
        "person": name(event.person) if names else None,
    }
    return kind, {**message, **_particulars(kind, event)}


def answer(thing: Thing, at: Stamp, outcome: Mapping[str, object], *, is_done: bool = True) -> Mapping[str, Json]:
    """What is said on a thing's result topic: whether the command was obeyed, when, and what came of it.

    A refusal is `answer(thing, now, {"why": refusal.why}, is_done=False)`.
    """
    done: dict[str, Json] = {"command": thing.path, "ok": is_done, "at": iso(at.utc)}
    said = plain(outcome)
    whole = {**said, **done} if isinstance(said, Mapping) else done
    return whole if len(encoded(whole)) <= MOST_BYTES else {**done, "cut": True}


def _daemon(beat: Heartbeat) -> dict[str, Json]:
    return {
        "v": VERSION,
        "device": word(beat.device),
        "version": word(beat.version),
        "boot_id": word(beat.boot_id),
        "time": iso(beat.at.utc),
        "clock_trusted": beat.at.trusted,
        "uptime_s": amount(beat.uptime_s, 1) or 0.0,
        "state": word(beat.state),
        "rung": word(beat.rung),
        "models": {word(model): word(version) for model, version in first(beat.models.items(), _MOST_MODELS)},
        "troubles": [sentence(trouble) for trouble in first(beat.troubles, _MOST_TROUBLES)],
    }


def _seen(beat: Heartbeat, *, names: bool) -> dict[str, Json]:
    return {
        "camera": sentence(beat.camera),
        "camera_status": word(beat.camera_status),
        "fps": amount(beat.fps, 1) or 0.0,
        "pace": amount(beat.pace, 3) or 0.0,
        "inference_p50_ms": amount(beat.inference_p50_ms, 1),
        "inference_p95_ms": amount(beat.inference_p95_ms, 1),
        "frame_age_s": amount(beat.frame_age_s, 1),
        "frames": count(beat.frames),
        "dropped": count(beat.dropped),
        "people": count(beat.people),
        "in_today": count(beat.entered),
        "out_today": count(beat.left),
        "lines": {word(line.name): line_state(line) for line in first(beat.lines, _MOST_LINES)},
        "last_crossing": _last(beat.last_crossing, names=names),
    }


def _kept(beat: Heartbeat) -> dict[str, Json]:
    return {
        "journal": word(beat.journal),
        "events": count(beat.events),
        "centre": word(beat.waiting.word),
        "waiting_rows": counted(beat.waiting.rows),
        "oldest_waiting_s": amount(beat.waiting.oldest_s, 1),
        "dead_letters": counted(beat.waiting.dead_letters),
    }


def _machine(beat: Heartbeat) -> dict[str, Json]:
    body = beat.body
    return {
        "temperature_c": measure(body.temperature_c, 1),
        "throttled": [word(flag) for flag in first(body.throttled, _MOST_TROUBLES)],
        "disk_free_bytes": counted(body.disk_free_bytes),
        "disk_total_bytes": counted(body.disk_total_bytes),
        "memory_bytes": counted(body.memory_bytes),
        "written_bytes": counted(body.written_bytes),
        "written_bytes_day": counted(body.written_bytes_day),
    }


def _last(crossing: LastCrossing | None, *, names: bool) -> Json:
    if crossing is None or crossing.action not in _WAYS:
        return None
    return {
        "id": word(crossing.event_id),
        "line": word(crossing.line),
        "action": _WAYS[crossing.action],
        "time": iso(crossing.at),
        "person": name(crossing.person) if names else None,
    }


def _particulars(kind: Kind, event: Told) -> dict[str, Json]:
    """What is told of an event beyond that it happened: no more than this, whatever its data holds."""
    if kind == "face":
        return {}
    about: dict[str, Json] = {"confidence": share(event.data.get("confidence"))}
    if event.ended is not None:
        about["ended"] = iso(event.ended)
    if kind == "crossing":
        about["line"] = name(event.data.get("line"))
    if kind == "sound":
        times = event.data.get("count")
        about["count"] = counted(times if isinstance(times, int) else None)
    if kind == "behaviour":
        about |= {key: said for key in ("fell", "success") if isinstance(said := event.data.get(key), bool)}
        about |= {"zone": zone} if (zone := name(event.data.get("zone"))) else {}
    return about


def _remarks(beat: Heartbeat) -> Iterable[str]:
    """What is worth a word in the line for systemd: the centre, and whatever is not as it should be."""
    yield f"centre {beat.waiting.word}" + (f" ({count(beat.waiting.rows)} waiting)" if beat.waiting.rows else "")
    if beat.journal != "ok":
        yield f"log {beat.journal}"
    if beat.pace < 1:
        yield f"hot, {beat.pace:.0%} of the frames"
    if beat.rung:
        yield beat.rung
    if beat.troubles:
        yield "1 part does not run" if len(beat.troubles) == 1 else f"{len(beat.troubles)} parts do not run"

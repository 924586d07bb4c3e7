"""The daemon's state as one screen for a person. What a daemon does not say, for it still starts, is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from smartlogd.cli.phrases import broker, centre, disk, faces, happening, machine, number, printable, said, span
from smartlogd.cli.speech import branch, passed

Row = tuple[str, str]


def screen(state: Mapping[str, object]) -> str:
    """All of it, a row for each part, its name in front; nothing in it moves a cursor or rings a bell."""
    rows = list(rows_of(state))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{printable(name):<{width}}  {printable(text)}".rstrip() for name, text in rows)


def rows_of(state: Mapping[str, object]) -> Iterator[Row]:
    """Each part's name and how it fares."""
    yield from _daemon(state)
    yield from _seen(state)
    yield from _kept(state)
    yield from _sent(state)
    yield from _machine(state)
    yield from _troubles(state)
    yield from _newest(state)


def _daemon(state: Mapping[str, object]) -> Iterator[Row]:
    yield (
        "smartlogd",
        f"{said(state, 'version')} on {said(state, 'device')}, {said(state, 'state')}, pid {said(state, 'pid')}",
    )
    first_s = state.get("first_frame_s")
    first = "no frame yet" if first_s is None else f"first frame after {first_s} s"
    yield "up", f"{span(state.get('uptime_s'))}, {first}"


def _seen(state: Mapping[str, object]) -> Iterator[Row]:
    camera = branch(state, "camera")
    if camera.get("status") == "paused" or state.get("paused") is True:
        yield "camera", f"{camera.get('name') or '-'}, paused; open it again with: smartlogd resume"
    else:
        yield "camera", f"{camera.get('name') or '-'}, {said(camera, 'status')}, {said(state, 'fps')} fps"
    looks = f"models looked at {said(state, 'frames_scanned')}, {said(state, 'dropped')} dropped"
    yield "frames", f"{said(state, 'frames')}, {looks}"
    yield "models", f"profile {said(state, 'profile')}, {_inference(state)}"
    yield "in view", said(state, "people")
    yield "faces", faces(branch(state, "recognition"))
    yield from ((f"line {name}", words) for name, words in counted(state).items())


def _kept(state: Mapping[str, object]) -> Iterator[Row]:
    """Recordings and sounds, where the daemon says anything of them."""
    if "recordings" in state:
        recordings = branch(state, "recordings")
        yield "clips", clips(recordings)
        store = branch(recordings, "object_store")
        if store.get("word", "off") != "off":
            yield "object store", " ".join(filter(None, (said(store, "word"), str(store.get("detail") or ""))))
    heard = branch(state, "hearing")
    if heard.get("microphone"):
        yield "sound", f"{heard['microphone']}, {said(heard, 'status')}, {said(heard, 'bursts')} told"


def clips(recordings: Mapping[str, object]) -> str:
    """How filming fares.

    >>> clips({"on": True, "encoder": "libx264", "ring_s": 9.3, "clips": 2, "snapshots": 1, "lost": 0})
    '2 cut, 1 snapshot; the last 9 s are in memory'
    >>> clips({"on": False, "clips": 0, "snapshots": 0})
    'off, 0 snapshots'
    """
    shots = f"{said(recordings, 'snapshots')} snapshot{'' if recordings.get('snapshots') == 1 else 's'}"
    if not recordings.get("on"):
        return f"off, {shots}"
    lost = f", {said(recordings, 'lost')} lost" if recordings.get("lost") else ""
    span_s = number(recordings, "ring_s")
    ring = "" if span_s is None else f"; the last {span_s:.0f} s are in memory"
    return f"{said(recordings, 'clips')} cut, {shots}{lost}{ring}"


def _sent(state: Mapping[str, object]) -> Iterator[Row]:
    log = branch(state, "journal")
    yield "log", f"{said(log, 'word')}, {said(log, 'written')} written, {said(log, 'waiting')} waiting"
    yield "centre", centre(branch(state, "sync"))
    if "mqtt" in state:
        yield "mqtt", broker(branch(state, "mqtt"))
    if state.get("metrics"):
        yield "metrics", said(state, "metrics")


def _machine(state: Mapping[str, object]) -> Iterator[Row]:
    health = branch(state, "health")
    for name, words in (("disk", disk(health)), ("machine", machine(health))):
        if words:
            yield name, words
    pace = state.get("pace")
    if isinstance(pace, (int, float)) and pace < 1:
        yield "pace", f"{Fraction(pace).limit_denominator(16)} of the frames are used: the device is hot"
    if "clock_trusted" in state:
        yield (
            "clock",
            "set by a time server" if state["clock_trusted"] else "not set by a time server: times are a guess",
        )
    yield "folder", said(state, "state_dir")


def _troubles(state: Mapping[str, object]) -> Iterator[Row]:
    if state.get("rung"):
        yield "healing", said(state, "rung")
    yield from (("trouble", f"{part}: {what}") for part, what in branch(state, "troubles").items())


def _newest(state: Mapping[str, object]) -> Iterator[Row]:
    events = state.get("last_events")
    if not isinstance(events, Sequence) or isinstance(events, str):
        return
    for place, event in enumerate(one for one in events if isinstance(one, Mapping)):
        yield "" if place else "last", happening(event, is_clock_set=bool(state.get("clock_trusted", True)))


def counted(state: Mapping[str, object]) -> Mapping[str, str]:
    """How often each line was passed today; since the start, where the daemon does not say.

    >>> counted({"today": {"door": {"in": 3, "out": 2}}})
    {'door': '3 in, 2 out today'}
    >>> counted({"lines": {"door": {"I": 3, "O": 2}}})
    {'door': '3 in, 2 out since the start'}
    """
    today = branch(state, "today")
    if not today:
        return {name: f"{words} since the start" for name, words in passed(state).items()}
    ways = {name: branch(today, name) for name in today}
    return {name: f"{said(way, 'in')} in, {said(way, 'out')} out today" for name, way in ways.items()}


def _inference(state: Mapping[str, object]) -> str:
    """How long the models take: half of the looks, and nearly all of them."""
    half, most = (number(branch(state, "inference_ms"), key) for key in ("p50", "p95"))
    if half is None:
        return f"{said(state, 'model_ms')} ms a look"
    return f"{half:.1f} ms a look" + ("" if most is None else f", 95 of 100 within {most:.1f} ms")

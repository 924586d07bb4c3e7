"""`smartlogd look`: one picture with a grid, the lines and what is detected, to place a line by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import CameraLost, Missing, UnusableInput
from smartlogd.base.known import CrossingLine, Json, Zone
from smartlogd.cli.options import AsJson, Config, Profile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from smartlogd.base.seen import Detection, Frame
    from smartlogd.settings import Settings

SETTLE_S = 1.0
"""A live camera's first pictures are dark or green until its exposure and white balance have settled."""
PATIENCE_S = 5.0
"""How much longer than its own patience with the camera a look waits for the first frame."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look saw: the frame, where it came from, and what the models found (None without models)."""

    source: str
    frame: Frame
    detections: tuple[Detection, ...] | None


def look(
    out: Annotated[Path, typer.Option(metavar="FILE.png", help="Where the picture goes.")] = Path("look.png"),
    source: Annotated[
        str | None, typer.Option(help="Camera or file, as in [capture]; the configured one unless given.")
    ] = None,
    profile: Profile = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Take one picture to place a line by.

    It shows a grid of fractions, the lines with their inside arrows, the zones, and what is detected.
    """
    import asyncio

    from smartlogd.cli.speech import log_to_stderr
    from smartlogd.record.place import write_whole
    from smartlogd.settings import read_settings

    given = {"capture.source": source, "detect.profile": profile}
    settings = read_settings(config, {key: value for key, value in given.items() if value is not None})
    log_to_stderr("warning")
    settle_s = 0.0 if Path(settings.capture.source).is_file() else SETTLE_S
    sight = asyncio.run(_seen(settings, settle_s))
    lines, zones = settings.movement.crossing_lines(), settings.movement.watched_zones()
    write_whole(out, _drawn(sight, lines, zones))
    typer.echo(json.dumps(_as_json(sight, lines, zones, out)) if as_json else _as_text(sight, lines, zones, out))


async def _seen(settings: Settings, settle_s: float) -> Sight:
    """One settled frame, and what the models find in it; where they are missing, it is said and the picture comes."""
    import asyncio

    from smartlogd import wiring
    from smartlogd.base.time import SystemClock

    camera = wiring.camera(settings, SystemClock())
    try:
        async with asyncio.timeout(settings.capture.open_s + PATIENCE_S):
            frame = await _settled(camera.frames(), settle_s)
    except TimeoutError as error:
        raise CameraLost(f"{camera.name} gives no picture.", "Is another program, or the daemon, using it?") from error
    finally:
        await camera.close()
    return Sight(camera.name, frame, await _found(settings, frame))


async def _settled(frames: AsyncIterator[Frame], span_s: float) -> Frame:
    """The first frame that comes `span_s` after the first one, or the last one where they end earlier."""
    newest = first = None
    async for frame in frames:
        newest, first = frame, first or frame
        if frame.stamp.since(first.stamp) >= span_s:
            break
    if newest is None:
        raise UnusableInput("The camera ended without a picture.", "Try another one with --source.")
    return newest


async def _found(settings: Settings, frame: Frame) -> tuple[Detection, ...] | None:
    """What the profile's models find; None, and a word about it, where they are not on this device."""
    from smartlogd import wiring

    try:
        detector = wiring.detector(settings)
    except Missing as missing:
        typer.echo(f"Nothing is detected: {missing}", err=True)
        return None
    try:
        return await detector.find(frame)
    finally:
        await detector.close()


def _drawn(sight: Sight, lines: tuple[CrossingLine, ...], zones: tuple[Zone, ...]) -> bytes:
    """The picture as PNG: the grid lowest, then what was found, then the zones and the lines."""
    from smartlogd.base.pixels import png
    from smartlogd.record.draw import draw, grid, mark, roomy

    return png(draw(mark(grid(roomy(sight.frame.pixels)), sight.detections or ()), (), lines, zones=zones))


def _as_json(sight: Sight, lines: tuple[CrossingLine, ...], zones: tuple[Zone, ...], out: Path) -> dict[str, Json]:
    height, width = sight.frame.pixels.shape[:2]
    drawn: list[Json] = [
        {"name": line.name, "line": _ends(line), "inside": line.inside.value, "anchor": line.anchor.value}
        for line in lines
    ]
    places: list[Json] = [
        {"name": zone.name, "kind": zone.kind.value, "polygon": [[corner.x, corner.y] for corner in zone.polygon]}
        for zone in zones
    ]
    found: list[Json] | None = None
    if sight.detections is not None:
        found = [{"kind": one.kind.value, "score": round(one.score, 4), "box": _box(one)} for one in sight.detections]
    return {
        "type": "look", "file": str(out), "source": sight.source, "width": width, "height": height,
        "lines": drawn, "zones": places, "detections": found,
    }  # fmt: skip


def _as_text(sight: Sight, lines: tuple[CrossingLine, ...], zones: tuple[Zone, ...], out: Path) -> str:
    height, width = sight.frame.pixels.shape[:2]
    said = [f"{out}: {sight.source}, {width} x {height}"]
    for line in lines:
        start, end = line.segment.start, line.segment.end
        said.append(f"  line {line.name}: {start.x:g},{start.y:g} to {end.x:g},{end.y:g}, inside {line.inside.value}")
    said += [f"  zone {zone.name}: {zone.kind.value}, {len(zone.polygon)} corners" for zone in zones]
    for one in sight.detections or ():
        x0, y0, x1, y1 = _box(one)
        said.append(f"  {one.kind.value} {one.score:.2f}: x {x0} to {x1}, y {y0} to {y1}")
    if sight.detections == ():
        said.append("  nobody is detected")
    return "\n".join(said)


def _ends(line: CrossingLine) -> list[Json]:
    segment = line.segment
    return [segment.start.x, segment.start.y, segment.end.x, segment.end.y]


def _box(detection: Detection) -> list[Json]:
    box = detection.box
    return [round(float(side), 3) for side in (box.x0, box.y0, box.x1, box.y1)]

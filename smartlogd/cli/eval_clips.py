"""Counting clips that people have counted by hand, and saying how far the two agree."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from smartlogd.base.geometry import Point, Segment
from smartlogd.base.known import Action, CrossingLine, Event, Side
from smartlogd.cli.score import EmptyScore, LineScore, Passing, Total, score_line, total

if TYPE_CHECKING:
    from smartlogd.base.seen import Frame
    from smartlogd.cli.truth import ClipTruth
    from smartlogd.movement.scene import Scene
    from smartlogd.settings import Settings

MIDDLE_LINES = (
    CrossingLine("middle_upright", Segment(Point(0.5, 0.0), Point(0.5, 1.0)), Side.RIGHT),
    CrossingLine("middle_level", Segment(Point(0.0, 0.5), Point(1.0, 0.5)), Side.BELOW),
)
"""Where nobody is, nobody may be counted: not even at lines across the whole picture."""


@dataclass(slots=True)
class Judgement:
    """The scores of all lines and of all clips without people."""

    lines: list[LineScore] = field(default_factory=list)
    empty: list[EmptyScore] = field(default_factory=list)

    @property
    def total(self) -> Total:
        """All lines together."""
        return total(self.lines)

    def as_json(self) -> dict[str, object]:
        """As programs read it."""
        lines, empty = [asdict(line) for line in self.lines], [asdict(clip) for clip in self.empty]
        return {"lines": lines, "empty": empty, "total": asdict(self.total)}

    def as_table(self) -> str:
        """As people read it."""
        names = [row.clip for row in self.lines] + [row.clip for row in self.empty]
        wide = max(len(name) for name in ("nobody is in", *names))
        rows = [f"{'clip':<{wide}}  {'line':<16}  expected  matched  missed  false"] if self.lines else []
        rows += [
            f"{row.clip:<{wide}}  {row.line:<16}  {row.expected:>8}  {row.matched:>7}  {row.missed:>6}  {row.false:>5}"
            for row in self.lines
        ]
        rows += ["", f"{'nobody is in':<{wide}}  passings  person_entered"] if self.empty else []
        rows += [f"{row.clip:<{wide}}  {row.passings:>8}  {row.person_entered:>14}" for row in self.empty]
        sum_ = self.total
        rows += [
            "",
            f"error {sum_.error} of {sum_.expected} (precision {sum_.precision:.3f}, recall {sum_.recall:.3f})",
        ]
        return "\n".join(rows).strip("\n")


async def judged(folder: Path, settings: Settings) -> Judgement:
    """Play each clip of the folder once, with all its lines, and judge it."""
    from smartlogd.cli.truth import read_truth

    clips, judgement = read_truth(folder), Judgement()
    for number, clip in enumerate(clips, 1):
        typer.echo(f"{number} of {len(clips)}: {clip.path.name}", err=True)
        events = await _played(clip, settings)
        judgement.lines += scores(clip, events)
        if clip.is_empty:
            judgement.empty.append(emptiness(clip, events))
    return judgement


async def _played(clip: ClipTruth, settings: Settings) -> list[Event]:
    """All events of a clip."""
    from smartlogd.cli.footage import play
    from smartlogd.cli.lines import with_lines
    from smartlogd.cli.progress import progress

    lines = tuple(truth.line for truth in clip.lines) or MIDDLE_LINES
    happened: list[Event] = []

    def note(_frame: Frame, _scene: Scene, events: tuple[Event, ...]) -> None:
        happened.extend(events)

    with progress(clip.path) as bar:
        await play(clip.path, with_lines(settings, lines), watchers=(note, bar))
    return happened


def scores(clip: ClipTruth, events: list[Event]) -> list[LineScore]:
    """How each line of a clip was counted."""
    return [
        score_line(
            clip.path.name,
            truth.line.name,
            required=truth.required,
            optional=truth.optional,
            counted=_passings(events, truth.line.name),
            tolerance_s=truth.tolerance_s,
        )
        for truth in clip.lines
    ]


def emptiness(clip: ClipTruth, events: list[Event]) -> EmptyScore:
    """What was seen where nobody is."""
    passings = sum(event.type == "crossing" for event in events)
    return EmptyScore(clip.path.name, passings, sum(event.type == "person_entered" for event in events))


def _passings(events: list[Event], line: str) -> list[Passing]:
    return [
        Passing(event.stamp.mono_ns / 1e9, Action(event.data["action"]))
        for event in events
        if event.type == "crossing" and event.data["line"] == line
    ]

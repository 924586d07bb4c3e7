"""The room's settings: lines, zones, and the thresholds of tracking and counting."""

from __future__ import annotations

import itertools
import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.base.geometry import Point, Segment, along, offset
from smartlogd.base.known import Action, Anchor, CrossingLine, Side, Zone
from smartlogd.movement.conduct_options import BehaviourOptions, ZoneOptions
from smartlogd.movement.rules import BehaviourRules, Rules

Fraction = Annotated[float, Field(ge=0, le=1)]
LineName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}$")]

_SHORTEST = 0.02
_TOO_CLOSE = 0.01
_MOST_LINES = 32
_MOST_ZONES = 32
_COUNTS = {
    "both": frozenset(Action),
    "in": frozenset({Action.IN}),
    "out": frozenset({Action.OUT}),
    "none": frozenset[Action](),
}
_LINE_TEXT = re.compile(r"(?P<name>[^=]+)=(?P<numbers>[^:]+):(?P<side>.+)")


class LineOptions(BaseModel):
    """One line on the picture that people pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: tuple[Fraction, Fraction] = Field(description="Where the line starts: x, y as fractions of the picture.")
    end: tuple[Fraction, Fraction] = Field(description="Where the line ends: x, y as fractions of the picture.")
    inside: Literal["left", "right", "above", "below"] = Field(
        description="Which side of the line, as the picture shows it, is IN."
    )
    anchor: Literal["centre", "feet"] = Field(
        "centre", description="Which point of a body passes the line: the middle of its box, or its feet."
    )
    band: float = Field(
        0.02, ge=0, le=0.2, description="Half-width of the unsure zone around the line, as a fraction of the picture."
    )
    counts: Literal["both", "in", "out", "none"] = Field("both", description="Which directions are logged.")

    @model_validator(mode="after")
    def _has_two_sides(self) -> Self:
        """Refuse a line without length, and one whose inside lies along it."""
        across, down = self.end[0] - self.start[0], self.end[1] - self.start[1]
        if max(abs(across), abs(down)) < _SHORTEST:
            msg = f"the line from {self.start} to {self.end} has no length; give two points at least {_SHORTEST} apart"
            raise ValueError(msg)
        if self.inside in {"left", "right"} and abs(down) < _SHORTEST:
            msg = f"a level line has no {self.inside} side; say above or below"
            raise ValueError(msg)
        if self.inside in {"above", "below"} and abs(across) < _SHORTEST:
            msg = f"an upright line has no side {self.inside} it; say left or right"
            raise ValueError(msg)
        return self

    def crossing_line(self, name: str) -> CrossingLine:
        """The line as movement knows it."""
        segment = Segment(Point(*self.start), Point(*self.end))
        return CrossingLine(name, segment, Side(self.inside), Anchor(self.anchor), self.band, _COUNTS[self.counts])


class PairOptions(BaseModel):
    """SmartLog's pair of upright lines: I when the left one is passed rightwards, O when the right one is leftwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    left_line_x: Fraction = Field(0.3, description="Where the left line stands; passing it rightwards is logged as I.")
    right_line_x: Fraction = Field(0.7, description="Where the right line stands; passing it leftwards is logged as O.")

    @model_validator(mode="after")
    def _left_is_left(self) -> Self:
        """Refuse a pair in the wrong order."""
        if self.right_line_x - self.left_line_x < _SHORTEST:
            msg = f"left_line_x ({self.left_line_x}) must stand left of right_line_x ({self.right_line_x})"
            raise ValueError(msg)
        return self

    def crossing_lines(self) -> tuple[CrossingLine, CrossingLine]:
        """The two lines, named left and right; the inside of both lies to the right of each."""
        left, right = self.left_line_x, self.right_line_x
        return (
            LineOptions(start=(left, 0), end=(left, 1), inside="right", counts="in").crossing_line("left"),
            LineOptions(start=(right, 0), end=(right, 1), inside="right", counts="out").crossing_line("right"),
        )


def _door() -> dict[str, LineOptions]:
    return {"door": LineOptions(start=(0.5, 0.0), end=(0.5, 1.0), inside="right")}


class MovementOptions(BaseModel):
    """Lines that people pass, and how sure the log must be before it says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: dict[LineName, LineOptions] = Field(
        default_factory=_door,
        max_length=_MOST_LINES,
        description="The lines by name; without any, one upright line in the middle named door.",
    )
    pair: PairOptions | None = Field(None, description="SmartLog's pair of lines, instead of `lines`.")
    strong_score: float = Field(
        0.5, ge=0.05, le=0.99, description="A detection of at least this score may begin a track."
    )
    weak_score: float = Field(
        0.25, ge=0.01, le=0.99, description="A detection of at least this score may carry on a track."
    )
    confirm_hits: int = Field(3, ge=1, le=100, description="How often someone must be seen to be believed.")
    confirm_s: float = Field(0.25, ge=0, le=10, description="Over how long someone must be seen to be believed.")
    keep_lost_s: float = Field(
        2.0, ge=0.1, le=30, description="How long someone who is not seen (behind a pillar) is kept in mind."
    )
    debounce_known_s: float = Field(
        5.0, ge=0, le=3600, description="A known person is not logged again the same way within this span."
    )
    debounce_unknown_s: float = Field(
        15.0, ge=0, le=3600, description="An unknown person is not logged again the same way within this span."
    )

    zones: dict[LineName, ZoneOptions] = Field(
        default_factory=dict, max_length=_MOST_ZONES, description="The zones by name: where bowls, beds and doors are."
    )
    behaviour: BehaviourOptions = Field(
        default_factory=BehaviourOptions,
        description="When somebody sits, eats, plays, comes nearer, fetches or is calm.",
    )

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        """Refuse lines that lie upon each other, and thresholds in the wrong order."""
        if self.weak_score > self.strong_score:
            msg = f"weak_score ({self.weak_score}) must not be above strong_score ({self.strong_score})"
            raise ValueError(msg)
        if self.pair is not None and "lines" in self.model_fields_set:
            msg = "give either lines or pair, not both"
            raise ValueError(msg)
        for one, other in itertools.combinations(self.crossing_lines(), 2):
            if _lie_upon_each_other(one.segment, other.segment):
                msg = f"the lines {one.name} and {other.name} lie upon each other; every passing would be logged twice"
                raise ValueError(msg)
        return self

    def crossing_lines(self) -> tuple[CrossingLine, ...]:
        """All lines as movement knows them, in the order of the file."""
        if self.pair is not None:
            return self.pair.crossing_lines()
        return tuple(line.crossing_line(name) for name, line in self.lines.items())

    def rules(self) -> Rules:
        """The thresholds as plain values."""
        return Rules(
            strong_score=self.strong_score,
            weak_score=self.weak_score,
            confirm_hits=self.confirm_hits,
            confirm_s=self.confirm_s,
            keep_lost_s=self.keep_lost_s,
            debounce_known_s=self.debounce_known_s,
            debounce_unknown_s=self.debounce_unknown_s,
        )

    def watched_zones(self) -> tuple[Zone, ...]:
        """All zones as movement knows them, in the order of the file."""
        return tuple(zone.zone(name) for name, zone in self.zones.items())

    def behaviour_rules(self) -> BehaviourRules:
        """The thresholds of behaviours as plain values."""
        return self.behaviour.rules()


def _lie_upon_each_other(one: Segment, other: Segment) -> bool:
    """Whether two segments run along each other, so that whoever passes one passes both there."""
    far = [abs(offset(one, other.start)), abs(offset(one, other.end))]
    if max(far) >= _TOO_CLOSE:
        return False
    low, high = sorted((along(one, other.start), along(one, other.end)))
    return min(1.0, high) - max(0.0, low) > _TOO_CLOSE


def parse_line(text: str, anchor: Anchor = Anchor.CENTRE) -> CrossingLine:
    """A line from `NAME=x1,y1,x2,y2:SIDE`, as the command line gives it.

    >>> parse_line("door=0.35,0,0.35,1:left").inside
    <Side.LEFT: 'left'>
    """
    hint = "Write it as NAME=x1,y1,x2,y2:SIDE with fractions 0..1, for example door=0.5,0,0.5,1:right."
    parts = _LINE_TEXT.fullmatch(text.strip())
    if parts is None:
        raise SmartlogError(f"The line {text[:80]!r} cannot be read.", hint, code=Exit.USAGE)
    try:
        x1, y1, x2, y2 = (float(number) for number in parts["numbers"].split(","))
    except ValueError:
        raise SmartlogError(f"The line {text[:80]!r} does not have four numbers.", hint, code=Exit.USAGE) from None
    given = {"start": (x1, y1), "end": (x2, y2), "inside": parts["side"].strip().lower(), "anchor": anchor.value}
    try:
        options = MovementOptions.model_validate({"lines": {parts["name"].strip(): given}})
    except ValidationError as wrong:
        what = f"The line {text[:80]!r} cannot be meant: {_reason(wrong)}."
        raise SmartlogError(what, hint, code=Exit.USAGE) from None
    return options.crossing_lines()[0]


def _reason(wrong: ValidationError) -> str:
    """The first complaint of pydantic in its own words, without its preamble."""
    first = wrong.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith("lines"))
    said = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{where}: {said}" if where else said

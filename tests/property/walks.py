"""Bodies on a picture at given instants, and what movement makes of them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smartlogd.base.geometry import Box, Point, Segment
from smartlogd.base.known import Action, Anchor, Behaviour, Crossing, CrossingLine, Side
from smartlogd.base.seen import Detection, Glance, Keypoint, Kind
from smartlogd.base.time import Stamp
from smartlogd.movement.behaviour import Conduct, behave
from smartlogd.movement.rules import BehaviourRules, Rules
from smartlogd.movement.scene import Scene, step

STILL = Glance(0.0, (), light_changed=False)
MIDDLE = CrossingLine("middle", Segment(Point(0.5, 0), Point(0.5, 1)), Side.RIGHT)
LEVEL = CrossingLine("level", Segment(Point(0, 0.5), Point(1, 0.5)), Side.BELOW)
APPEARANCES = {"person_entered", "dog_detected"}


def at(seconds: float) -> Stamp:
    """The instant so many seconds after the start."""
    start = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    return Stamp(round(seconds * 1e9), start + dt.timedelta(seconds=seconds), trusted=True)


def seconds(stamp: Stamp) -> float:
    return stamp.mono_ns / 1e9


def upright(x: float, name: str = "upright", inside: Side = Side.RIGHT, **more: object) -> CrossingLine:
    return CrossingLine(name, Segment(Point(x, 0), Point(x, 1)), inside, **more)  # type: ignore[arg-type]


def person(box: Box, score: float = 0.8, *, kind: Kind = Kind.PERSON, keypoints: Iterable[Keypoint] = ()) -> Detection:
    return Detection(kind, box, score, tuple(keypoints))


def moving(boxes: Iterable[Box]) -> Glance:
    """The glance in which all these boxes changed."""
    regions = tuple(box.clipped() for box in boxes if box.clipped().area > 0)
    return Glance(min(1.0, sum(region.area for region in regions)), regions, light_changed=False)


@dataclass(frozen=True)
class Shot:
    """One frame as movement is told of it, `t` seconds after the start."""

    t: float
    seen: tuple[Detection, ...]
    glance: Glance


@dataclass(frozen=True)
class Told:
    """What movement told of a sequence of shots: the passings, who came, and the scene it ended with."""

    crossings: tuple[Crossing, ...]
    behaviours: tuple[Behaviour, ...]
    scene: Scene

    @property
    def letters(self) -> str:
        """The passings in the order in which they were told, for example IOI."""
        return "".join(crossing.action.value for crossing in self.crossings)


def play(
    shots: Iterable[Shot],
    lines: Sequence[CrossingLine] = (MIDDLE,),
    rules: Rules | None = None,
    scene: Scene | None = None,
) -> Told:
    """Carry a scene through the shots; of behaviours it tells who came."""
    scene, conduct = scene or Scene(), Conduct()
    crossings: list[Crossing] = []
    behaviours: list[Behaviour] = []
    for shot in shots:
        scene, passed = step(scene, shot.seen, shot.glance, at(shot.t), lines, rules or Rules())
        conduct, told = behave(conduct, scene.tracks, at(shot.t), (), BehaviourRules(), aspect=4 / 3)
        crossings += passed
        behaviours += [one for one in told if one.what in APPEARANCES and one.end is None]
    return Told(tuple(crossings), tuple(behaviours), scene)


def instants(end: float, fps: float = 10.0, start: float = 0.0) -> list[float]:
    return [start + frame / fps for frame in range(round((end - start) * fps) + 1)]


def between(stops: Sequence[tuple[float, float, float]], t: float) -> Point:
    """Where someone is who stands at (x, y) at each time of `stops` (t, x, y), walking straight in between."""
    if t <= stops[0][0]:
        return Point(stops[0][1], stops[0][2])
    for (t0, x0, y0), (t1, x1, y1) in itertools.pairwise(stops):
        if t <= t1:
            return Point(x0, y0).towards(Point(x1, y1), (t - t0) / (t1 - t0))
    return Point(stops[-1][1], stops[-1][2])


def walk(
    stops: Sequence[tuple[float, float, float]],
    size: tuple[float, float] = (0.1, 0.4),
    times: Sequence[float] | None = None,
    score: float = 0.8,
) -> list[Shot]:
    """One body of a fixed size, always moving, whose middle goes along `stops`; 10 fps unless `times` are given."""
    shots = []
    for t in instants(stops[-1][0], start=stops[0][0]) if times is None else times:
        box = Box.around(between(stops, t), *size)
        shots.append(Shot(t, (person(box.clipped(), score),), moving([box])))
    return shots


def together(*several: Sequence[Shot]) -> list[Shot]:
    """Shots of the same instants laid over each other."""
    return [
        Shot(shots[0].t, tuple(one for shot in shots for one in shot.seen), moving(_regions(shots)))
        for shots in zip(*several, strict=True)
    ]


def _regions(shots: Sequence[Shot]) -> list[Box]:
    return [region for shot in shots for region in shot.glance.regions]


def net(crossings: Iterable[Crossing]) -> int:
    """Passings in minus passings out."""
    return sum(1 if crossing.action is Action.IN else -1 for crossing in crossings)


def feet(line: CrossingLine) -> CrossingLine:
    return CrossingLine(line.name, line.segment, line.inside, Anchor.FEET, line.band, line.counts)

"""Made-up scenes before a made-up camera, whose passings are known: people, pillars, posts, and a detector that errs.

The camera hangs `EYE_M` high and sees 60 degrees of the ground before it. People walk on that ground in
metres, so their boxes have the size, the pace and the overlap that perspective gives them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from walks import Shot, between, moving, person

from smartlogd.base.geometry import Box, overlap
from smartlogd.base.known import Action, CrossingLine
from smartlogd.base.seen import Detection
from smartlogd.movement.line import inward

EYE_M, HORIZON = 2.2, 0.35
FOCAL_X, FOCAL_Y = 0.866, 1.155  # 60 degrees wide, 4:3
HIDDEN_SHARE = 0.6  # who is covered by more than this is not found
CLEAR = 0.05  # past the line by this, a passing is true


@dataclass(frozen=True)
class Walker:
    """Someone on the ground: where at which time (t, metres right of the camera, metres before it)."""

    stops: tuple[tuple[float, float, float], ...]
    height_m: float = 1.72
    width_m: float = 0.55

    def box(self, t: float) -> Box | None:
        """The whole body on the picture, also where the edge hides it; None before and after the walk."""
        if not self.stops[0][0] <= t <= self.stops[-1][0]:
            return None
        ground = between(self.stops, t)
        sole = HORIZON + FOCAL_Y * EYE_M / ground.y
        middle = 0.5 + FOCAL_X * ground.x / ground.y
        half = FOCAL_X * self.width_m / ground.y / 2
        return Box(middle - half, sole - FOCAL_Y * self.height_m / ground.y, middle + half, sole)

    def depth(self, t: float) -> float:
        return between(self.stops, t).y


@dataclass(frozen=True)
class Pillar:
    """Something upright that hides whoever walks behind it."""

    box: Box
    depth_m: float


@dataclass(frozen=True)
class Errors:
    """How the detector errs: shares of frames (0..1), jitter as a share of a body's size."""

    missed: float = 0.0
    jitter: float = 0.0
    doubled: float = 0.0
    weak: float = 0.0


@dataclass(frozen=True)
class Play:
    """A whole scene: who walks, what stands there, how it is seen."""

    walkers: tuple[Walker, ...]
    end_s: float
    fps: float = 10.0
    errors: Errors = field(default_factory=Errors)
    pillars: tuple[Pillar, ...] = ()
    posts: tuple[Box, ...] = ()
    uneven: float = 0.0
    """By how much of itself the time between two frames varies."""
    seed: int = 0

    def shots(self) -> list[Shot]:
        """What movement is told, frame by frame."""
        dice = random.Random(self.seed)
        shots, t, before = [], 0.0, -1 / self.fps
        while t <= self.end_s:
            shots.append(self._shot(dice, t, before))
            before, t = t, t + (1 + self.uneven * dice.uniform(-1, 1)) / self.fps
        return shots

    def _shot(self, dice: random.Random, t: float, before: float) -> Shot:
        found: list[Detection] = []
        moved: list[Box] = []
        for walker in self.walkers:
            box = walker.box(t)
            if box is None or self._hidden(walker, t, box):
                continue
            if _moved(walker, t, before):
                moved.append(box)
            found += _detected(dice, box, self.errors)
        for post in self.posts:
            if dice.random() < 0.5:
                size = dice.choice((0.8, 1.0))
                found.append(
                    person(Box(post.x0, post.y0, post.x1, post.y0 + post.height * size), dice.uniform(0.3, 0.7))
                )
        dice.shuffle(found)
        return Shot(t, tuple(found), moving(moved))

    def _hidden(self, walker: Walker, t: float, box: Box) -> bool:
        seen = box.clipped()
        if seen.area < 0.3 * box.area or min(seen.width, seen.height) < 0.02:
            return True
        covers = [pillar.box for pillar in self.pillars if pillar.depth_m < walker.depth(t)]
        covers += [
            front
            for other in self.walkers
            if other is not walker and (front := other.box(t)) and other.depth(t) < walker.depth(t)
        ]
        return any(overlap(cover, seen) > HIDDEN_SHARE * seen.area for cover in covers)

    def passings(self, line: CrossingLine) -> list[tuple[float, Action]]:
        """The truth: when the middle of whose body passed the line, and which way."""
        return sorted(
            (passing for walker in self.walkers for passing in _passings(walker, line)), key=lambda found: found[0]
        )


def _moved(walker: Walker, t: float, before: float) -> bool:
    now, then = walker.box(t), walker.box(before)
    return now is not None and (then is None or now.centre.distance(then.centre) > 0.001)


def _detected(dice: random.Random, box: Box, errors: Errors) -> list[Detection]:
    if dice.random() < errors.missed:
        return []
    score = dice.uniform(0.28, 0.5) if dice.random() < errors.weak else dice.uniform(0.55, 0.95)
    found = [person(_shaken(dice, box, errors.jitter).clipped(), score)]
    if dice.random() < errors.doubled:
        upper = Box(box.x0, box.y0, box.x1, box.y0 + box.height / 2)
        found.append(person(_shaken(dice, upper, errors.jitter).clipped(), dice.uniform(0.3, 0.8)))
    return [one for one in found if one.box.area > 0]


def _shaken(dice: random.Random, box: Box, jitter: float) -> Box:
    wide, high = jitter * box.width, jitter * box.height
    return Box(
        box.x0 + dice.gauss(0, wide),
        box.y0 + dice.gauss(0, high),
        box.x1 + dice.gauss(0, wide),
        box.y1 + dice.gauss(0, high),
    )


def _passings(walker: Walker, line: CrossingLine) -> list[tuple[float, Action]]:
    """Someone has passed who stood clear of the line on one side and then on the other."""
    passings, side, met, before = [], 0, 0.0, 0.0
    for frame in range(math.ceil(walker.stops[-1][0] * 50) + 1):
        box = walker.box(frame / 50)
        if box is None:
            continue
        depth = inward(line, box.centre)
        if depth * before < 0:
            met = frame / 50
        before = depth
        if abs(depth) < CLEAR:
            continue
        now = 1 if depth > 0 else -1
        if side and now != side:
            passings.append((met, Action.IN if now > 0 else Action.OUT))
        side = now
    return passings


def reach(depth_m: float) -> float:
    """How far right of the camera the picture's edge is, at this depth."""
    return 0.5 * depth_m / FOCAL_X


def across(
    start_s: float, depth_m: float, speed: float, *, rightwards: bool = True, over: float = 0.5, **more: float
) -> Walker:
    """Someone who walks through the whole picture, from one side edge to the other."""
    far = (reach(depth_m) + over) * (1 if rightwards else -1)
    return Walker(((start_s, -far, depth_m), (start_s + 2 * abs(far) / speed, far, depth_m)), **more)


def turning_back(start_s: float, depth_m: float, speed: float, at_x: float) -> Walker:
    """Someone who comes from the left as far as the picture's `at_x`, and goes back."""
    far = reach(depth_m) + 0.5
    turn_m = (at_x - 0.5) * depth_m / FOCAL_X
    span = (far + turn_m) / speed
    return Walker(((start_s, -far, depth_m), (start_s + span, turn_m, depth_m), (start_s + 2 * span, -far, depth_m)))


def dithering(
    start_s: float, depth_m: float, speed: float, swings: int, *, goes_on: bool, by: float = 0.012, line_x: float = 0.5
) -> Walker:
    """Someone who comes from the left, steps to and fro on the line, and then goes on, or back."""
    far, swing = reach(depth_m) + 0.5, by * depth_m / FOCAL_X
    line = (line_x - 0.5) * depth_m / FOCAL_X
    t = start_s + (far + line) / speed
    stops = [(start_s, -far, depth_m)]
    for number in range(swings):
        stops.append((t, line + (swing if number % 2 else -swing), depth_m))
        t += 0.6
    stops.append((t + far / speed, far if goes_on else -far, depth_m))
    return Walker(tuple(stops))


def towards(start_s: float, x_m: float, near_m: float, far_m: float, speed: float, *, away: bool = False) -> Walker:
    """Someone who walks straight at the camera, or straight away from it."""
    span = (far_m - near_m) / speed
    one, other = (near_m, far_m) if away else (far_m, near_m)
    return Walker(((start_s, x_m, one), (start_s + span, x_m, other)))


def ended(walkers: Sequence[Walker]) -> float:
    """When everyone is gone, and a second more."""
    return max(walker.stops[-1][0] for walker in walkers) + 1.0


def seen_by(play: Play, errors: Errors, seed: int) -> Play:
    """The same scene before a detector that errs so."""
    return replace(play, errors=errors, seed=seed)


def made(seed: int) -> Play:
    """A scene of one to four people whose stories, paces and distances the seed chooses, before a sure detector."""
    dice = random.Random(seed)
    walkers: list[Walker] = []
    begin = 0.5
    for _ in range(dice.randint(1, 4)):
        told = _story(dice, begin)
        walkers += told
        begin = dice.choice((begin + dice.uniform(2, 4), ended(told) + 0.5))
    pillars = ()
    if dice.random() < 0.4:
        # Beside the line, where someone who dithers on it is still seen.
        left = dice.choice((dice.uniform(0.1, 0.35), dice.uniform(0.57, 0.8)))
        pillars = (Pillar(Box(left, 0.0, left + dice.uniform(0.03, 0.1), 1.0), 2.5),)
    posts = (Box(0.47, 0.3, 0.55, 0.6),) if dice.random() < 0.3 else ()
    fps, uneven = dice.choice((5.0, 8.0, 10.0, 15.0)), dice.choice((0.0, 0.4))
    return Play(tuple(walkers), ended(walkers), fps, Errors(), pillars, posts, uneven, seed)


def _story(dice: random.Random, begin: float) -> list[Walker]:
    depth, speed = dice.uniform(3.5, 8.0), dice.uniform(0.5, 2.2)
    rightwards = dice.random() < 0.5
    tale = dice.choice(("across", "across", "file", "opposed", "dither", "turn", "return"))
    if tale == "across":
        return [across(begin, depth, speed, rightwards=rightwards, height_m=dice.uniform(1.2, 1.9))]
    if tale == "file":
        lag = max(0.6, 1.0 / speed)
        return [across(begin + lag * place, depth, speed, rightwards=rightwards) for place in range(dice.randint(2, 3))]
    if tale == "opposed":
        other = depth + dice.uniform(0.8, 2.0)
        return [across(begin, depth, speed, rightwards=True), across(begin, other, speed, rightwards=False)]
    if tale == "dither":
        return [dithering(begin, depth, max(0.8, speed), dice.randint(3, 9), goes_on=rightwards)]
    if tale == "turn":
        return [turning_back(begin, depth, max(0.8, speed), dice.uniform(0.35, 0.47))]
    return [turning_back(begin, depth, max(0.8, speed), dice.uniform(0.7, 0.8))]

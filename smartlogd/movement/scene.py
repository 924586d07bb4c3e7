"""Everything movement remembers, and the one step that carries it from frame to frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from smartlogd.base.geometry import Point, overlap
from smartlogd.base.known import Crossing, CrossingLine, Phase, Track, TrackId
from smartlogd.base.seen import Detection, Glance
from smartlogd.base.time import Stamp
from smartlogd.base.who import Who
from smartlogd.movement.debounce import is_repeat
from smartlogd.movement.line import Look, Watch, anchor_of, begin, departed, watch
from smartlogd.movement.rules import Rules
from smartlogd.movement.sight import sightings
from smartlogd.movement.tracker import Trail, advance

_ECHO_S = 2.0
_ALIVE_S = 0.7
_PRESENT = 0.3
_SHOWN = 0.45
_TWIN_S = 0.4
_TWIN_SHARE = 0.5
_ANKLES = ("left_ankle", "right_ankle")
_ANKLE_SEEN = 0.5


@dataclass(frozen=True, slots=True)
class Scene:
    """All trails, how each line sees each of them, and the crossings that are waiting or were logged lately."""

    trails: tuple[Trail, ...] = ()
    watches: Mapping[tuple[TrackId, CrossingLine], Watch] = field(default_factory=dict)
    waiting: tuple[Crossing, ...] = ()
    logged: tuple[Crossing, ...] = ()
    next_id: int = 1

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All living tracks, the tentative ones included."""
        return tuple(trail.track() for trail in self.trails if trail.phase is not Phase.ENDED)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is tracked, not even tentatively."""
        return all(trail.phase is Phase.ENDED for trail in self.trails)


def step(
    scene: Scene,
    detections: Sequence[Detection],
    glance: Glance,
    stamp: Stamp,
    lines: Sequence[CrossingLine],
    rules: Rules,
    whom: Mapping[TrackId, Who] = MappingProxyType({}),
) -> tuple[Scene, tuple[Crossing, ...]]:
    """The scene one frame on, and the passings of lines in it, by their instants.

    Pure: the same arguments give the same answer.

    `whom` says who each track is taken for, where anybody was recognised: someone who comes back on another
    track is still the same.
    """
    phases = {trail.id: trail.phase for trail in scene.trails}
    trails, next_id = advance(scene.trails, sightings(detections), glance, stamp, rules, scene.next_id)
    watches, passed = _watched(scene, trails, lines, rules)
    believed = {trail.id for trail in trails if trail.phase in {Phase.CONFIRMED, Phase.LOST}}
    believed |= {id_ for id_, phase in phases.items() if phase is Phase.LOST}
    alive = {trail.id for trail in trails if trail.phase is not Phase.ENDED}
    candidates = (*scene.waiting, *passed)
    ready = [crossing for crossing in candidates if crossing.track in believed]
    logged, crossings = _logged(scene.logged, ready, lines, trails, rules, whom)
    memory_s = max(rules.debounce_known_s, rules.debounce_unknown_s)
    after = Scene(
        trails=trails,
        watches=watches,
        waiting=tuple(c for c in candidates if c.track in alive and c.track not in believed),
        logged=tuple(c for c in logged if c.track in alive or stamp.since(c.stamp) < memory_s),
        next_id=next_id,
    )
    return after, tuple(sorted(crossings, key=lambda c: (c.stamp.mono_ns, c.track, c.line)))


def _watched(
    scene: Scene, trails: Sequence[Trail], lines: Sequence[CrossingLine], rules: Rules
) -> tuple[dict[tuple[TrackId, CrossingLine], Watch], list[Crossing]]:
    """How each line sees each track now, and the passings that this completed."""
    watches: dict[tuple[TrackId, CrossingLine], Watch] = {}
    passed: list[Crossing | None] = []
    for trail in trails:
        for line in lines:
            key = (trail.id, line)
            before = scene.watches.get(key)
            if trail.newest is None:
                if before is not None and trail.phase is Phase.ENDED:
                    passed.append(departed(line, before))
                elif before is not None:
                    watches[key] = before
                continue
            look = _look(trail, line)
            if before is None:
                watches[key] = begin(line, look)
                continue
            watches[key], crossing = watch(line, before, look, rules.evidence_gap_s)
            passed.append(crossing)
    return watches, [crossing for crossing in passed if crossing is not None]


def _look(trail: Trail, line: CrossingLine) -> Look:
    box = trail.box
    ankles = _ankles(trail.newest.body) if trail.newest else None
    moves = trail.moved is not None and trail.now.since(trail.moved) < _ALIVE_S
    is_alive = moves and trail.presence >= _PRESENT and _shows(trail, line) >= _SHOWN
    anchor = anchor_of(line, box, ankles)
    velocity, whole = trail.motion.velocity, Point(trail.motion.across.size, trail.motion.down.size)
    return Look(trail.id, box, anchor, trail.born, trail.first, trail.now, trail.score, is_alive, velocity, whole)


def _shows(trail: Trail, line: CrossingLine) -> float:
    """How much of the body, measured along the line, the picture's edge leaves to be seen: 0 to 1.

    Who leaves a picture sideways leaves it legs last; the middle of those legs is not the body's.
    """
    across = abs(line.segment.end.x - line.segment.start.x)
    down = abs(line.segment.end.y - line.segment.start.y)
    if across >= down:
        return trail.box.width / trail.motion.across.size
    return trail.box.height / trail.motion.down.size


def _ankles(body: Detection) -> Point | None:
    """The point between both ankles, where the pose shows them."""
    seen = [ankle for name in _ANKLES if (ankle := body.keypoint(name)) and ankle.visibility >= _ANKLE_SEEN]
    if not seen:
        return None
    return Point(sum(ankle.point.x for ankle in seen) / len(seen), sum(ankle.point.y for ankle in seen) / len(seen))


def _logged(
    logged: Sequence[Crossing],
    candidates: Sequence[Crossing],
    lines: Sequence[CrossingLine],
    trails: Sequence[Trail],
    rules: Rules,
    whom: Mapping[TrackId, Who],
) -> tuple[list[Crossing], list[Crossing]]:
    """The crossings that count, by direction, debounce and echo; and the memory of all that counted."""
    counts = {line.name: line.counts for line in lines}
    memory, fresh = list(logged), []
    for crossing in candidates:
        if crossing.action not in counts.get(crossing.line, frozenset()):
            continue
        own = [earlier for earlier in memory if _is_same(earlier.track, crossing.track, whom)]
        who = whom.get(crossing.track)
        debounce_s = rules.debounce_known_s if who and who.is_known else rules.debounce_unknown_s
        if is_repeat(crossing, own, debounce_s) or _is_echo(crossing, memory, trails):
            continue
        memory.append(crossing)
        fresh.append(crossing)
    return memory, fresh


def _is_same(one: TrackId, other: TrackId, whom: Mapping[TrackId, Who]) -> bool:
    """Whether two tracks are one subject's."""
    return one == other or (one in whom and whom[one] == whom.get(other))


def _is_echo(crossing: Crossing, logged: Sequence[Crossing], trails: Sequence[Trail]) -> bool:
    """Whether this is the passing of someone who was just counted under another id.

    Either the two passed in the same moment and lie upon each other: one body, found twice. Or the other was
    lost on the line and this one was born about where it passed. Two who follow each other are both seen,
    and apart.
    """
    by_id = {trail.id: trail for trail in trails}
    mine = by_id[crossing.track]
    return any(
        earlier.line == crossing.line
        and earlier.action is crossing.action
        and earlier.track != crossing.track
        and (_is_twin(crossing, earlier, mine, other) or _is_heir(crossing, earlier, mine, other))
        for earlier in logged
        for other in (by_id.get(earlier.track),)
    )


def _is_twin(crossing: Crossing, earlier: Crossing, mine: Trail, other: Trail | None) -> bool:
    if other is None or abs(crossing.stamp.since(earlier.stamp)) >= _TWIN_S:
        return False
    shared = overlap(mine.box, other.box)
    return shared > _TWIN_SHARE * min(mine.box.area, other.box.area)


def _is_heir(crossing: Crossing, earlier: Crossing, mine: Trail, other: Trail | None) -> bool:
    near = max(mine.box.width, mine.box.height) / 2
    return (
        0 <= crossing.stamp.since(earlier.stamp) < _ECHO_S
        and earlier.where.distance(crossing.where) < near
        and mine.first.since(earlier.stamp) > -_ECHO_S / 2
        and (other is None or other.last.since(mine.first) <= 0)
    )

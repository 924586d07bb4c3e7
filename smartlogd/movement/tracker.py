"""Who is who from frame to frame: two-stage association over predicted bodies, and a track's life.

Strong detections are matched first, weak ones then only carry on tracks that are already there
(ByteTrack, Zhang et al. 2022); what is still unmatched and strong may find a lost track again within a
wider circle, and only then begins a new one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from smartlogd.base.geometry import Box, overlap
from smartlogd.base.known import Phase, Track, TrackId
from smartlogd.base.seen import Detection, Glance, Kind, Sighting
from smartlogd.base.time import Stamp
from smartlogd.movement.associate import likeness, match
from smartlogd.movement.predict import Motion, corrected, later, met, scale_of
from smartlogd.movement.rules import Rules

_LEAST_LIKENESS = 0.12
_WEAK_LIKENESS = 0.25
_REVIVAL_LIKENESS = 0.1
_SLACK = 0.2
_COVERED = 0.65
"""A detection that lies in a track's body by this share begins no track: it is that body, found twice."""
_STAYED = 0.8
_PRESENCE_S = 0.5
_SEEN_SHARE = 0.4
_MOVED_SHARE = 0.1
"""Movement that covers this share of a body shows that it lives."""
_SURE_FACE = 0.75
_FACE_SHARE = 0.6
_FACES_S = 1.0
"""A sure face in this share of its frames, over this long, shows the same of someone who keeps quite still."""
_TIE = 0.6
"""Another who continues a track (or is continued by it) this nearly as well makes it doubtful which is which."""
_OCCLUDED_S = 1.0
"""Who was not seen for this long may be another when seen again."""
_DOUBT_S = 0.7
"""A doubt lasts this much longer than its reason: the bodies must have come apart."""


@dataclass(frozen=True, slots=True)
class Trail:
    """A track with what is needed to carry it on.

    It was seen `hits` times in `looks` frames; `presence` is that share over about the last half second.
    `born` and `where` are the boxes it was first and last seen in, `moved` is when movement was last seen
    in it, `faces` how often it showed a sure face, and `newest` is what the newest frame showed of it, if
    anything. `stretch` counts the stretches in which it could be nobody else, and `doubted` is when it last could.
    """

    id: TrackId
    kind: Kind
    motion: Motion
    born: Box
    where: Box
    first: Stamp
    last: Stamp
    now: Stamp
    hits: int
    looks: int
    presence: float
    score: float
    phase: Phase
    moved: Stamp | None
    newest: Sighting | None
    faces: int = 0
    stretch: int = 1
    doubted: Stamp | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether it may have been taken for another just now."""
        return self.doubted is not None and self.now.since(self.doubted) < _DOUBT_S

    @property
    def unseen_s(self) -> float:
        """Seconds since it was last seen."""
        return self.now.since(self.last)

    @property
    def box(self) -> Box:
        """The part of the body that stands on the picture."""
        return self.motion.box.clipped()

    def track(self) -> Track:
        """The track as others may see it."""
        return Track(
            id=self.id,
            kind=self.kind,
            box=self.box,
            velocity=self.motion.velocity,
            score=self.score,
            hits=self.hits,
            first=self.first,
            last=self.last,
            phase=self.phase,
            detection=self.newest.body if self.newest else None,
            face=self.newest.face if self.newest else None,
            stretch=self.stretch,
            is_doubtful=self.is_doubtful,
        )


# What becomes of a track's phase: seen in this frame, believed now, missed, missed for too long.
_LIFE: dict[Phase, dict[str, Phase]] = {
    Phase.TENTATIVE: {
        "seen": Phase.TENTATIVE,
        "believed": Phase.CONFIRMED,
        "missed": Phase.TENTATIVE,
        "gone": Phase.ENDED,
    },
    Phase.CONFIRMED: {"seen": Phase.CONFIRMED, "believed": Phase.CONFIRMED, "missed": Phase.LOST, "gone": Phase.ENDED},
    Phase.LOST: {"seen": Phase.CONFIRMED, "believed": Phase.CONFIRMED, "missed": Phase.LOST, "gone": Phase.ENDED},
    Phase.ENDED: {},
}


def advance(
    trails: Sequence[Trail], seen: Sequence[Sighting], glance: Glance, stamp: Stamp, rules: Rules, next_id: int
) -> tuple[tuple[Trail, ...], int]:
    """All trails one frame on, those that ended just now included once, and the next free id."""
    spans = {trail.id: max(0.0, stamp.since(trail.now)) for trail in trails}
    alive = [_predicted(trail, spans[trail.id], stamp) for trail in trails if trail.phase is not Phase.ENDED]
    found = _associated(alive, seen, rules)
    unsure = _ties(alive, seen, found)
    judged = [_judged(trail, is_tie=place in unsure, is_seen=place in found) for place, trail in enumerate(alive)]
    carried = [
        _seen(trail, spans[trail.id], seen[found[place]], glance, rules) if place in found else _missed(trail, rules)
        for place, trail in enumerate(judged)
    ]
    fresh = [
        sighting
        for index, sighting in enumerate(seen)
        if index not in found.values() and sighting.body.score >= rules.strong_score and not _covered(sighting, carried)
    ]
    born = [_born(TrackId(next_id + place), sighting, glance, stamp) for place, sighting in enumerate(fresh)]
    return (*carried, *born), next_id + len(born)


def _associated(alive: Sequence[Trail], seen: Sequence[Sighting], rules: Rules) -> dict[int, int]:
    """Trail place -> sighting place, over the three stages."""
    strong = [index for index, sighting in enumerate(seen) if sighting.body.score >= rules.strong_score]
    weak = [
        index for index, sighting in enumerate(seen) if rules.weak_score <= sighting.body.score < rules.strong_score
    ]
    found: dict[int, int] = {}
    stages: tuple[tuple[list[int], Callable[[Trail], bool], float, float], ...] = (
        (strong, _believed, _SLACK, _LEAST_LIKENESS),
        (weak, _believed, _SLACK, _WEAK_LIKENESS),
        (strong, _anyone, _SLACK, _LEAST_LIKENESS),
        (weak, _anyone, _SLACK, _WEAK_LIKENESS),
        (strong, _anyone, 1.0, _REVIVAL_LIKENESS),
    )
    for candidates, may, slack, least in stages:
        rows = [place for place, trail in enumerate(alive) if place not in found and may(trail)]
        columns = [index for index in candidates if index not in found.values()]
        table = [[_continues(alive[row], seen[column], slack) for column in columns] for row in rows]
        found.update((rows[row], columns[column]) for row, column in match(table, least))
    return found


def _ties(alive: Sequence[Trail], seen: Sequence[Sighting], found: dict[int, int]) -> set[int]:
    """The places of the trails that may have been given each other's sightings.

    Two of which each would have continued the other's sighting nearly as well as its own.
    """
    unsure: set[int] = set()
    for one, other in itertools.combinations(sorted(found), 2):
        if overlap(alive[one].box, alive[other].box) == 0:
            continue
        own = _continues(alive[one], seen[found[one]], _SLACK) + _continues(alive[other], seen[found[other]], _SLACK)
        swapped = _continues(alive[one], seen[found[other]], _SLACK), _continues(alive[other], seen[found[one]], _SLACK)
        if min(swapped) > 0 and sum(swapped) > _TIE * own:
            unsure |= {one, other}
    return unsure


def _judged(trail: Trail, *, is_tie: bool, is_seen: bool) -> Trail:
    """The trail with a new stretch, where a doubt begins: at a tie, or when it is seen again after an occlusion."""
    if not is_seen or not (is_tie or trail.unseen_s > _OCCLUDED_S):
        return trail
    return replace(trail, stretch=trail.stretch + (not trail.is_doubtful), doubted=trail.now)


def _anyone(trail: Trail) -> bool:
    return trail.phase is not Phase.ENDED


def _believed(trail: Trail) -> bool:
    return trail.phase in {Phase.CONFIRMED, Phase.LOST}


def _continues(trail: Trail, sighting: Sighting, slack: float) -> float:
    """How well a sighting continues a trail; the longer unseen and the less sure its place, the wider the circle."""
    if trail.kind is not sighting.body.kind:
        return 0.0
    doubt = min(1.0, trail.motion.spread / scale_of(trail.motion.box))
    box = sighting.body.box.clipped()
    expected = likeness(trail.box, box, slack + doubt)
    # Who has stopped, or hangs half out of the picture, is where it was last seen and not where it was going.
    return expected if trail.unseen_s == 0 else max(expected, likeness(trail.where, box, slack) * _STAYED)


def _covered(sighting: Sighting, trails: Sequence[Trail]) -> bool:
    box = sighting.body.box.clipped()
    return any(
        overlap(box, trail.box) > _COVERED * min(box.area, trail.box.area)
        for trail in trails
        if trail.phase is not Phase.ENDED and trail.kind is sighting.body.kind and trail.unseen_s == 0
    )


def _predicted(trail: Trail, span_s: float, stamp: Stamp) -> Trail:
    motion = later(trail.motion, span_s, seen=trail.newest is not None)
    fading = trail.presence * math.exp(-span_s / _PRESENCE_S)
    return replace(trail, motion=motion, now=stamp, looks=trail.looks + 1, presence=fading)


def _seen(trail: Trail, span_s: float, sighting: Sighting, glance: Glance, rules: Rules) -> Trail:
    hits = trail.hits + 1
    moved = trail.now if _moves(sighting.body.box, glance) else trail.moved
    faces = trail.faces + _is_sure_face(sighting)
    often = hits >= max(rules.confirm_hits, _SEEN_SHARE * trail.looks)
    known_s = trail.now.since(trail.first)
    lives = moved is not None or (known_s >= _FACES_S and faces >= _FACE_SHARE * trail.looks)
    believed = lives and often and known_s >= rules.confirm_s
    return replace(
        trail,
        motion=corrected(trail.motion, sighting.body.box, _doubt(sighting.body)),
        last=trail.now,
        hits=hits,
        presence=trail.presence + 1 - math.exp(-span_s / _PRESENCE_S),
        score=trail.score + (sighting.body.score - trail.score) / min(hits, 10),
        phase=_LIFE[trail.phase]["believed" if believed else "seen"],
        moved=moved,
        where=sighting.body.box.clipped(),
        newest=sighting,
        faces=faces,
    )


def _missed(trail: Trail, rules: Rules) -> Trail:
    known_s = rules.keep_tentative_s + trail.last.since(trail.first)
    patience_s = rules.keep_tentative_s if trail.phase is Phase.TENTATIVE else min(rules.keep_lost_s, known_s)
    box = trail.motion.box
    left = box.clipped().area < 0.15 * box.area
    gone = trail.unseen_s > patience_s or (left and trail.unseen_s > patience_s / 2)
    return replace(trail, phase=_LIFE[trail.phase]["gone" if gone else "missed"], newest=None)


def _born(id_: TrackId, sighting: Sighting, glance: Glance, stamp: Stamp) -> Trail:
    box = sighting.body.box.clipped()
    return Trail(
        id=id_,
        kind=sighting.body.kind,
        motion=met(box),
        born=box,
        where=box,
        first=stamp,
        last=stamp,
        now=stamp,
        hits=1,
        looks=1,
        presence=1.0,
        score=sighting.body.score,
        phase=Phase.TENTATIVE,
        moved=stamp if _moves(box, glance) else None,
        newest=sighting,
        faces=int(_is_sure_face(sighting)),
    )


def _is_sure_face(sighting: Sighting) -> bool:
    return sighting.face is not None and sighting.face.score >= _SURE_FACE


def _moves(box: Box, glance: Glance) -> bool:
    return any(overlap(region, box) > _MOVED_SHARE * box.area for region in glance.regions)


def _doubt(body: Detection) -> float:
    """How much wider a weak detection's sides scatter than a sure one's: 1 at score 0.7 and above, to 2."""
    return min(2.0, max(1.0, 0.7 / max(body.score, 0.01)))

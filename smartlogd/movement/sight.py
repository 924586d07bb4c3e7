"""Which face, pose and body belong together: detections of one frame become sightings of beings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from smartlogd.base.geometry import Box, Point, overlap
from smartlogd.base.seen import Detection, Kind, Sighting

_HEAD_SHARE = 0.45
"""A face belongs to a body whose upper part, this share of its height, holds the face's middle."""
_FACE_POINTS = ("nose", "left_eye", "right_eye")
_SEEN = 0.5
"""A pose says where a face is when it sees these points at least this surely."""
_IMPLIED_SCORE = 0.9
"""A body that is only implied by its face is believed a little less than the face."""
_SAME_BODY = 0.65
_SAME_BODY_UNSURE = 0.45
_SURE = 0.5
"""Two boxes of which the smaller lies in the larger by this share may be one body, found twice."""


def sightings(detections: Sequence[Detection]) -> tuple[Sighting, ...]:
    """One sighting for each being in the frame, the surest first; the order of `detections` does not matter."""
    ordered = sorted(detections, key=_rank)
    faces = [found for found in ordered if found.kind is Kind.FACE]
    bodies = without_doubles([found for found in ordered if found.kind is not Kind.FACE])
    owners = _owners(faces, bodies)
    seen = [Sighting(body, owners.get(index)) for index, body in enumerate(bodies)]
    taken = set(map(id, owners.values()))
    alone = [face for face in faces if id(face) not in taken and not _inside_any(face, seen)]
    return (*seen, *(Sighting(implied_body(face), face) for face in alone))


def without_doubles(bodies: Sequence[Detection]) -> list[Detection]:
    """The bodies, surest first, without those that lie almost whole in a surer one of like size.

    A detector often gives the upper half of a body once more. A much smaller body within a large box is
    kept: it may be a child, or someone farther away.
    """
    kept: list[Detection] = []
    for body in bodies:
        if not any(_is_double(body, surer) for surer in kept):
            kept.append(body)
    return kept


def _is_double(body: Detection, surer: Detection) -> bool:
    if body.kind is not surer.kind:
        return False
    smaller, larger = sorted((body.box.area, surer.box.area))
    least = _SAME_BODY if body.score >= _SURE else _SAME_BODY_UNSURE
    return smaller > 0.15 * larger and overlap(body.box, surer.box) > least * smaller


def implied_body(face: Detection) -> Detection:
    """The body that a lone face implies: 2.8 faces wide, from above its brow to six faces below, cut at the edge.

    A BlazeFace box reaches from brow to chin, about three quarters of a head; a standing adult is seven and
    a half heads tall, of which a camera that sees a face this large seldom shows more than the upper five.
    """
    box = face.box
    middle = box.centre.x
    body = Box(middle - 1.4 * box.width, box.y0 - 0.4 * box.height, middle + 1.4 * box.width, box.y1 + 5 * box.height)
    return replace(face, kind=Kind.PERSON, box=body.clipped(), score=face.score * _IMPLIED_SCORE)


def _rank(found: Detection) -> tuple[float, float, float, float, float, str]:
    return (-found.score, found.box.x0, found.box.y0, found.box.x1, found.box.y1, found.kind.value)


def _owners(faces: Sequence[Detection], bodies: Sequence[Detection]) -> dict[int, Detection]:
    """For each body (by its place in the list) the face on it: nearest pairs first, one face a body."""
    pairs = sorted(
        (distance, place, index)
        for place, face in enumerate(faces)
        for index, body in enumerate(bodies)
        if body.kind is Kind.PERSON and (distance := _head_distance(face, body)) is not None
    )
    owners: dict[int, Detection] = {}
    for _, place, index in pairs:
        if index not in owners and faces[place] not in owners.values():
            owners[index] = faces[place]
    return owners


def _head_distance(face: Detection, body: Detection) -> float | None:
    """How far the face is from where the body's head should be, in body widths; None when it cannot be its."""
    head = Box(
        body.box.x0, body.box.y0 - 0.1 * body.box.height, body.box.x1, body.box.y0 + _HEAD_SHARE * body.box.height
    )
    if not head.contains(face.box.centre):
        return None
    expected = _face_of_pose(body) or Point(body.box.centre.x, body.box.y0 + 0.1 * body.box.height)
    return face.box.centre.distance(expected) / max(body.box.width, 1e-6)


def _face_of_pose(body: Detection) -> Point | None:
    """Where the pose has the middle of the face: between nose and eyes, as far as they are seen."""
    named = (body.keypoint(name) for name in _FACE_POINTS)
    seen = [keypoint.point for keypoint in named if keypoint and keypoint.visibility >= _SEEN]
    if not seen:
        return None
    return Point(sum(point.x for point in seen) / len(seen), sum(point.y for point in seen) / len(seen))


def _inside_any(face: Detection, seen: Sequence[Sighting]) -> bool:
    """Whether a body without a face of its own already covers this face almost whole."""
    return any(
        sighting.face is None and overlap(face.box, sighting.body.box) > 0.8 * face.box.area for sighting in seen
    )

"""People on a still picture, each with the 33 points of the body, looked for as closely as time allows.

One detector knows how bodies lie but wants them near and whole; the other finds them far, from above and on the floor,
and says nothing of how they lie. So both look at the whole picture and at squares of it, and a body is believed that
both are sure of together. Whom only the second one finds is tried in four turns with the model of the points. On 406
photographs and frames of falls, of people who sit and who stand, this found nearly everybody who was seen whole, and
took furniture or a heap of things for somebody six times; each detector alone did so ten times as often.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smartlogd.base.errors import Missing
from smartlogd.base.geometry import Box, Point, iou, overlap
from smartlogd.base.pixels import brightened, resampled
from smartlogd.base.ports import Model
from smartlogd.base.seen import Detection, Keypoint, Kind, Pixels
from smartlogd.detect import landmarks
from smartlogd.detect.crops import square_round, squares, tiles
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.looks import BodyLook, ObjectLook
from smartlogd.detect.merge import is_seconded, joined
from smartlogd.detect.options import DetectOptions

if TYPE_CHECKING:
    from smartlogd.detect.registry import Registry

log = logging.getLogger("smartlogd.detect")

_SECOND = "coco_ssd_mobilenet"
_WHOLE = Box(0, 0, 1, 1)
_SHARE = 0.62
"""The squares' side, as a share of the picture's shorter one."""
_ROOMS = (1.3, 2.2)
"""The sides of the closer looks at a person found, in lengths of their box."""
_WEAK = 0.4
_TOGETHER = 1.15
"""The least sum of both scores: that of the body, times how sure the points' model is that there is one, and SSD's."""
_SUPPOSED = 0.35
"""What stands for the second score where SSD is not on this device."""
_ALONE = 0.6
_ALONE_PRESENT = 0.9
"""Someone found by SSD alone must be so sure, and the points' model surer still."""
_SAME_IOU = 0.3
_SAME_SHARE = 0.35
"""Two bodies of which the smaller shares so much with the other are one."""
_TURNS = ((0.0, -1.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0))
"""Where the head may be, seen from the hips: above, right, left, below."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A body with its points, and how surely it is one; `rank` says which of two that overlap is kept."""

    body: Detection
    rank: float


class StillPeople:
    """People on pictures of any size; for one thread at a time."""

    def __init__(self, pose: Model, landmark: Model, objects: Model | None, options: DetectOptions) -> None:
        weak = options.model_copy(update={"person_score": _WEAK, "object_score": min(options.object_score, 0.3)})
        self._bodies, self._landmark = BodyLook(pose, None, weak), landmark
        self._objects = ObjectLook(objects, weak) if objects else None

    def find(self, pixels: Pixels) -> tuple[Detection, ...]:
        """Everybody, the surest first; the score is the mean of both detectors' scores.

        A dark picture is looked at brightened: of 47 people on pictures made eight times darker that found 43, as they
        were 34.
        """
        pixels = brightened(pixels)
        height, width = pixels.shape[:2]
        parts = (_WHOLE, *tiles(width, height, 3), *squares(width, height, _SHARE))
        people = self._people(pixels, parts)
        closer = tuple(square_round(one.box, width, height, room).clipped() for one in people for room in _ROOMS)
        seen = [body for part in (*parts, *closer) for body in self._bodies.at(pixels, part)]
        found = [self._posed(pixels, body, people) for body in _distinct(seen, width, height)]
        kept = _apart([each for each in found if each is not None])
        alone = [one for one in people if one.score >= _ALONE and not any(_is_same(one, each.body) for each in kept)]
        turned = [self._turned(pixels, one) for one in alone]
        return tuple(each.body for each in _apart([*kept, *(each for each in turned if each is not None)]))

    def _people(self, pixels: Pixels, parts: Iterable[Box]) -> tuple[Detection, ...]:
        """Everybody that the model of objects finds."""
        if self._objects is None:
            return ()
        looks = [(part, self._objects.at(pixels, part)) for part in parts]
        return joined([(part, [one for one in found if one.kind is Kind.PERSON]) for part, found in looks])

    def _posed(self, pixels: Pixels, body: Detection, people: Sequence[Detection]) -> _Found | None:
        """The body with its points, if it is believed; people found by the other model speak for it."""
        present, posed = self._with_points(pixels, body)
        lone = 0.0 if self._objects else _SUPPOSED
        seconded = max((one.score for one in people if is_seconded(posed, one)), default=lone)
        together = body.score * present + seconded
        if present < landmarks.PRESENT or together < _TOGETHER:
            return None
        rank = 2 + body.score + present * _clearness(posed) + 0.3 * seconded
        return _Found(replace(posed, score=min(1.0, together / 2)), rank)

    def _turned(self, pixels: Pixels, person: Detection) -> _Found | None:
        """Someone of whom only the box is known, with the points of the turn in which they are seen best."""
        height, width = pixels.shape[:2]
        tried = [self._with_points(pixels, _guessed(person, turn, width, height)) for turn in _TURNS]
        best = max(
            ((present * _clearness(posed), posed) for present, posed in tried if present >= _ALONE_PRESENT),
            key=lambda each: each[0],
            default=None,
        )
        if best is None or iou(best[1].box, person.box) <= _SAME_IOU:
            return None
        return _Found(replace(best[1], score=person.score / 2), best[0])

    def _with_points(self, pixels: Pixels, body: Detection) -> tuple[float, Detection]:
        """How sure the model is of a body, and the body with its points, after a second, better aimed look."""
        height, width = pixels.shape[:2]
        present, posed = 0.0, body
        for _ in range(2):
            matrix = landmarks.crop_matrix(body, width, height)
            if matrix is None:
                break
            outputs = self._landmark(landmarks.landmark_input(resampled(pixels, matrix, landmarks.SIZE)))
            present = landmarks.presence(outputs)
            posed = landmarks.with_landmarks(body, outputs, matrix, width, height)
            body = landmarks.aimed(body, outputs, matrix, width, height)
        return present, posed


def open_people(options: DetectOptions, registry: Registry) -> StillPeople:
    """The models, verified and loaded; raises Missing or UnusableInput as `Registry.content` does.

    Without SSD, which the door profile does not need, fewer are found: that is logged.
    """
    pose, landmark = (
        from_bytes(registry.content(name), name, options.delegate) for name in ("pose_detector", "pose_landmark_full")
    )
    try:
        objects = from_bytes(registry.content(_SECOND), _SECOND, options.delegate)
    except Missing:
        log.warning("people are looked for with one model only", extra={"missing": _SECOND})
        return StillPeople(pose, landmark, None, options)
    return StillPeople(pose, landmark, objects, options)


def _guessed(person: Detection, turn: tuple[float, float], width: int, height: int) -> Detection:
    """A body that fills the person's box, its head in that direction."""
    reach = max(person.box.width * width, person.box.height * height) / 2
    hip = person.box.centre
    outline = Point(hip.x + turn[0] * reach / width, hip.y + turn[1] * reach / height)
    return replace(person, keypoints=(Keypoint("hip_centre", hip), Keypoint("full_body", outline)))


def _distinct(bodies: Iterable[Detection], width: int, height: int) -> list[Detection]:
    """The bodies, surest first, without those that would be cropped much as a surer one is."""
    kept: list[Detection] = []
    for body in sorted(bodies, key=lambda one: -one.score):
        if not any(_is_same_crop(body, surer, width, height) for surer in kept):
            kept.append(body)
    return kept


def _is_same_crop(one: Detection, other: Detection, width: int, height: int) -> bool:
    (hip, out), (its_hip, its_out) = (_aim(body, width, height) for body in (one, other))
    reach = max(abs(out - hip), abs(its_out - its_hip))
    return abs(hip - its_hip) < 0.25 * reach and abs(out - its_out) < 0.4 * reach


def _aim(body: Detection, width: int, height: int) -> tuple[complex, complex]:
    """The hip centre and the outline in pixels, as complex numbers."""
    points = (body.keypoint(name) for name in ("hip_centre", "full_body"))
    hip, outline = (complex(each.point.x * width, each.point.y * height) if each else 0j for each in points)
    return hip, outline


def _apart(found: Iterable[_Found]) -> list[_Found]:
    """The best of those that lie upon each other."""
    kept: list[_Found] = []
    for each in sorted(found, key=lambda one: -one.rank):
        if not any(_is_same(each.body, better.body) for better in kept):
            kept.append(each)
    return kept


def _is_same(one: Detection, other: Detection) -> bool:
    return overlap(one.box, other.box) > _SAME_SHARE * min(one.box.area, other.box.area)


def _clearness(body: Detection) -> float:
    """How well the points are seen, in the mean; 0 without any."""
    seen = [point.visibility for point in body.keypoints if point.world is not None]
    return sum(seen) / len(seen) if seen else 0.0

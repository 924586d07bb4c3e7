"""A picture and a model become detections: preparing, running, decoding, and joining several runs.

Each look belongs to one worker thread and counts its model's runs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from smartlogd.base.geometry import Box
from smartlogd.base.pixels import letterbox, squeezed, warped
from smartlogd.base.ports import Model
from smartlogd.base.seen import Detection, Kind, Pixels
from smartlogd.base.time import Stamp
from smartlogd.detect import faces, landmarks, objects, poses
from smartlogd.detect.cadence import Cadence
from smartlogd.detect.crops import crops, square_round, tiles
from smartlogd.detect.merge import is_seconded, joined
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.species import SpeciesLook

_WHOLE = Box(0, 0, 1, 1)
_PERSON_ROOM = 1.5
"""The side of the look at one person, in lengths of their box."""


class FaceLook:
    """Faces on the whole picture, then closer where someone moves or is followed."""

    def __init__(self, model: Model, options: DetectOptions) -> None:
        self._model, self._options = model, options
        self._size = model.input_shape[1]
        self._grid = faces.face_grid(self._size)
        self.calls: Counter[str] = Counter()

    def __call__(self, pixels: Pixels, regions: tuple[Box, ...] = (), turn: int = 0) -> tuple[Detection, ...]:
        """The faces of one picture, each once, best first; without regions the whole is looked at in tiles."""
        height, width = pixels.shape[:2]
        most, heads = self._options.face_crops, tuple(_upper(region) for region in regions)
        closer = crops(heads, width, height, most, turn) if regions else tiles(width, height, most)
        return joined([(part, self._run(pixels, part)) for part in (_WHOLE, *closer)])

    def _run(self, pixels: Pixels, part: Box) -> tuple[Detection, ...]:
        square, fit = letterbox(pixels, self._size, part)
        outputs = self._model(faces.face_input(square))
        self.calls[self._model.name] += 1
        return faces.faces(outputs, self._grid, fit, self._options.face_score)


class BodyLook:
    """Whole bodies, also far ones, and the 33 points of the surest of them where a landmark model is given.

    On a whole picture the model needs people of almost half its height; in a crop twice as long as they
    are it found 92 to 100 % of people of 60 to 180 pixels, of whom the whole 768 x 576 picture gave none.

    Where `feet` are asked for, points are found in every frame, and a body's box is drawn round them. Otherwise they
    only tell postures: they are found now and then, and the box stays as it is, so that nothing jumps.
    """

    def __init__(self, model: Model, landmark: Model | None, options: DetectOptions, *, feet: bool = True) -> None:
        self._model, self._landmark, self._options = model, landmark, options
        self._grid, self._feet = poses.pose_grid(), feet
        self._cadence = Cadence(0.0 if feet else options.points_every_s, options.landmark_people)
        self.calls: Counter[str] = Counter()

    def __call__(
        self, pixels: Pixels, regions: tuple[Box, ...] = (), turn: int = 0, stamp: Stamp | None = None
    ) -> tuple[Detection, ...]:
        """The people of one picture, each once, best first."""
        height, width = pixels.shape[:2]
        closer = crops(regions, width, height, self._options.body_crops, turn)
        people = joined([(part, self.at(pixels, part)) for part in (_WHOLE, *closer)])
        chosen = self._cadence.chosen(len(people), None if self._feet else stamp)
        return tuple(
            self.with_landmarks(pixels, body) if place in chosen else body for place, body in enumerate(people)
        )

    def at(self, pixels: Pixels, part: Box) -> tuple[Detection, ...]:
        """The people of one part of the picture, which becomes the model's square."""
        square, fit = letterbox(pixels, self._grid.size, part)
        outputs = self._model(poses.pose_input(square))
        self.calls[self._model.name] += 1
        return poses.bodies(outputs, self._grid, fit, self._options.person_score)

    def with_landmarks(self, pixels: Pixels, body: Detection) -> Detection:
        """The body with its points, where the model of the points sees it too."""
        height, width = pixels.shape[:2]
        matrix = landmarks.crop_matrix(body, width, height)
        if self._landmark is None or matrix is None:
            return body
        outputs = self._landmark(landmarks.landmark_input(warped(pixels, matrix, landmarks.SIZE)))
        self.calls[self._landmark.name] += 1
        posed = landmarks.with_landmarks(body, outputs, matrix, width, height)
        return posed if self._feet else replace(posed, box=body.box)


class PointLook:
    """The points of people whom another model found, in turn: each is looked at alone.

    `body_score` is how sure the model of bodies must be of someone whom the other one found already.
    """

    body_score = 0.4

    def __init__(self, model: Model, landmark: Model, options: DetectOptions) -> None:
        easier = options.model_copy(update={"person_score": self.body_score})
        self._bodies = BodyLook(model, landmark, easier, feet=False)
        self._cadence = Cadence(options.points_every_s, options.landmark_people)

    @property
    def calls(self) -> Counter[str]:
        """How often each model ran, by its name."""
        return self._bodies.calls

    def __call__(self, pixels: Pixels, found: tuple[Detection, ...], stamp: Stamp | None) -> tuple[Detection, ...]:
        """The same detections, with points where it is their turn and their body is found."""
        people = [place for place, one in enumerate(found) if one.kind is Kind.PERSON]
        turns = {people[turn] for turn in self._cadence.chosen(len(people), stamp)}
        return tuple(self._posed(pixels, one) if place in turns else one for place, one in enumerate(found))

    def _posed(self, pixels: Pixels, person: Detection) -> Detection:
        height, width = pixels.shape[:2]
        part = square_round(person.box, width, height, _PERSON_ROOM).clipped()
        bodies = [body for body in self._bodies.at(pixels, part) if is_seconded(body, person)]
        if not bodies:
            return person
        return replace(person, keypoints=self._bodies.with_landmarks(pixels, bodies[0]).keypoints)


class ObjectLook:
    """People, dogs and cats on the whole picture, then closer where something moves or is followed.

    A wide picture is squeezed into the model's square, which finds more than padding does (seen from a bridge,
    0.97 against 0.86 of the people with a score over 0.5); crops are square anyway.
    """

    def __init__(self, model: Model, options: DetectOptions) -> None:
        self._model, self._options = model, options
        self._size = model.input_shape[1]
        self._species = SpeciesLook(model)
        self.calls = self._species.calls

    def __call__(self, pixels: Pixels, regions: tuple[Box, ...] = (), turn: int = 0) -> tuple[Detection, ...]:
        """What one picture shows, each once, best first; without regions the whole is looked at in tiles."""
        height, width = pixels.shape[:2]
        most = self._options.object_crops
        closer = crops(regions, width, height, most, turn) if regions else tiles(width, height, most)
        return self._species.settled(pixels, joined([(part, self.at(pixels, part)) for part in (_WHOLE, *closer)]))

    def at(self, pixels: Pixels, part: Box) -> tuple[Detection, ...]:
        """What one part of the picture shows."""
        wide = part == _WHOLE and pixels.shape[1] >= pixels.shape[0]
        square, fit = squeezed(pixels, self._size) if wide else letterbox(pixels, self._size, part)
        outputs = self._model(objects.object_input(square))
        self.calls[self._model.name] += 1
        return objects.objects(outputs, fit, self._options.object_score)


def _upper(region: Box) -> Box:
    """Where the face of someone who fills `region` would be: its upper half."""
    return Box(region.x0, region.y0, region.x1, (region.y0 + region.y1) / 2)

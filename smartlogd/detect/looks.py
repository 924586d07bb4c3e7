"""A picture and a model become detections: preparing, running, decoding, and joining several runs.

Each look belongs to one worker thread and counts its model's runs.
"""

from __future__ import annotations

from collections import Counter

from smartlogd.base.geometry import Box
from smartlogd.base.pixels import letterbox, squeezed, warped
from smartlogd.base.ports import Model
from smartlogd.base.seen import Detection, Pixels
from smartlogd.detect import faces, landmarks, objects, poses
from smartlogd.detect.crops import crops, tiles
from smartlogd.detect.merge import joined
from smartlogd.detect.options import DetectOptions

_WHOLE = Box(0, 0, 1, 1)


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
    """

    def __init__(self, model: Model, landmark: Model | None, options: DetectOptions) -> None:
        self._model, self._landmark, self._options = model, landmark, options
        self._grid = poses.pose_grid()
        self.calls: Counter[str] = Counter()

    def __call__(self, pixels: Pixels, regions: tuple[Box, ...] = (), turn: int = 0) -> tuple[Detection, ...]:
        """The people of one picture, each once, best first."""
        height, width = pixels.shape[:2]
        closer = crops(regions, width, height, self._options.body_crops, turn)
        people = joined([(part, self.at(pixels, part)) for part in (_WHOLE, *closer)])
        surest = self._options.landmark_people
        return (*(self._with_landmarks(pixels, body) for body in people[:surest]), *people[surest:])

    def at(self, pixels: Pixels, part: Box) -> tuple[Detection, ...]:
        """The people of one part of the picture, which becomes the model's square."""
        square, fit = letterbox(pixels, self._grid.size, part)
        outputs = self._model(poses.pose_input(square))
        self.calls[self._model.name] += 1
        return poses.bodies(outputs, self._grid, fit, self._options.person_score)

    def _with_landmarks(self, pixels: Pixels, body: Detection) -> Detection:
        height, width = pixels.shape[:2]
        matrix = landmarks.crop_matrix(body, width, height)
        if self._landmark is None or matrix is None:
            return body
        outputs = self._landmark(landmarks.landmark_input(warped(pixels, matrix, landmarks.SIZE)))
        self.calls[self._landmark.name] += 1
        return landmarks.with_landmarks(body, outputs, matrix, width, height)


class ObjectLook:
    """People, dogs and cats on the whole picture, then closer where something moves or is followed.

    A wide picture is squeezed into the model's square, which finds more than padding does (seen from a bridge,
    0.97 against 0.86 of the people with a score over 0.5); crops are square anyway.
    """

    def __init__(self, model: Model, options: DetectOptions) -> None:
        self._model, self._options = model, options
        self._size = model.input_shape[1]
        self.calls: Counter[str] = Counter()

    def __call__(self, pixels: Pixels, regions: tuple[Box, ...] = (), turn: int = 0) -> tuple[Detection, ...]:
        """What one picture shows, each once, best first; without regions the whole is looked at in tiles."""
        height, width = pixels.shape[:2]
        most = self._options.object_crops
        closer = crops(regions, width, height, most, turn) if regions else tiles(width, height, most)
        return joined([(part, self.at(pixels, part)) for part in (_WHOLE, *closer)])

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

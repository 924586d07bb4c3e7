"""A face on a picture becomes its chip, and the chip a point among faces."""

from __future__ import annotations

import math

import numpy as np

from smartlogd.base.errors import UnusableInput
from smartlogd.base.pixels import scaled, warped
from smartlogd.base.ports import Embedder, Model
from smartlogd.base.seen import Detection, Pixels
from smartlogd.base.who import DIMENSIONS, Embedding
from smartlogd.identify.align import CHIP, Matrix, alignment, scale

_LEAST_SCALE = 0.5
"""A face is shrunk by at most two in the warp itself, which does not antialias; the rest is done before, by areas."""


class TfliteEmbedder:
    """face_recognition's own network, run as TFLite."""

    def __init__(self, model: Model, name: str) -> None:
        """`model` takes RGB 0..255 as float32[1, 150, 150, 3] and gives float32[1, 128]; `name` says which it is."""
        self._model, self._name = model, name

    @property
    def model(self) -> str:
        """Which network makes the points."""
        return self._name

    def embed(self, chip: Pixels) -> Embedding:
        """The embedding, float32[128], of one aligned chip, uint8[150, 150, 3] RGB.

        Raises UnusableInput when the model gives something else than 128 finite numbers.
        """
        (output,) = self._model(chip.astype(np.float32)[None])
        vector = np.asarray(output, np.float32).reshape(-1)
        if vector.shape != (DIMENSIONS,) or not np.isfinite(vector).all():
            raise UnusableInput(f"The model {self._name} gave no embedding.", "Fetch it again: smartlogd models fetch.")
        return vector


def chip(pixels: Pixels, face: Detection) -> Pixels | None:
    """The face, uint8[150, 150, 3], upright and at the embedder's scale; None without its keypoints.

    A face that is more than twice as large as the chip is shrunk with antialiasing first.
    """
    height, width = pixels.shape[:2]
    matrix = alignment(face, width, height)
    if matrix is None or not scale(matrix) > 0:
        return None
    if scale(matrix) >= _LEAST_SCALE:
        return warped(pixels, matrix, CHIP)
    return _shrunk(pixels, matrix)


def embedding(embedder: Embedder, aligned: Pixels) -> Embedding:
    """The point of a face and of its mirror image, their middle: steadier than either.

    It costs two runs of the embedder.
    """
    mirrored = np.ascontiguousarray(aligned[:, ::-1])
    return np.asarray((embedder.embed(aligned) + embedder.embed(mirrored)) / 2, np.float32)


def _shrunk(pixels: Pixels, matrix: Matrix) -> Pixels:
    """The chip of a large face: what it shows is cut out, shrunk by areas, and warped from there."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [CHIP, 0], [0, CHIP], [CHIP, CHIP]], np.float64)
    on_picture = np.linalg.solve(matrix[:, :2], (corners - matrix[:, 2]).T).T
    (left, top), (right, bottom) = np.floor(on_picture.min(axis=0)) - 1, np.ceil(on_picture.max(axis=0)) + 2
    x0, y0 = (int(min(max(side, 0), most - 1)) for side, most in ((left, width), (top, height)))
    x1, y1 = (int(min(max(side, low + 1), most)) for side, low, most in ((right, x0, width), (bottom, y0, height)))
    cut = pixels[y0:y1, x0:x1]
    small = scaled(cut, max(1, math.ceil(max(cut.shape[:2]) * scale(matrix))))
    across, down = cut.shape[1] / small.shape[1], cut.shape[0] / small.shape[0]
    # Pixel i of the shrunk cut has its middle at (i + 1/2) * across - 1/2 of the cut.
    back = np.array([[across, 0, x0 + (across - 1) / 2], [0, down, y0 + (down - 1) / 2], [0, 0, 1]])
    return warped(small, matrix @ back, CHIP)

"""A face on a picture becomes its chip, and the chip a point among faces."""

from __future__ import annotations

import numpy as np

from smartlogd.base.errors import UnusableInput
from smartlogd.base.pixels import resampled
from smartlogd.base.ports import Embedder, Model
from smartlogd.base.seen import Detection, Pixels
from smartlogd.base.who import DIMENSIONS, Embedding
from smartlogd.identify.align import CHIP, alignment, scale


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

    A face that is more than twice as large as the chip is shrunk with antialiasing.
    """
    height, width = pixels.shape[:2]
    matrix = alignment(face, width, height)
    if matrix is None or not scale(matrix) > 0:
        return None
    return resampled(pixels, matrix, CHIP)


def embedding(embedder: Embedder, aligned: Pixels) -> Embedding:
    """The point of a face and of its mirror image, their middle, for two runs of the embedder.

    A face turned to one side and the same face turned to the other are nearer so: where 2 of 1,000 strangers are named,
    0.85 of people are known by it, and 0.83 by the face alone.
    """
    mirrored = np.ascontiguousarray(aligned[:, ::-1])
    return np.asarray((embedder.embed(aligned) + embedder.embed(mirrored)) / 2, np.float32)

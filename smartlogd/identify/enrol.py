"""A photograph of someone becomes one face to remember them by, or a reason why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from smartlogd.base.ports import Embedder
from smartlogd.base.seen import Detection, Pixels
from smartlogd.base.who import Embedding, Who
from smartlogd.identify.embedder import chip, embedding
from smartlogd.identify.gallery import Gallery
from smartlogd.identify.quality import Gate, Quality, Refusal, measure, refusals

COMPARABLE = 0.6
"""A second face of at least this share of the largest one's width makes it unclear who is meant."""
SURE = 0.65
"""What the close looks are less sure of is no rival: a pattern that looks like a face."""
DOUBLE_DISTANCE = 0.02
"""Two faces nearer than this are one photograph."""

FindFaces = Callable[[Pixels], tuple[Detection, ...]]
"""Every face of a photograph, the surest first, with exact keypoints."""

NO_FACE = Refusal("no face", "There is no face to be found.", "Show the whole face, upright and in good light.")
DOUBLE = Refusal("double", "This photograph is taken already.", "Give one of another moment.")


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """One face to remember someone by: the aligned `chip` (uint8[150, 150, 3]), its `vector`, how good it is."""

    chip: Pixels
    vector: Embedding
    quality: Quality


class Enroller:
    """Looks at photographs of one person each; for one thread at a time."""

    def __init__(self, faces: FindFaces, embedder: Embedder, gate: Gate) -> None:
        self._faces, self._embedder, self._gate = faces, embedder, gate

    @property
    def model(self) -> str:
        """Which network the vectors are of."""
        return self._embedder.model

    def look(self, pixels: Pixels) -> Taken | Refusal:
        """The face of whom the picture (uint8[h, w, 3] RGB) shows, or why it cannot serve."""
        height, width = pixels.shape[:2]
        face = foremost(self._faces(pixels))
        if isinstance(face, Refusal):
            return face
        aligned = chip(pixels, face)
        if aligned is None:
            return NO_FACE
        quality = measure(face, aligned, width, height)
        refused = refusals(quality, self._gate)
        return refused[0] if refused else Taken(aligned, embedding(self._embedder, aligned), quality)


def foremost(faces: Sequence[Detection]) -> Detection | Refusal:
    """The face a photograph is of: the largest of those that surely are faces, if no other is of comparable size."""
    if not faces:
        return NO_FACE
    surely = [face for face in faces if face.score >= SURE] or faces[:1]
    by_size = sorted(surely, key=lambda face: face.box.width, reverse=True)
    rivals = [face for face in by_size if face.box.width >= COMPARABLE * by_size[0].box.width]
    if len(rivals) == 1:
        return by_size[0]
    hint = "Give a photograph of the one person alone, or cut the others off."
    return Refusal("several faces", f"There are {len(rivals)} faces, and it is unclear whose is meant.", hint)


def is_double(vector: Embedding, taken: Sequence[Embedding]) -> bool:
    """Whether one of these faces is of the very same photograph."""
    return any(float(np.linalg.norm(vector - other)) < DOUBLE_DISTANCE for other in taken)


def mistaken(
    vector: Embedding, own: Sequence[Embedding], others: Gallery, known_distance: float, doubt_distance: float
) -> Who | None:
    """The known person for whom this face is taken at least as easily as for its own; None when all is well.

    `own` are the person's other faces; without any, whoever is within `known_distance` is told of. Nobody beyond
    `doubt_distance` is.
    """
    nearest = next((near for near in others.nearest(vector) if near.who.is_known), None)
    if nearest is None or nearest.distance > doubt_distance:
        return None
    to_own = min((float(np.linalg.norm(vector - other)) for other in own), default=known_distance)
    return nearest.who if nearest.distance <= to_own else None


def is_unlike(vector: Embedding, own: Sequence[Embedding], doubt_distance: float) -> bool:
    """Whether a face is farther than `doubt_distance` from all the person's other faces; not where there are none."""
    return bool(own) and all(float(np.linalg.norm(vector - other)) > doubt_distance for other in own)

"""Whose faces are to be hidden: everyone's whom nobody has enrolled, and in doubt a known person's too."""

from __future__ import annotations

from smartlogd.base.geometry import Box
from smartlogd.base.ports import Embedder
from smartlogd.base.seen import Detection, Pixels
from smartlogd.identify.embedder import chip, embedding
from smartlogd.identify.enrol import FindFaces
from smartlogd.identify.gallery import Gallery


class Strangers:
    """Finds the faces on a picture that are not surely those of people who are known; for one thread at a time.

    A face is known within `known_distance` of an enrolled one, by this picture alone; with nobody enrolled all are
    strangers', and nothing is embedded.
    """

    def __init__(self, faces: FindFaces, embedder: Embedder, gallery: Gallery, known_distance: float) -> None:
        self._faces, self._embedder, self._gallery = faces, embedder, gallery
        self._known_distance = known_distance

    def __call__(self, pixels: Pixels) -> tuple[Box, ...]:
        """Where they are."""
        return tuple(face.box for face in self._faces(pixels) if not self._is_known(pixels, face))

    def _is_known(self, pixels: Pixels, face: Detection) -> bool:
        aligned = chip(pixels, face) if len(self._gallery) else None
        if aligned is None:
            return False
        nearest = next(iter(self._gallery.nearest(embedding(self._embedder, aligned))), None)
        return nearest is not None and nearest.who.is_known and nearest.distance <= self._known_distance

"""Dogs and cats on a still picture, looked for as closely as time allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartlogd.base.geometry import Box, overlap
from smartlogd.base.pixels import letterbox, squeezed
from smartlogd.base.ports import Model
from smartlogd.base.seen import Detection, Kind, Pixels
from smartlogd.detect import objects
from smartlogd.detect.crops import tiles
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.merge import joined
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.species import SpeciesLook, kind_of

if TYPE_CHECKING:
    from smartlogd.detect.registry import Registry

_WHOLE = Box(0, 0, 1, 1)
_LEAST = 0.4
"""A still needs no weak sightings, which only carry on a track."""
_SAME_SHARE = 0.4
"""An animal of which so much lies in a surer one is that one's head, or the same again."""


class StillAnimals:
    """Dogs and cats on pictures of any size; for one thread at a time.

    Whatever goes on four legs is looked at again, alone (see `species`): a white dog is taken for a bear, a black one
    for a sheep. What was no dog or cat at first must be more of one than of anything else then.
    """

    def __init__(self, model: Model, options: DetectOptions) -> None:
        self._model, self._size = model, model.input_shape[1]
        self._least = max(_LEAST, options.object_score)
        self._species = SpeciesLook(model)

    def find(self, pixels: Pixels) -> tuple[Detection, ...]:
        """Every dog and cat, the surest first."""
        height, width = pixels.shape[:2]
        parts = (_WHOLE, *tiles(width, height, 3))
        words: dict[Box, str] = {}
        looks = [(part, self._at(pixels, part, words)) for part in parts]
        judged = (self._judged(pixels, one, words[one.box]) for one in joined(looks))
        kept: list[Detection] = []
        for one in (each for each in judged if each is not None):
            if all(overlap(one.box, surer.box) <= _SAME_SHARE * min(one.box.area, surer.box.area) for surer in kept):
                kept.append(one)
        return tuple(kept)

    def _at(self, pixels: Pixels, part: Box, words: dict[Box, str]) -> list[Detection]:
        """The animals of one part of the picture, of whatever class, which is noted in `words` by their boxes."""
        square, fit = squeezed(pixels, self._size) if part == _WHOLE else letterbox(pixels, self._size, part)
        rows = objects.four_legged(self._model(objects.object_input(square)), fit, self._least)
        found = [(word, Detection(Kind.CAT if word == "cat" else Kind.DOG, box, score)) for word, box, score in rows]
        words |= {one.box: word for word, one in found}
        return [one for _, one in found]

    def _judged(self, pixels: Pixels, one: Detection, word: str) -> Detection | None:
        """The animal as the dog or the cat that it is; None where it is neither, or that is unclear."""
        scores = self._species.scores(pixels, one.box)
        kind = kind_of(scores)
        if kind is None:
            return None
        is_other = word not in {"dog", "cat"} and max(scores.values()) > scores[kind.value]
        return None if is_other else Detection(kind, one.box, one.score)


def open_animals(options: DetectOptions, registry: Registry) -> StillAnimals:
    """The model, verified and loaded; raises Missing or UnusableInput as `Registry.content` does."""
    name = "coco_ssd_mobilenet"
    return StillAnimals(from_bytes(registry.content(name), name, options.delegate), options)

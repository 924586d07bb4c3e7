"""Dogs and cats on a still picture, and which of the two one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartlogd.base.ports import Model
from smartlogd.base.seen import Detection, Kind, Pixels
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.looks import ObjectLook
from smartlogd.detect.options import DetectOptions

if TYPE_CHECKING:
    from smartlogd.detect.registry import Registry


class StillAnimals:
    """Dogs and cats on pictures of any size; for one thread at a time."""

    def __init__(self, objects: Model, options: DetectOptions) -> None:
        self._look = ObjectLook(objects, options)

    def find(self, pixels: Pixels) -> tuple[Detection, ...]:
        """Every dog and cat, the surest first."""
        return tuple(one for one in self._look(pixels) if one.kind is not Kind.PERSON)


def open_animals(options: DetectOptions, registry: Registry) -> StillAnimals:
    """The model, verified and loaded; raises Missing or UnusableInput as `Registry.content` does."""
    name = "coco_ssd_mobilenet"
    return StillAnimals(from_bytes(registry.content(name), name, options.delegate), options)

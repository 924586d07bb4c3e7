"""People on a still picture, each with the 33 points of the body, looked for as closely as time allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartlogd.base.ports import Model
from smartlogd.base.seen import Detection, Pixels
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.looks import BodyLook
from smartlogd.detect.options import DetectOptions

if TYPE_CHECKING:
    from smartlogd.detect.registry import Registry


class StillPeople:
    """People on pictures of any size; for one thread at a time."""

    def __init__(self, pose: Model, landmark: Model, objects: Model, options: DetectOptions) -> None:
        self._look = BodyLook(pose, landmark, options)

    def find(self, pixels: Pixels) -> tuple[Detection, ...]:
        """Everybody, the surest first."""
        return self._look(pixels)


def open_people(options: DetectOptions, registry: Registry) -> StillPeople:
    """The three models, verified and loaded; raises Missing or UnusableInput as `Registry.content` does."""
    pose, landmark, objects = (
        from_bytes(registry.content(name), name, options.delegate)
        for name in ("pose_detector", "pose_landmark_full", "coco_ssd_mobilenet")
    )
    return StillPeople(pose, landmark, objects, options)

"""The two ways to look at a frame: at a door, and over a wide view.

Each look has one worker thread, in which its pictures are also prepared; `find` waits for them and the
event loop goes on meanwhile. Nothing is kept between frames: the same frame with the same regions gives
the same detections, in the same order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from smartlogd.base.geometry import Box
from smartlogd.base.ports import Model
from smartlogd.base.seen import Detection, Frame
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.looks import BodyLook, FaceLook, ObjectLook
from smartlogd.detect.options import DetectOptions

if TYPE_CHECKING:
    from smartlogd.detect.registry import Registry


class DoorDetector:
    """Faces and whole bodies, found side by side in two threads."""

    def __init__(self, face: Model, pose: Model, landmark: Model | None, options: DetectOptions) -> None:
        self._faces, self._bodies = FaceLook(face, options), BodyLook(pose, landmark, options)
        self._face_thread = ThreadPoolExecutor(1, thread_name_prefix="smartlogd-faces")
        self._body_thread = ThreadPoolExecutor(1, thread_name_prefix="smartlogd-bodies")

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each model ran, by its name."""
        return {**self._faces.calls, **self._bodies.calls}

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        """The people, then the faces, each best first; in `regions` both are looked for more closely."""
        loop = asyncio.get_running_loop()
        faces = loop.run_in_executor(self._face_thread, self._faces, frame.pixels, regions, frame.seq)
        bodies = loop.run_in_executor(self._body_thread, self._bodies, frame.pixels, regions, frame.seq)
        found_bodies, found_faces = await asyncio.gather(bodies, faces)
        return found_bodies + found_faces

    async def close(self) -> None:
        """End the worker threads; a second call does nothing."""
        await asyncio.gather(_ended(self._face_thread), _ended(self._body_thread))


class WideDetector:
    """People, dogs and cats over a wide view, also small ones, where `regions` say to look closer."""

    def __init__(self, objects: Model, options: DetectOptions) -> None:
        self._objects = ObjectLook(objects, options)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smartlogd-objects")

    @property
    def calls(self) -> Mapping[str, int]:
        """How often the model ran, by its name."""
        return dict(self._objects.calls)

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        """What the frame shows, best first."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._objects, frame.pixels, regions, frame.seq
        )

    async def close(self) -> None:
        """End the worker thread; a second call does nothing."""
        await _ended(self._thread)


async def _ended(thread: ThreadPoolExecutor) -> None:
    """Return when the thread has ended; a model that hangs must hold up no event loop."""
    await asyncio.to_thread(thread.shutdown, wait=True, cancel_futures=True)


def open_detector(options: DetectOptions, registry: Registry, *, feet: bool) -> DoorDetector | WideDetector:
    """The detector of the profile, its models verified and loaded; `feet` says that a line asks for ankles.

    Raises Missing or UnusableInput, naming the model, as `Registry.content` does.
    """

    def model(name: str) -> Model:
        return from_bytes(registry.content(name), name, options.delegate)

    if options.profile == "wide":
        return WideDetector(model("coco_ssd_mobilenet"), options)
    landmark = model("pose_landmark_full") if feet or options.landmarks else None
    return DoorDetector(model("face_full_range"), model("pose_detector"), landmark, options)

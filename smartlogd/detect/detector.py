"""The two ways to look at a frame: at a door, and over a wide view.

Each look has one worker thread, in which its pictures are also prepared; `find` waits for them and the
event loop goes on meanwhile. Nothing is kept between frames but when the points of bodies, and what somebody does, were
last looked for: the same frames with the same regions give the same detections, in the same order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from smartlogd.base.errors import Missing
from smartlogd.base.geometry import Box
from smartlogd.base.ports import Model
from smartlogd.base.seen import Detection, Frame
from smartlogd.detect.actions import ActionLook, open_action
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.looks import BodyLook, FaceLook, ObjectLook, PointLook
from smartlogd.detect.options import DetectOptions

if TYPE_CHECKING:
    from smartlogd.detect.registry import Registry


class DoorDetector:
    """Faces and whole bodies, found side by side in two threads."""

    def __init__(
        self,
        face: Model,
        pose: Model,
        landmark: Model | None,
        options: DetectOptions,
        *,
        feet: bool = True,
        actions: ActionLook | None = None,
    ) -> None:
        self._faces, self._bodies = FaceLook(face, options), BodyLook(pose, landmark, options, feet=feet)
        self._actions = actions
        self._face_thread = ThreadPoolExecutor(1, thread_name_prefix="smartlogd-faces")
        self._body_thread = ThreadPoolExecutor(1, thread_name_prefix="smartlogd-bodies")

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each model ran, by its name."""
        return {**self._faces.calls, **self._bodies.calls, **_calls(self._actions)}

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        """The people, then the faces, each best first; in `regions` both are looked for more closely."""
        loop = asyncio.get_running_loop()
        faces = loop.run_in_executor(self._face_thread, self._faces, frame.pixels, regions, frame.seq)
        bodies = loop.run_in_executor(self._body_thread, self._people, frame, regions)
        found_bodies, found_faces = await asyncio.gather(bodies, faces)
        return found_bodies + found_faces

    def _people(self, frame: Frame, regions: tuple[Box, ...]) -> tuple[Detection, ...]:
        people = self._bodies(frame.pixels, regions, frame.seq, frame.stamp)
        return self._actions(frame.pixels, people, frame.stamp) if self._actions else people

    async def close(self) -> None:
        """End the worker threads; a second call does nothing."""
        await asyncio.gather(_ended(self._face_thread), _ended(self._body_thread))


class WideDetector:
    """People, dogs and cats over a wide view, also small ones, where `regions` say to look closer."""

    def __init__(
        self,
        objects: Model,
        options: DetectOptions,
        *,
        points: PointLook | None = None,
        actions: ActionLook | None = None,
    ) -> None:
        self._objects, self._points, self._actions = ObjectLook(objects, options), points, actions
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smartlogd-objects")

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each model ran, by its name."""
        points = self._points.calls if self._points else {}
        return {**self._objects.calls, **points, **_calls(self._actions)}

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        """What the frame shows, best first."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._found, frame, regions)

    def _found(self, frame: Frame, regions: tuple[Box, ...]) -> tuple[Detection, ...]:
        found = self._objects(frame.pixels, regions, frame.seq)
        if self._points:
            found = self._points(frame.pixels, found, frame.stamp)
        return self._actions(frame.pixels, found, frame.stamp) if self._actions else found

    async def close(self) -> None:
        """End the worker thread; a second call does nothing."""
        await _ended(self._thread)


async def _ended(thread: ThreadPoolExecutor) -> None:
    """Return when the thread has ended; a model that hangs must hold up no event loop."""
    await asyncio.to_thread(thread.shutdown, wait=True, cancel_futures=True)


def _calls(actions: ActionLook | None) -> Mapping[str, int]:
    return {actions.name: actions.calls} if actions and actions.calls else {}


def open_detector(options: DetectOptions, registry: Registry, *, feet: bool) -> DoorDetector | WideDetector:
    """The detector of the profile, its models verified and loaded; `feet` says that a line asks for ankles.

    A model that was activated in the place of actions looks too. Raises Missing or UnusableInput, naming the model,
    as `Registry.content` does.
    """

    def model(name: str) -> Model:
        return from_bytes(registry.content(name), name, options.delegate)

    actions = open_action(options, registry)
    if options.profile == "wide":
        objects = model("coco_ssd_mobilenet")
        return WideDetector(objects, options, points=_points(options, registry, feet=feet), actions=actions)
    face, pose = model("face_full_range"), model("pose_detector")
    landmark = model("pose_landmark_full") if feet or options.landmarks else None
    return DoorDetector(face, pose, landmark, options, feet=feet, actions=actions)


def _points(options: DetectOptions, registry: Registry, *, feet: bool) -> PointLook | None:
    """What finds points in the wide profile; None where it is not wanted, or its models are not on this device.

    A line that asks for feet would take ankles that are seen now and then for feet that jump: it gets none.
    """
    if feet or not options.landmarks:
        return None
    try:
        contents = [(name, registry.content(name)) for name in ("pose_detector", "pose_landmark_full")]
    except Missing:
        return None
    pose, landmark = (from_bytes(content, name, options.delegate) for name, content in contents)
    return PointLook(pose, landmark, options)

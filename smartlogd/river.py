"""The lens and everything behind it in a running daemon: opened, paused, given other settings, built anew."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartlogd import wiring
from smartlogd.base.errors import ServiceAway, SmartlogError
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import PersonId
from smartlogd.base.ports import Camera, Detector
from smartlogd.base.seen import Frame
from smartlogd.base.time import SystemClock
from smartlogd.recognition import opened, refreshed, swept, unrecognised
from smartlogd.supervise import within

if TYPE_CHECKING:
    from smartlogd.identify.identifier import FaceIdentifier
    from smartlogd.pipeline import Ender, Forgiver, Pipeline, Tally, Watcher
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.store.whom import Called

CLOSE_S = 2.5
"""How long a camera or a detector may take to close."""

GAP_S = 5.0
"""How long the first frame of other models is waited for, to say how long the gap was."""

log = logging.getLogger("smartlogd.river")


@dataclass(slots=True)
class Parts:
    """What is open between the lens and the journal."""

    camera: Camera
    detector: Detector
    identifier: FaceIdentifier | None
    pipeline: Pipeline


class River:
    """From the lens to the journal. `settings` are asked each time they are needed, so that a reload is heard.

    `is_patient`: where no camera is found, one is waited for.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        tally: Tally,
        watchers: tuple[Watcher, ...],
        enders: tuple[Ender, ...] = (),
        *,
        is_patient: bool,
    ) -> None:
        self._settings, self._tally, self._watchers, self._is_patient = settings, tally, watchers, is_patient
        self._enders = enders
        self._store: Store | None = None
        self._parts: Parts | None = None
        self._people: Mapping[PersonId, Called] = {}
        self._anew, self._changing = asyncio.Event(), asyncio.Lock()
        self._unrecognised = ""
        self.left_behind: list[str] = []
        self._share = 1.0
        self.is_paused = False
        self.models_changed = 0
        """How often other models were put in since the start."""
        self.forgives: Forgiver = lambda _: False
        """Asked when the models failed at a frame: whether to go on without it."""

    @property
    def parts(self) -> Parts:
        """What is open; ServiceAway while it is still being opened."""
        if self._parts is None:
            raise ServiceAway("smartlogd is still starting.", "Try again in a moment.")
        return self._parts

    @property
    def camera(self) -> Camera | None:
        """The camera, once there is one."""
        return self._parts.camera if self._parts else None

    def recognising(self) -> tuple[int | None, str]:
        """How many faces are remembered, None where nobody is recognised; and the sentence why not."""
        identifier = self._parts.identifier if self._parts else None
        return (len(identifier.gallery) if identifier else None), self._unrecognised

    def name_of(self, person: PersonId | None) -> str | None:
        """What someone who is known is called."""
        called = self._people.get(person) if person else None
        return called.name if called else None

    # From first to last ------------------------------------------------------------------------------

    async def open(self, stack: contextlib.AsyncExitStack, opening: Callable[[], Store]) -> Store:
        """Open the models in threads while `opening` opens the database; `stack` closes all, the last first."""
        loading = asyncio.ensure_future(asyncio.to_thread(wiring.detector, self._settings()))
        faces = asyncio.ensure_future(asyncio.to_thread(opened, self._settings()))
        try:
            self._store = store = await asyncio.to_thread(opening)
            stack.push_async_callback(within, CLOSE_S, store.close, "the database", self.left_behind)
            detector = await loading
            stack.push_async_callback(self._close_detector, detector)
            found = await faces
        finally:
            loading.cancel()
            faces.cancel()
        if isinstance(found, SmartlogError):
            self._unrecognised = unrecognised(found)
        identifier = None if isinstance(found, SmartlogError) else found
        if identifier is not None:
            stack.push_async_callback(within, CLOSE_S, identifier.close, "recognition", self.left_behind)
        camera = self._filming(store)
        stack.push_async_callback(self.close)
        pipeline = wiring.pipeline(
            self._settings(),
            camera=camera,
            detector=detector,
            ids=LiveIds(),
            journal=store.journal,
            identifier=identifier,
            watchers=self._watchers,
            enders=self._enders,
            tally=self._tally,
            forgives=self._forgiven,
        )
        from smartlogd.store.privacy import was_camera_paused

        if await asyncio.to_thread(was_camera_paused, store.path):
            self.is_paused = True
            await camera.pause()
        self._people = await refreshed(store, pipeline, identifier)
        self._parts = Parts(camera, detector, identifier, pipeline)
        return store

    async def run(self) -> None:
        """Carry frames until the camera ends or this is cancelled; through every `rebuild`, too."""
        while True:
            self._anew.clear()
            flowing = asyncio.create_task(self.parts.pipeline.run(), name="pipeline")
            told = asyncio.create_task(self._anew.wait(), name="pipeline: anew")
            try:
                await asyncio.wait({flowing, told}, return_when=asyncio.FIRST_COMPLETED)
                if flowing.done():
                    return await flowing
            finally:
                for task in (flowing, told):
                    task.cancel()
                await asyncio.gather(flowing, told, return_exceptions=True)
            await self._build()

    def rebuild(self) -> None:
        """Open camera and models anew, soon: tracks end, and nothing that was logged is touched."""
        self._anew.set()

    async def sweep(self) -> None:
        """Let go of pictures and faces that were kept long enough; DiskTrouble where the disk refuses."""
        if await swept(self._opened_store(), self._settings().identify):
            await self.refresh()

    async def refresh(self) -> None:
        """Know the faces and the names that the database has by now."""
        if self._parts is not None:
            self._people = await refreshed(self._opened_store(), self._parts.pipeline, self._parts.identifier)

    async def close(self) -> None:
        """Give the lens back; what was seen is in the journal."""
        if self._parts is not None:
            self._parts.pipeline.leave()
            await within(CLOSE_S, self._parts.camera.close, "the camera", self.left_behind)

    # What is asked of it -----------------------------------------------------------------------------

    async def pause(self) -> None:
        """Close the lens until `resume`."""
        self.is_paused = True
        if self._parts is not None:
            await self._parts.camera.pause()
            self._parts.pipeline.leave()

    async def remember_pause(self, *, is_paused: bool) -> None:
        """Note it in the database: a lens that was to be closed stays so after a power cut."""
        from smartlogd.store.privacy import set_camera_paused

        await self._opened_store().change(lambda connection: set_camera_paused(connection, is_paused=is_paused))

    async def resume(self) -> None:
        """Open the lens again."""
        self.is_paused = False
        if self._parts is not None:
            await self._parts.camera.resume()

    async def apply(self, old: Settings, new: Settings) -> None:
        """Bring other settings into effect; what can fail comes first. Before it is open there is nothing to do."""
        parts = self._parts
        if parts is None:
            return
        if old.detect != new.detect or wiring.needs_feet(old) != wiring.needs_feet(new):
            async with self._changing:
                await self._redetect(parts, await asyncio.to_thread(wiring.detector, new))
        movement = new.movement
        parts.pipeline.relined(
            movement.crossing_lines(), movement.rules(), movement.watched_zones(), movement.behaviour_rules()
        )
        parts.pipeline.identities.rules = wiring.votes(new)
        if parts.identifier:
            parts.identifier.options = new.identify
        if old.capture.motion != new.capture.motion:
            parts.pipeline.refitted(gate=wiring.gate(new), heartbeat_s=new.capture.motion.heartbeat_s)

    async def remodel(self) -> float:
        """Use the models that are activated by now; frames go on through the old ones until the new ones are loaded.

        Gives how many seconds passed between the last frame of the old and the first of the new (0 where no frames
        come). Raises what loading them raises, and then the old ones stay.
        """
        parts, settings = self.parts, self._settings()
        async with self._changing:
            detector = await asyncio.to_thread(wiring.detector, settings)
            faces = None if parts.identifier is None else await asyncio.to_thread(wiring.face_models, settings)
            before_s = self._tally.newest_s
            await self._redetect(parts, detector)
            if parts.identifier and faces:
                parts.identifier.embedder, parts.identifier.refine = faces
        self.models_changed += 1
        return await self._gap(before_s)

    def _forgiven(self, error: SmartlogError) -> bool:
        return self.forgives(error)

    async def _gap(self, before_s: float | None) -> float:
        """The time from the frame at `before_s` to the next one, as far as one comes soon."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GAP_S):
                while before_s is not None:
                    if (newest_s := self._tally.newest_s or 0.0) > before_s:
                        return newest_s - before_s
                    await asyncio.sleep(0.01)
        return 0.0

    def pace(self, share: float) -> None:
        """Use this share of the frames from now on: the device is hot, or cool again."""
        self._share = share
        self.parts.pipeline.paced(0.0 if share >= 1 else self.span_s)

    @property
    def span_s(self) -> float:
        """The time from one frame to the next, when all goes well."""
        return 1 / (self._settings().capture.fps * self._share)

    def frame(self) -> Frame:
        """The newest frame; ServiceAway where no lens is open, for one of before a pause is no picture of now."""
        is_filming = not self.is_paused and self.parts.camera.status == "running"
        frame = self.parts.pipeline.newest_frame if is_filming else None
        if frame is None:
            why = "The camera is paused." if self.is_paused else "The camera gives no frames."
            raise ServiceAway(why, "Try again once it runs: smartlogd status")
        return frame

    # Inside ------------------------------------------------------------------------------------------

    def _opened_store(self) -> Store:
        assert self._store is not None, "open() comes first"
        return self._store

    def _filming(self, store: Store) -> Camera:
        before = self._parts.camera if self._parts else None
        return wiring.camera(self._settings(), SystemClock(store.floor), is_patient=self._is_patient, like=before)

    async def _build(self) -> None:
        """Another camera and other models in the place of those that give nothing; where there are none, the old."""
        async with self._changing:
            parts, settings = self.parts, self._settings()
            try:
                camera = self._filming(self._opened_store())
                detector = await asyncio.to_thread(wiring.detector, settings)
            except SmartlogError as error:
                log.error("camera and models are not set up anew", extra={"what": error.what, "hint": error.hint})
                return
            await self.close()
            await self._redetect(parts, detector)
            parts.camera = camera
            if self.is_paused:
                await camera.pause()
            parts.pipeline.refilmed(camera)
        log.warning("camera and models set up anew", extra={"camera": camera.name})

    async def _redetect(self, parts: Parts, detector: Detector) -> None:
        """Use other models; the old ones work until the new ones can."""
        old, parts.detector = await parts.pipeline.redetected(detector), detector
        await within(CLOSE_S, old.close, "the detector", self.left_behind)

    async def _close_detector(self, first: Detector) -> None:
        detector = self._parts.detector if self._parts else first
        await within(CLOSE_S, detector.close, "the detector", self.left_behind)

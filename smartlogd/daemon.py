"""The daemon's life: start, run, supervise by fate, stop within ten seconds."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import smartlogd
from smartlogd import status, wiring
from smartlogd.base.errors import ServiceAway, SmartlogError
from smartlogd.base.ids import LiveIds, uuid7
from smartlogd.base.known import PersonId
from smartlogd.base.ports import Camera, Detector
from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.changing import change
from smartlogd.control import serve
from smartlogd.device import made
from smartlogd.pipeline import Pipeline, Tally, Watcher
from smartlogd.recognition import opened, refreshed, swept, unrecognised
from smartlogd.reloading import sorted_out, taken_over
from smartlogd.settings import Settings
from smartlogd.supervise import Part, first_error, hear, supervised, within
from smartlogd.syncing import Link

if TYPE_CHECKING:
    from smartlogd.identify.identifier import FaceIdentifier
    from smartlogd.store.engine import Store
    from smartlogd.store.whom import Called

CLOSE_S = 2.5
"""How long a camera or a detector may take to close."""
WRITE_LATER_S = 3.0
"""How long the journal waits for the first frame before it begins to write."""
TWICE_S = 0.5
"""Two Ctrl-C nearer to each other are one, for a terminal and a shell may each send it."""

log = logging.getLogger("smartlogd.daemon")


class Life(enum.Enum):
    """Where the daemon stands in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Turn(enum.Enum):
    """What moves the daemon on."""

    READY = "ready"
    STOP = "stop"
    DONE = "done"


LIFE: Mapping[Life, Mapping[Turn, Life]] = {
    Life.STARTING: {Turn.READY: Life.RUNNING, Turn.STOP: Life.STOPPING, Turn.DONE: Life.STOPPED},
    Life.RUNNING: {Turn.READY: Life.RUNNING, Turn.STOP: Life.STOPPING, Turn.DONE: Life.STOPPED},
    Life.STOPPING: {Turn.READY: Life.STOPPING, Turn.STOP: Life.STOPPING, Turn.DONE: Life.STOPPED},
    Life.STOPPED: dict.fromkeys(Turn, Life.STOPPED),
}


@dataclass(slots=True)
class _Parts:
    """What is open while the daemon runs."""

    store: Store
    camera: Camera
    pipeline: Pipeline
    identifier: FaceIdentifier | None
    link: Link


class Daemon:
    """Everything that runs while smartlogd runs; what the control socket talks to.

    `read` reads the settings anew for a reload. `report` is called with the state every `report_s` seconds.
    `last_resort` is called once when stopping begins: it may set a deadline on the whole process.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        read: Callable[[], Settings],
        socket: Path,
        watchers: tuple[Watcher, ...] = (),
        report: Callable[[Mapping[str, object]], None] | None = None,
        report_s: float = 60.0,
        last_resort: Callable[[], None] | None = None,
        began_s: float | None = None,
    ) -> None:
        self._settings, self._read, self._socket = settings, read, socket
        self._watchers, self._report, self._report_s = watchers, report, report_s
        self._last_resort = last_resort
        self._began_s = monotonic_s() if began_s is None else began_s
        self._tally = Tally()
        self._troubles: dict[str, str] = {}
        self._unrecognised = ""
        self._people: Mapping[PersonId, Called] = {}
        self._interrupted_s = 0.0
        self._life = Life.STARTING
        self._flowing, self._stopping = asyncio.Event(), asyncio.Event()
        self._reloading = asyncio.Lock()
        self._detector: Detector | None = None
        self._parts: _Parts | None = None
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Live until stopped, or until a recording ends; raises the SmartlogError that was fatal."""
        async with contextlib.AsyncExitStack() as stack:
            hear(self._signals(), stack)
            stack.callback(self._turn, Turn.DONE)
            # Told to stop meanwhile, it opens to the end and closes again: that is quick, and leaves nothing half open.
            self._parts = parts = await self._open(stack)
            if self._stopping.is_set():
                return
            self._turn(Turn.READY)
            log.info("running", extra={"camera": parts.camera.name, "pid": os.getpid()})
            fatal: SmartlogError | None = None
            try:
                await self._lived(parts)
            except* SmartlogError as failures:
                fatal = first_error(failures)  # raised in here, Pythons before 3.11.4 would wrap it in a group again
            if fatal is not None:
                raise fatal

    # What the control socket asks ------------------------------------------------------------------

    async def status(self) -> Mapping[str, object]:
        """The daemon's state as plain JSON values."""
        return self.state()

    async def reload(self) -> Mapping[str, object]:
        """Read the settings again: lines, thresholds and models change in mid-run, and tracks live on.

        Gives the keys that were `applied`, and those that a restart is `needed` for. When the new settings
        cannot be meant, or a model is missing, the old ones stay whole.
        """
        async with self._reloading:
            new = self._read()
            applied, needed = sorted_out(self._settings, new)
            await self._apply(taken_over(self._settings, new))
            if self._parts:
                self._parts.link.again()
            log.info("settings read again", extra={"applied": len(applied), "restart_needed": ",".join(needed) or "no"})
            return {"applied": list(applied), "restart_needed": list(needed)}

    async def change(self, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Change who people or strangers are; the gallery, and those in view, follow before the answer is given."""
        parts = self._parts
        if parts is None:
            raise ServiceAway("smartlogd is still starting.", "Try again in a moment.")

        clock = SystemClock(parts.store.floor)
        return await change(parts.store, what, arguments, clock=clock, refresh=self._refresh)

    async def sync(self, what: str) -> Mapping[str, object]:
        """How sending to the centre fares, and what to do about it."""
        if self._parts is None:
            raise ServiceAway("smartlogd is still starting.", "Try again in a moment.")
        return await self._parts.link.asked(what)

    async def _refresh(self) -> None:
        """Know the faces and the names that the database has by now."""
        if self._parts is not None:
            self._people = await refreshed(self._parts.store, self._parts.pipeline, self._parts.identifier)

    def name_of(self, person: PersonId | None) -> str | None:
        """What someone who is known is called."""
        called = self._people.get(person) if person else None
        return called.name if called else None

    async def stop(self) -> None:
        """Begin to stop."""
        self.begin_stop()

    def begin_stop(self) -> None:
        """Begin to stop; from any state, and harmless when begun already."""
        if self._stopping.is_set():
            return
        if self._last_resort:
            self._last_resort()
        self._turn(Turn.STOP)
        self._stopping.set()

    def state(self) -> Mapping[str, object]:
        """What a person or a program wants to know about a running daemon."""
        parts, settings = self._parts, self._settings
        now_s = monotonic_s()
        return {
            "state": self._life.value,
            "device": settings.device.name,
            "version": smartlogd.__version__,
            "pid": os.getpid(),
            "uptime_s": round(now_s - self._began_s, 1),
            "state_dir": str(settings.folders().state),
            "camera": status.lens(parts.camera if parts else None),
            "profile": settings.detect.profile,
            **status.flow(self._tally, self._began_s, now_s),
            "lines": status.passings(self._tally, (line.name for line in settings.movement.crossing_lines())),
            "journal": status.journal(parts.store.journal.state if parts else None),
            "recognition": status.recognition(
                parts.identifier.gallery if parts and parts.identifier else None, self._tally.looks, self._unrecognised
            ),
            "sync": parts.link.state() if parts else {"word": "opening", "detail": ""},
            "troubles": dict(self._troubles),
        }

    # Starting ----------------------------------------------------------------------------------------

    async def _open(self, stack: contextlib.AsyncExitStack) -> _Parts:
        """Open the models in a thread while the database opens; what is open is closed by `stack`, last first."""
        loading = asyncio.ensure_future(asyncio.to_thread(wiring.detector, self._settings))
        faces = asyncio.ensure_future(asyncio.to_thread(opened, self._settings))
        try:
            clock = SystemClock()
            store = await asyncio.to_thread(self._opened_store, clock)
            stack.push_async_callback(within, CLOSE_S, store.close, "the database")
            self._detector = await loading
            stack.push_async_callback(self._close_detector)
            found = await faces
        finally:
            loading.cancel()
            faces.cancel()
        identifier = None if isinstance(found, SmartlogError) else found
        if isinstance(found, SmartlogError):
            self._unrecognised = unrecognised(found)
        if identifier is not None:
            stack.push_async_callback(within, CLOSE_S, identifier.close, "recognition")
        clock = SystemClock(store.floor)
        camera = wiring.camera(self._settings, clock)
        stack.push_async_callback(within, CLOSE_S, camera.close, "the camera")
        pipeline = wiring.pipeline(
            self._settings,
            camera=camera,
            detector=self._detector,
            ids=LiveIds(),
            journal=store.journal,
            identifier=identifier,
            watchers=(*self._watchers, lambda *_: self._flowing.set()),
            tally=self._tally,
        )
        self._people = await refreshed(store, pipeline, identifier)
        return _Parts(store, camera, pipeline, identifier, Link(store, lambda: self._settings, self._refresh))

    def _opened_store(self, clock: SystemClock) -> Store:
        """The database, which knows from its first row on whether there is a centre to send it to."""
        has_centre: bool | None
        try:
            has_centre = wiring.bundle(self._settings) is not None
        except SmartlogError:
            has_centre = None  # told by the link, once it runs
        return wiring.store(self._settings, clock, uuid7(clock.now()), has_centre=has_centre)

    async def _close_detector(self) -> None:
        if self._detector:
            await within(CLOSE_S, self._detector.close, "the detector")

    # Running -----------------------------------------------------------------------------------------

    async def _lived(self, parts: _Parts) -> None:
        """Everything at once, until the river ends or someone says stop; then the journal is drained."""
        made(self._socket.parent)
        async with asyncio.TaskGroup() as group:
            self._group = group
            writer = group.create_task(self._after_first_frame("store", parts.store.journal.run))
            others = [
                group.create_task(supervised("control", lambda: serve(self._socket, self), self._troubles)),
                group.create_task(self._reported()),
                group.create_task(self._let_go(parts)),
                group.create_task(self._after_first_frame("upkeep", lambda: self._kept_up(parts.store))),
                group.create_task(self._after_first_frame("sync", parts.link.run)),
            ]
            river = group.create_task(supervised("pipeline", parts.pipeline.run, self._troubles))
            told = group.create_task(self._stopping.wait())
            await asyncio.wait({river, told}, return_when=asyncio.FIRST_COMPLETED)
            self.begin_stop()
            log.info("stopping")
            river.cancel()
            await asyncio.wait({river})
            try:
                await self._closed(parts)
            finally:
                for task in (*others, told, writer):
                    task.cancel()

    async def _let_go(self, parts: _Parts) -> None:
        await self._flowing.wait()
        await parts.store.look_over()  # here, for the first frame does not wait for it
        await swept(parts.store, parts.pipeline, parts.identifier, lambda: self._settings.identify)

    async def _after_first_frame(self, name: str, part: Part) -> None:
        """Run a part, but first let the first frame through: loading it takes as long as all the rest of a start.

        Events wait in the journal meanwhile, and a stop writes them as well.
        """
        await self._first_frame()
        if not self._stopping.is_set():
            await supervised(name, part, self._troubles)

    async def _kept_up(self, store: Store) -> None:
        await wiring.upkeep(store, lambda: self._settings).run()

    async def _first_frame(self) -> None:
        """Return when the first frame is through, or does not come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WRITE_LATER_S):
                await self._flowing.wait()

    async def _closed(self, parts: _Parts) -> None:
        """Close the lens and write what waits, side by side: together they take no longer than the slower."""
        span_s = self._settings.store.stop_s + CLOSE_S / 2
        camera = asyncio.ensure_future(within(CLOSE_S, parts.camera.close, "the camera"))
        await within(span_s, parts.store.close, "the database")
        await camera

    async def _reported(self) -> None:
        while self._report:
            await asyncio.sleep(self._report_s)
            self._report(self.state())

    def _signals(self) -> Mapping[signal.Signals, Callable[[], None]]:
        return {signal.SIGTERM: self.begin_stop, signal.SIGINT: self._interrupted, signal.SIGHUP: self._hung_up}

    def _interrupted(self) -> None:
        """Ctrl-C stops; a second one stops at once. Rows that were acknowledged are on the disk either way."""
        now_s = monotonic_s()
        if self._stopping.is_set() and now_s - self._interrupted_s > TWICE_S:
            os._exit(130)
        self._interrupted_s = now_s
        self.begin_stop()

    def _hung_up(self) -> None:
        if self._group and not self._stopping.is_set():
            self._group.create_task(self._reloaded())

    async def _reloaded(self) -> None:
        try:
            await self.reload()
        except SmartlogError as error:
            log.error("settings not read again: %s", error)

    async def _apply(self, running: Settings) -> None:
        """Bring the settings into effect; what can fail comes first."""
        old = self._settings
        if self._parts:
            await self._redetect(self._parts, old, running)
            self._parts.pipeline.relined(running.movement.crossing_lines(), running.movement.rules())
            self._parts.pipeline.identities.rules = wiring.votes(running)
        if self._parts and self._parts.identifier:
            self._parts.identifier.options = running.identify
        if self._parts and old.capture.motion != running.capture.motion:
            motion_options = running.capture.motion
            self._parts.pipeline.refitted(gate=wiring.gate(running), heartbeat_s=motion_options.heartbeat_s)
        logging.getLogger("smartlogd").setLevel(running.device.log_level.upper())
        self._settings = running

    async def _redetect(self, parts: _Parts, old: Settings, new: Settings) -> None:
        """Load the models anew when the settings ask for others; the old ones work until the new ones can."""
        if old.detect == new.detect and wiring.needs_feet(old) == wiring.needs_feet(new):
            return
        self._detector = await asyncio.to_thread(wiring.detector, new)
        old_detector = await parts.pipeline.redetected(self._detector)
        await within(CLOSE_S, old_detector.close, "the detector")

    def _turn(self, turn: Turn) -> None:
        self._life = LIFE[self._life][turn]

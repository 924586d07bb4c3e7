"""The daemon's life: start, run, supervise by fate, stop within ten seconds."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import smartlogd
from smartlogd import wiring
from smartlogd.base.errors import Fate, SmartlogError
from smartlogd.base.ids import LiveIds, uuid7
from smartlogd.base.ports import Camera, Detector
from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.control import serve
from smartlogd.device import made
from smartlogd.pipeline import Pipeline, Tally, Watcher
from smartlogd.settings import Settings, differences

if TYPE_CHECKING:
    from smartlogd.store.engine import Store

CLOSE_S = 2.5
"""How long a camera or a detector may take to close."""
TWICE_S = 0.5
"""Two Ctrl-C nearer to each other are one, for a terminal and a shell may each send it."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STALE_S = 3.0
"""Without a new frame for this long, nothing is said about frame rate and people in view."""

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
        self._interrupted_s = 0.0
        self._life = Life.STARTING
        self._stopping = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._start: asyncio.Task[_Parts] | None = None
        self._detector: Detector | None = None
        self._parts: _Parts | None = None

    async def run(self) -> None:
        """Live until stopped, or until a recording ends; raises the SmartlogError that was fatal."""
        async with contextlib.AsyncExitStack() as stack:
            hear(self._signals(), stack)
            stack.callback(self._turn, Turn.DONE)
            parts = await self._started(stack)
            if parts is None:
                return
            self._parts = parts
            self._turn(Turn.READY)
            log.info("running", extra={"camera": parts.camera.name, "pid": os.getpid()})
            try:
                await self._lived(parts)
            except* SmartlogError as failures:
                raise _first(failures) from None

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
            changed = tuple(differences(self._settings, new))
            applied = tuple(key for key in changed if key.startswith(RELOADABLE))
            await self._apply(new, applied)
            needed = tuple(key for key in changed if key not in applied)
            log.info("settings read again", extra={"applied": len(applied), "restart_needed": ",".join(needed) or "no"})
            return {"applied": list(applied), "restart_needed": list(needed)}

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
        if self._start:
            self._start.cancel()

    def state(self) -> Mapping[str, object]:
        """What a person or a program wants to know about a running daemon."""
        tally, now_s = self._tally, monotonic_s()
        age_s = None if tally.newest_s is None else now_s - tally.newest_s
        is_live = age_s is not None and age_s < STALE_S
        return {
            "state": self._life.value,
            "device": self._settings.device.name,
            "version": smartlogd.__version__,
            "pid": os.getpid(),
            "uptime_s": round(now_s - self._began_s, 1),
            "state_dir": str(self._settings.folders().state),
            "camera": self._camera_state(),
            "profile": self._settings.detect.profile,
            "fps": round(tally.fps, 1) if is_live else 0.0,
            "people": tally.people if is_live else 0,
            "frames": tally.frames,
            "frames_scanned": tally.scans,
            "dropped": tally.dropped,
            "events": tally.events,
            "lines": {name: {"I": passings["I"], "O": passings["O"]} for name, passings in self._passings().items()},
            "model_ms": round(tally.model_ms, 1),
            "first_frame_s": None if tally.first_s is None else round(tally.first_s - self._began_s, 3),
            "last_frame_age_s": None if age_s is None else round(age_s, 1),
            "journal": self._journal_state(),
            "troubles": dict(self._troubles),
        }

    # Starting ----------------------------------------------------------------------------------------

    async def _started(self, stack: contextlib.AsyncExitStack) -> _Parts | None:
        """Every part, opened; None when told to stop meanwhile."""
        self._start = asyncio.ensure_future(self._open(stack))
        try:
            return await self._start
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                raise
            return None
        finally:
            self._start = None

    async def _open(self, stack: contextlib.AsyncExitStack) -> _Parts:
        """Open the models in a thread while the database opens; what is open is closed by `stack`, last first."""
        loading = asyncio.ensure_future(asyncio.to_thread(wiring.detector, self._settings))
        try:
            clock = SystemClock()
            store = await asyncio.to_thread(wiring.store, self._settings, clock, uuid7(clock.now()))
            stack.push_async_callback(_within, CLOSE_S, store.close, "the database")
            self._detector = await loading
        finally:
            loading.cancel()
        stack.push_async_callback(self._close_detector)
        clock = SystemClock(store.floor)
        camera = wiring.camera(self._settings, clock)
        stack.push_async_callback(_within, CLOSE_S, camera.close, "the camera")
        pipeline = wiring.pipeline(
            self._settings,
            camera=camera,
            detector=self._detector,
            ids=LiveIds(),
            journal=store.journal,
            watchers=self._watchers,
            tally=self._tally,
        )
        return _Parts(store, camera, pipeline)

    async def _close_detector(self) -> None:
        if self._detector:
            await _within(CLOSE_S, self._detector.close, "the detector")

    # Running -----------------------------------------------------------------------------------------

    async def _lived(self, parts: _Parts) -> None:
        """Everything at once, until the river ends or someone says stop; then the journal is drained."""
        made(self._socket.parent)
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._supervised("store", parts.store.journal.run))
            others = [
                group.create_task(self._supervised("control", lambda: serve(self._socket, self))),
                group.create_task(self._reported()),
            ]
            river = group.create_task(self._supervised("pipeline", parts.pipeline.run))
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

    async def _closed(self, parts: _Parts) -> None:
        """Close the lens and write what waits, side by side: together they take no longer than the slower."""
        span_s = self._settings.store.stop_s + CLOSE_S / 2
        camera = asyncio.ensure_future(_within(CLOSE_S, parts.camera.close, "the camera"))
        await _within(span_s, parts.store.close, "the database")
        await camera

    async def _supervised(self, name: str, part: Callable[[], Awaitable[object]]) -> None:
        """Run a part; by its error's fate run it again after a pause, go on without it, or let all end."""
        pause_s = FIRST_PAUSE_S
        while True:
            began_s = monotonic_s()
            self._troubles.pop(name, None)
            try:
                await part()
                return
            except SmartlogError as error:
                if error.fate is Fate.FATAL:
                    raise
                self._troubles[name] = str(error)
                log.warning("part failed: %s", error, extra={"part": name, "fate": error.fate.value})
                if error.fate is Fate.DEGRADE:
                    return
            if monotonic_s() - began_s > LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S  # it ran well for a while, so this is a new trouble
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

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
        self._hup = asyncio.ensure_future(self._reloaded())  # kept, for asyncio holds tasks only weakly

    async def _reloaded(self) -> None:
        try:
            await self.reload()
        except SmartlogError as error:
            log.error("settings not read again: %s", error)

    async def _apply(self, new: Settings, applied: tuple[str, ...]) -> None:
        """Bring the reloadable keys of `new` into effect; what can fail comes first."""
        old = self._settings
        motion = old.capture.model_copy(update={"motion": new.capture.motion})
        device = old.device.model_copy(update={"log_level": new.device.log_level})
        running = old.model_copy(
            update={"movement": new.movement, "detect": new.detect, "capture": motion, "device": device}
        )
        if self._parts:
            await self._redetect(self._parts, old, running)
            self._parts.pipeline.relined(running.movement.crossing_lines(), running.movement.rules())
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
        await _within(CLOSE_S, parts.pipeline.redetected(self._detector).close, "the detector")

    def _turn(self, turn: Turn) -> None:
        self._life = LIFE[self._life][turn]

    def _camera_state(self) -> Mapping[str, object]:
        if not self._parts:
            return {"name": self._settings.capture.source, "status": "opening"}
        return {"name": self._parts.camera.name, "status": self._parts.camera.status}

    def _journal_state(self) -> Mapping[str, object]:
        if not self._parts:
            return {"word": "opening", "detail": "", "waiting": 0, "written": 0}
        state = self._parts.store.journal.state
        return {"word": state.word, "detail": state.detail, "waiting": state.waiting, "written": state.written}

    def _passings(self) -> Mapping[str, Mapping[str, int]]:
        lines = [line.name for line in self._settings.movement.crossing_lines()]
        nothing: Mapping[str, int] = {"I": 0, "O": 0}
        counted = {name: {**nothing, **passings} for name, passings in self._tally.passings.items()}
        return {name: counted.get(name, nothing) for name in dict.fromkeys([*lines, *counted])}


RELOADABLE = ("movement.", "detect.", "capture.motion.", "device.log_level")
"""Keys that a running daemon takes over; any other needs a restart."""


def hear(signals: Mapping[signal.Signals, Callable[[], None]], stack: contextlib.AsyncExitStack) -> None:
    """Call these when the signals come, until `stack` is left."""
    loop = asyncio.get_running_loop()
    for number, action in signals.items():
        loop.add_signal_handler(number, action)
        stack.callback(loop.remove_signal_handler, number)


async def _within(span_s: float, close: Callable[[], Awaitable[object]], what: str) -> None:
    try:
        async with asyncio.timeout(span_s):
            await close()
    except TimeoutError:
        log.error("%s did not close in time", what, extra={"waited_s": span_s})


def _first(failures: BaseExceptionGroup[SmartlogError]) -> SmartlogError:
    """The first error of a group, whatever groups it lies in."""
    found: BaseException = failures
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, SmartlogError)
    return found

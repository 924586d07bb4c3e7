"""The daemon's life: start, say that it is ready, supervise by fate, obey, stop within ten seconds."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import smartlogd
from smartlogd import status, wiring
from smartlogd.base.errors import ServiceAway, SmartlogError
from smartlogd.base.health import Command
from smartlogd.base.ids import uuid7
from smartlogd.base.known import PersonId
from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.changing import change
from smartlogd.control import serve
from smartlogd.crew import Crew, Eyes
from smartlogd.device import made
from smartlogd.pipeline import Tally, Watcher
from smartlogd.river import CLOSE_S, River
from smartlogd.settings import Settings
from smartlogd.steering import Steering
from smartlogd.supervise import Part, first_error, hear, supervised, within
from smartlogd.telemetry.systemd import Notifier

if TYPE_CHECKING:
    from smartlogd.store.engine import Store

READY_S = 0.1
"""How often a camera that gives no frame is asked whether it has said why."""
FAREWELL_S = 1.5
"""How long the journal waits at the end for whoever tells others, before it takes no more."""
FILMED_S = 2.5
"""How long it waits for a clip that is being cut."""
WRITE_LATER_S = 3.0
"""How long the journal waits for the first frame before it begins to write."""
WRITTEN_S = 0.1
"""How much later than its time a group of events is on the disk, as a rule."""
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


class Daemon:
    """Everything that runs while smartlogd runs; what the control socket and the broker talk to.

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
        notifier: Notifier | None = None,
    ) -> None:
        self._socket, self._report, self._report_s = socket, report, report_s
        self._last_resort = last_resort
        self._notifier = notifier or Notifier(None)
        self._began_s = monotonic_s() if began_s is None else began_s
        self._tally = Tally()
        self._troubles: dict[str, str] = {}
        self._interrupted_s = 0.0
        self._life = Life.STARTING
        self._flowing, self._stopping = asyncio.Event(), asyncio.Event()
        self._steering = Steering(settings, read, lambda: self._river, self._notifier, self.begin_stop)
        self._eyes = Eyes()
        on_looking = (*watchers, self._eyes.watch, lambda *_: self._flowing.set(), self._looked)
        self._river = River(
            lambda: self._settings, self._tally, on_looking, (self._eyes.over,), is_patient=self._notifier.is_heard
        )
        self._crew: Crew | None = None
        self._group: asyncio.TaskGroup | None = None

    @property
    def _settings(self) -> Settings:
        return self._steering.settings

    async def run(self) -> None:
        """Live until stopped, or until a recording ends; raises the SmartlogError that was fatal."""
        async with contextlib.AsyncExitStack() as stack:
            hear(self._signals(), stack)
            stack.callback(self._turn, Turn.DONE)
            # Told to stop meanwhile, it opens to the end and closes again: that is quick, and leaves nothing half open.
            self._crew = crew = await self._open(stack)
            if self._stopping.is_set():
                return
            self._turn(Turn.READY)
            log.info("running", extra={"camera": self._river.parts.camera.name, "pid": os.getpid()})
            fatal: SmartlogError | None = None
            try:
                await self._lived(crew)
            except* SmartlogError as failures:
                fatal = first_error(failures)  # raised in here, Pythons before 3.11.4 would wrap it in a group again
            if fatal is not None:
                raise fatal

    # What the control socket and the broker ask ------------------------------------------------------

    async def status(self) -> Mapping[str, object]:
        """The daemon's state as plain JSON values."""
        return self.state()

    async def reload(self) -> Mapping[str, object]:
        """Read the settings again; says what was `applied`, and what a restart is needed for."""
        return await self._steering.reload()

    async def change(self, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Change who people or strangers are; the gallery, and those in view, follow before the answer is given."""
        store = self._opened().store
        clock = SystemClock(store.floor)
        told = await change(store, what, arguments, clock=clock, refresh=self._river.refresh)
        if what.startswith("routine-"):
            self._opened().clockwork.again()
        return told

    async def sync(self, what: str) -> Mapping[str, object]:
        """How sending to the centre fares, and what to do about it."""
        return await self._opened().link.asked(what)

    async def command(self, command: Command) -> Mapping[str, object]:
        """Do what the command line or the broker asks."""
        return await self._steering.obey(command)

    def name_of(self, person: PersonId | None) -> str | None:
        """What someone who is known is called."""
        return self._river.name_of(person)

    @property
    def left_behind(self) -> list[str]:
        """What did not close in time: a thread hangs in it, in a driver or a model."""
        return self._river.left_behind

    async def stop(self) -> None:
        """Begin to stop."""
        self.begin_stop()

    def begin_stop(self) -> None:
        """Begin to stop; from any state, and harmless when begun already."""
        if self._stopping.is_set():
            return
        self._notifier.stopping()
        if self._last_resort:
            self._last_resort()
        self._turn(Turn.STOP)
        self._stopping.set()

    def state(self) -> Mapping[str, object]:
        """What a person or a program wants to know about a running daemon."""
        crew, settings = self._crew, self._settings
        now_s = monotonic_s()
        return {
            "state": self._life.value,
            "device": settings.device.name,
            "version": smartlogd.__version__,
            "pid": os.getpid(),
            "uptime_s": round(now_s - self._began_s, 1),
            "state_dir": str(settings.folders().state),
            "camera": status.lens(self._river.camera),
            "paused": self._river.is_paused,
            "profile": settings.detect.profile,
            **status.flow(self._tally, self._began_s, now_s),
            "lines": status.passings(self._tally, (line.name for line in settings.movement.crossing_lines())),
            "journal": status.journal(crew.store.journal.state if crew else None),
            "recognition": status.recognition(*self._river.recognising(), self._tally.looks),
            **(crew.state() if crew else {"sync": {"word": "opening", "detail": ""}}),
            "troubles": dict(self._troubles),
        }

    # Starting ----------------------------------------------------------------------------------------

    async def _open(self, stack: contextlib.AsyncExitStack) -> Crew:
        """Open all of it; what is open is closed by `stack`, last first."""
        store = await self._river.open(stack, self._opened_store)
        crew = Crew(
            lambda: self._settings,
            store,
            self._river,
            self._eyes,
            self._tally,
            self._notifier,
            obey=self.command,
            troubles=self._troubles,
            life=lambda: self._life.value,
            began_s=self._began_s,
        )
        self._steering.opened(crew)
        return crew

    def _opened_store(self) -> Store:
        """The database, which knows from its first row on whether there is a centre to send it to."""
        clock = SystemClock()
        has_centre: bool | None
        try:
            has_centre = wiring.bundle(self._settings) is not None
        except SmartlogError:
            has_centre = None  # told by the link, once it runs
        return wiring.store(self._settings, clock, uuid7(clock.now()), has_centre=has_centre)

    def _opened(self) -> Crew:
        if self._crew is None:
            raise ServiceAway("smartlogd is still starting.", "Try again in a moment.")
        return self._crew

    # Running -----------------------------------------------------------------------------------------

    async def _lived(self, crew: Crew) -> None:
        """Everything at once, until the river ends or someone says stop; then the journal is drained."""
        made(self._socket.parent)
        async with asyncio.TaskGroup() as group:
            self._group = group
            writer = group.create_task(self._after_first_frame("store", crew.store.journal.run))
            others = [
                group.create_task(supervised("control", lambda: serve(self._socket, self), self._troubles)),
                group.create_task(self._reported()),
                group.create_task(self._ready()),
                group.create_task(self._let_go(crew)),
                group.create_task(supervised("healing", crew.healer.run, self._troubles)),
                *(group.create_task(self._after_first_frame(name, part)) for name, part in crew.later().items()),
            ]
            telling = group.create_task(self._after_first_frame("telemetry", crew.reporter.run))
            filming = group.create_task(self._after_first_frame("recordings", crew.filming.run))
            clockwork = group.create_task(self._after_first_frame("clockwork", crew.clockwork.run))
            river = group.create_task(supervised("pipeline", self._river.run, self._troubles))
            told = group.create_task(self._stopping.wait())
            try:
                await asyncio.wait({river, told}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.begin_stop()  # a part that failed for good ends the others, and they too have only so much time
            log.info("stopping")
            river.cancel()
            telling.cancel()  # it says that the device goes offline, and notes which event was told last
            filming.cancel()  # it finishes what it cuts, and notes that
            clockwork.cancel()  # routines that run note that they were stopped
            await asyncio.wait({river, telling, clockwork}, timeout=FAREWELL_S)
            await asyncio.wait({river})
            await asyncio.wait({filming}, timeout=FILMED_S)
            try:
                await self._closed(crew.store)
            finally:
                for task in (*others, told, writer):
                    task.cancel()

    async def _ready(self) -> None:
        """Tell systemd once frames flow, or the camera has said why none do."""
        await self._settled()
        if not self._stopping.is_set():
            self._notifier.ready("running")

    async def _let_go(self, crew: Crew) -> None:
        await self._first_frame()
        await crew.store.look_over()  # here, for the first frame does not wait for it

    async def _after_first_frame(self, name: str, part: Part) -> None:
        """Run a part, but first let the first frame through: loading it takes as long as all the rest of a start.

        Events wait in the journal meanwhile, and a stop writes them as well.
        """
        await self._first_frame()
        if not self._stopping.is_set():
            await supervised(name, part, self._troubles)

    async def _first_frame(self) -> None:
        """Return when the first frame is through, or does not come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WRITE_LATER_S):
                await self._settled()

    async def _settled(self) -> None:
        """Return when frames flow, or the camera has said why none do."""
        while not self._flowing.is_set() and not status.is_settled(self._river.camera):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READY_S):
                    await self._flowing.wait()

    def _looked(self, _frame: object, _scene: object, events: tuple[object, ...]) -> None:
        if events and self._crew:  # others are told of what is on the disk
            written_s = self._settings.store.group_commit_s + WRITTEN_S
            asyncio.get_running_loop().call_later(written_s, self._crew.reporter.poke)

    async def _closed(self, store: Store) -> None:
        """Close the lens and write what waits, side by side: together they take no longer than the slower."""
        span_s = self._settings.store.stop_s + CLOSE_S / 2
        camera = asyncio.ensure_future(self._river.close())
        await within(span_s, store.close, "the database", self.left_behind)
        await camera

    async def _reported(self) -> None:
        while self._report:
            await asyncio.sleep(self._report_s)
            self._report(self.state())

    # Signals -----------------------------------------------------------------------------------------

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
            self._group.create_task(self._steering.reload_quietly())

    def _turn(self, turn: Turn) -> None:
        self._life = LIFE[self._life][turn]

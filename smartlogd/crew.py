"""Everything that is open beside the river while the daemon runs: who they are, and when each begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from smartlogd.base.health import Command
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event
from smartlogd.base.seen import Frame
from smartlogd.base.time import SystemClock
from smartlogd.clockwork import Clockwork
from smartlogd.filming import Filming
from smartlogd.hearing import Hearing
from smartlogd.locker import Locker
from smartlogd.record.recent import Recent
from smartlogd.supervise import Part
from smartlogd.syncing import Link

if TYPE_CHECKING:
    from smartlogd.healing import Healer
    from smartlogd.pipeline import Tally
    from smartlogd.reporting import Reporter
    from smartlogd.river import River
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.telemetry.systemd import Notifier
    from smartlogd.trying import Trying
    from smartlogd.vitals import Vitals


class Eyes:
    """Those of the crew who look on at every frame; there before the database is open, and idle until then."""

    def __init__(self) -> None:
        self.recent = Recent()
        self.crew: Crew | None = None

    def watch(self, frame: Frame, scene: object, events: tuple[Event, ...]) -> None:
        """Look on; returns at once."""
        self.recent.watch(frame)
        if self.crew is not None:
            self.crew.filming.recorder.watch(frame, scene, events)
            self.crew.clockwork.saw(events)

    def over(self, event: Event) -> None:
        """Hear that something is over."""
        if self.crew is not None:
            self.crew.filming.recorder.over(event)


class Crew:
    """The parts beside the river. `obey` does what the broker asks, `troubles` tells which parts do not run."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        store: Store,
        river: River,
        eyes: Eyes,
        tally: Tally,
        notifier: Notifier,
        *,
        obey: Callable[[Command], Awaitable[Mapping[str, object]]],
        troubles: dict[str, str],
        life: Callable[[], str],
        began_s: float,
    ) -> None:
        from smartlogd.healing import Healer
        from smartlogd.reporting import Reporter
        from smartlogd.trying import Trying
        from smartlogd.vitals import Vitals

        clock = SystemClock(store.floor)
        self._settings = settings
        self.store, self.river = store, river
        self.link = Link(store, settings, river.refresh)
        self.healer: Healer = Healer(settings, river, store, tally, notifier)
        self.vitals: Vitals = Vitals(
            settings,
            river,
            store,
            self.link,
            tally,
            life=life,
            troubles=troubles,
            rung=lambda: self.healer.rung,
            began_s=began_s,
        )
        self.reporter: Reporter = Reporter(settings, store, self.vitals, notifier, obey)
        self.filming = Filming(settings, store, clock, river.frame)
        self.hearing = Hearing(settings, store.journal, LiveIds(), clock, listeners=(self.filming.heard,))
        self.hearing.is_paused = river.is_paused
        self.locker = Locker(store, settings, self.link.is_sending)
        self.trying: Trying = Trying(settings, river, store, clock, eyes.recent, self.hearing.anew, troubles)
        self.clockwork = Clockwork(
            settings, store, clock, self.reporter, sweep=river.sweep, fetch=self.link.fetch, beat=self.reporter.beat
        )
        self._eyes, eyes.crew = eyes, self

    def later(self) -> Mapping[str, Part]:
        """Those that begin when the first frame is through: loading them takes as long as all the rest of a start."""
        return {
            "sync": self.link.run,
            "vitals": self.vitals.run,
            "models": self.trying.run,
            "hearing": self.hearing.run,
            "object store": self.locker.run,
        }

    async def hush(self) -> None:
        """The camera is closed, for privacy: nobody listens either, and pictures of before are let go."""
        self._eyes.recent.clear()
        await self.hearing.pause()

    async def listen(self) -> None:
        """The camera is opened again."""
        await self.hearing.resume()

    def changed(self, old: Settings, new: Settings) -> None:
        """Settings were read again."""
        self.reporter.changed(old, new)
        self.hearing.again()
        self.clockwork.changed(old, new)
        if old.sync.media != new.sync.media:
            self.locker.again()

    def state(self) -> Mapping[str, object]:
        """How they fare, as plain JSON values."""
        return {
            "sync": self.link.state(),
            "recordings": {**self.filming.recorder.state(), "object_store": self.locker.state()},
            "hearing": self.hearing.state(),
            **self.vitals.state(),
            **self.reporter.state(),
        }

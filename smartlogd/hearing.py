"""From the microphone to the journal in a running daemon: opened, paused, given other settings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from smartlogd import wiring
from smartlogd.base.errors import Fate, SmartlogError
from smartlogd.base.known import Burst, Event, Json
from smartlogd.base.ports import Ids, Journal, Microphone
from smartlogd.base.time import Clock
from smartlogd.record.compose import heard
from smartlogd.supervise import renewed

if TYPE_CHECKING:
    from smartlogd.detect.hearing import Ear
    from smartlogd.settings import Settings

log = logging.getLogger("smartlogd.hearing")


class Hearing:
    """Listens where [capture.microphone] says so, and tells the journal of each burst when it is over.

    `settings` are asked each time they are needed. `listeners` hear of the events too, and return at once. Sound that
    was judged is forgotten: nothing of it is kept, and nothing is written.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        journal: Journal,
        ids: Ids,
        clock: Clock,
        *,
        listeners: Sequence[Callable[[tuple[Event, ...]], None]] = (),
        microphone: Callable[[Settings, Clock], Microphone] = wiring.microphone,
        ear: Callable[[Settings], Ear] = wiring.ear,
    ) -> None:
        self._settings, self._journal, self._ids, self._clock = settings, journal, ids, clock
        self._listeners, self._open_microphone, self._open_ear = listeners, microphone, ear
        self._microphone: Microphone | None = None
        self._ear: Ear | None = None
        self._changed = asyncio.Event()
        self._bursts = 0
        self._runs_on: object = None
        self.is_paused = False

    async def run(self) -> None:
        """Listen until cancelled, through every change of the settings.

        What it cannot do without, such as its model, is raised with the fate DEGRADE: a device that is deaf still sees.
        """
        await renewed(self._changed, self._live)

    def again(self) -> None:
        """The settings may have changed: where they have for hearing, begin anew with them."""
        if self._runs_on is not None and self._runs_on != _of_hearing(self._settings()):
            self._changed.set()

    def anew(self) -> None:
        """Load the model anew, for another is used by now."""
        if self._ear is not None:
            self._changed.set()

    async def pause(self) -> None:
        """Close the microphone until `resume`: whoever wants not to be seen wants not to be heard either."""
        self.is_paused = True
        if self._microphone is not None:
            await self._microphone.pause()
        if self._ear is not None:
            self._tell(await self._ear.finish())

    async def resume(self) -> None:
        """Listen again."""
        self.is_paused = False
        if self._microphone is not None:
            await self._microphone.resume()

    def state(self) -> Mapping[str, Json]:
        """How it fares: by which microphone, its status (off where there is none), what was lost, what was told."""
        microphone = self._microphone
        return {
            "microphone": microphone.name if microphone else None,
            "status": microphone.status if microphone else "off",
            "lost": microphone.lost if microphone else 0,
            "bursts": self._bursts,
        }

    async def _live(self) -> None:
        """One life, with the settings of its beginning; it may end by itself, where there is nothing to listen by."""
        settings = self._settings()
        self._runs_on = _of_hearing(settings)
        if not settings.capture.microphone.enabled:
            return
        try:
            ear = self._ear = await asyncio.to_thread(self._open_ear, settings)
            await self._listen(ear, self._open_microphone(settings, self._clock))
        except SmartlogError as error:
            fate = Fate.DEGRADE if error.fate is Fate.FATAL else error.fate
            raise SmartlogError(error.what, error.hint, fate=fate, code=error.code) from error
        finally:
            self._ear = None

    async def _listen(self, ear: Ear, microphone: Microphone) -> None:
        self._microphone = microphone
        try:
            if self.is_paused:
                await microphone.pause()
            async with aclosing(microphone.sounds()) as sounds:
                async for sound in sounds:
                    if bursts := await ear.hear(sound):
                        await self._journal.room()
                        self._tell(bursts)
        finally:
            self._microphone = None
            await microphone.close()
            self._tell(await ear.finish())
            await ear.close()

    def _tell(self, bursts: tuple[Burst, ...]) -> None:
        """Tell the journal, and whoever listens."""
        events = tuple(heard(burst, self._ids, self._settings().device.name) for burst in bursts)
        for event in events:
            self._journal.append(event)
            self._bursts += 1
            log.info("sound heard", extra={"what": event.type, **event.data})
        if events:
            for listener in self._listeners:
                listener(events)


def _of_hearing(settings: Settings) -> object:
    """What of the settings hearing runs on."""
    return settings.capture.microphone, settings.detect.sounds, settings.detect.models_dir, settings.detect.delegate

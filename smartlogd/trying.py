"""Other models in a running daemon: heard, tried on what was seen in the last minute, put in, and taken back.

A model that was put in is on trial until it has run for a while. Three failures, or three starts of the daemon that
ended before that, and the one before it is used again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartlogd import wiring
from smartlogd.base.errors import SmartlogError, UnusableInput
from smartlogd.base.health import Command
from smartlogd.base.seen import Frame, Pixels
from smartlogd.base.time import Clock, monotonic_s
from smartlogd.schema.instants import micros
from smartlogd.store import networks
from smartlogd.store.asker import Asker

if TYPE_CHECKING:
    from smartlogd.base.ports import Detector
    from smartlogd.detect.agreement import Agreement
    from smartlogd.detect.catalogue import ModelSpec
    from smartlogd.record.recent import Recent
    from smartlogd.river import River
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store

PROVED_S = 60.0
"""A model that ran so long without a failure has proved itself."""
LEAST_AGREEMENT = 0.5
"""A model that agrees less than this with the one before it is put in only for someone who says so."""
HEARD = ("sound", "embedder")
"""Types of models that no picture alone can try: no sound is kept, and faces are looked at one by one."""

log = logging.getLogger("smartlogd.detect")


@dataclass(frozen=True, slots=True)
class Shadow:
    """How a model did on the last minute's pictures, beside the one that is used."""

    pictures: int
    agreement: float | None
    old_ms: float | None
    new_ms: float | None

    def as_json(self) -> Mapping[str, object]:
        """As it is told; null where there was no picture."""
        rounded = (None if value is None else round(value, 3) for value in (self.agreement, self.old_ms, self.new_ms))
        return {"pictures": self.pictures, **dict(zip(("agreement", "old_ms", "new_ms"), rounded, strict=True))}


class Trying:
    """Puts models in and takes them back; `run` is a task of the daemon.

    `hear_anew` lets the model of sounds be loaded again. `troubles` tells what had to be taken back.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        river: River,
        store: Store,
        clock: Clock,
        recent: Recent,
        hear_anew: Callable[[], None],
        troubles: dict[str, str],
    ) -> None:
        self._settings, self._river, self._store, self._clock = settings, river, store, clock
        self._recent, self._hear_anew, self._troubles = recent, hear_anew, troubles
        self._one = asyncio.Lock()
        self._failure, self._changed = asyncio.Event(), asyncio.Event()
        self._error = ""
        self._on_trial = False
        river.forgives = self._forgives

    async def run(self) -> None:
        """Count a start with a model on trial, then its failures, until it has proved itself or is taken back."""
        await self._entered()
        if await asyncio.to_thread(networks.is_on_trial, self._store.path.parent):
            self._on_trial = True
            await self._count("the daemon ended while it was on trial")
        try:
            while True:
                await self._watched() if self._on_trial else await self._changed.wait()
                self._changed.clear()
        finally:
            if self._on_trial:
                await self._store.change(networks.forgiven)  # it is stopped, and did not fall

    async def asked(self, command: Command) -> Mapping[str, object]:
        """Do what the command line asks: activate, roll_back or add; what to tell."""
        deeds: Mapping[str, Callable[[Mapping[str, object]], Awaitable[Mapping[str, object]]]] = {
            "activate": self._activate,
            "roll_back": self._roll_back,
            "add": self._add,
        }
        do = deeds.get(str(command.arguments.get("what")))
        if do is None:
            raise UnusableInput("The command does not say what to do about the models.", f"Known: {', '.join(deeds)}.")
        async with self._one:
            return await do(command.arguments)

    # What is asked -----------------------------------------------------------------------------------

    async def _activate(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        name, version = str(asked.get("name", "")), str(asked.get("version", ""))
        spec = await asyncio.to_thread(wiring.known_model, self._settings(), name, version)
        shadow = await self._tried(spec)
        if shadow.agreement is not None and shadow.agreement < LEAST_AGREEMENT and asked.get("anyway") is not True:
            raise UnusableInput(
                f"{name} {version} agrees with the model in use on {shadow.agreement:.0%} of what {shadow.pictures} "
                "pictures show; it was not put in.",
                "Look at what it finds, or put it in all the same: --anyway",
            )
        network, at_us = wiring.network_of(spec), micros(self._clock.now().utc)
        await self._store.change(lambda connection: networks.put_in(connection, network, at_us))
        gap_s = await self._put_in(spec.type)
        self._on_trial = True
        self._changed.set()
        log.info("model put in", extra={"model": name, "version": version, "gap_s": round(gap_s, 3)})
        return {
            "name": name,
            "version": version,
            "place": spec.stands_for,
            "gap_s": round(gap_s, 3),
            **shadow.as_json(),
        }

    async def _roll_back(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        wanted = str(asked.get("place", ""))
        place, network = await self._store.change(lambda connection: networks.roll_back(connection, wanted))
        self._on_trial = False
        gap_s = await self._put_in("" if network is None else network.type)
        self._troubles.pop("models", None)
        name = place if network is None else network.name
        log.info("model taken back", extra={"place": place, "used": name})
        return {"place": place, "name": name, "version": network.version if network else None, "gap_s": round(gap_s, 3)}

    async def _add(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        network = wiring.described(asked)
        at_us = micros(self._clock.now().utc)
        await self._store.change(lambda connection: networks.enter(connection, network, at_us))
        return {"name": network.name, "version": network.version, "place": network.place}

    # Trying it out -----------------------------------------------------------------------------------

    async def _tried(self, spec: ModelSpec) -> Shadow:
        """Hear the candidate, and let it look at the last minute; UnusableInput where it does not fit, or fails."""
        settings = self._settings()
        registry = await asyncio.to_thread(wiring.model_registry, settings)
        await asyncio.to_thread(wiring.heard, settings, registry, spec)
        pictures = await asyncio.to_thread(self._recent.pictures)
        if spec.type in HEARD or not pictures:
            return Shadow(0, None, None, None)
        old = await asyncio.to_thread(wiring.detector, settings, registry)
        try:
            new = await asyncio.to_thread(wiring.detector, settings, registry.using(spec.stands_for, spec))
            try:
                return await shadowed(pictures, old, new, self._clock)
            finally:
                await new.close()
        finally:
            await old.close()

    async def _put_in(self, type_: str) -> float:
        """Let every part load what is activated by now; how long no frame came through."""
        if type_ == "sound":
            self._hear_anew()
            return 0.0
        return await self._river.remodel()

    # On trial ----------------------------------------------------------------------------------------

    async def _watched(self) -> None:
        """Wait until the model has proved itself, or failed."""
        self._failure.clear()
        try:
            async with asyncio.timeout(PROVED_S):
                await self._failure.wait()
        except TimeoutError:
            self._on_trial = False
            await self._store.change(networks.passed)
            log.info("model has proved itself")
            return
        await self._count(self._error)

    async def _count(self, why: str) -> None:
        """One more failure; with the third the model before it is used again."""
        found = await self._store.change(networks.failed)
        if found is None:
            self._on_trial = False
            return
        log.warning("model failed", extra={"model": found.name, "failures": found.failures, "why": why})
        if found.failures < networks.MOST_FAILURES:
            return
        self._on_trial = False
        said = f"The model {found.name} {found.version} failed {found.failures} times ({why}) and was taken back."
        self._troubles["models"] = said
        log.error("model taken back", extra={"what": said})
        await self._put_in("")
        self._hear_anew()

    def _forgives(self, error: SmartlogError) -> bool:
        """Whether a frame at which the models failed is let go; asked by the river."""
        if not self._on_trial:
            return False
        self._error = error.what
        self._failure.set()
        return True

    async def _entered(self) -> None:
        """Know the models of the catalogue whose files are here; written only where one is new."""
        settings = self._settings()
        there = await asyncio.to_thread(wiring.on_this_device, settings)
        asker = Asker(self._store.path)
        try:
            known_ = {(one.name, one.version) for one in await asker.ask(networks.networks)}
        finally:
            await asker.close()
        new = [network for network in there if (network.name, network.version) not in known_]
        at_us = micros(self._clock.now().utc)
        if new:
            await self._store.change(lambda connection: networks.enter_all(connection, new, at_us))


async def shadowed(pictures: Sequence[Pixels], old: Detector, new: Detector, clock: Clock) -> Shadow:
    """Let both look at the pictures (uint8[h, w, 3] RGB each), in turns; the first look of each is not timed."""
    from smartlogd.detect.agreement import Agreement, agreement

    total: Agreement = Agreement()
    took_s = {"old": 0.0, "new": 0.0}
    for seq, pixels in enumerate((pictures[0], *pictures)):
        frame = Frame(seq, clock.now(), pixels)
        found = []
        for word, detector in (("old", old), ("new", new)):
            began_s = monotonic_s()
            found.append(await detector.find(frame))
            took_s[word] += monotonic_s() - began_s if seq else 0.0
        total += agreement(*found) if seq else Agreement()
    ms = {word: span_s * 1e3 / len(pictures) for word, span_s in took_s.items()}
    return Shadow(len(pictures), total.share, ms["old"], ms["new"])

"""How the device fares, gathered from all its parts: what the heartbeat, the status and Prometheus tell."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import smartlogd
from smartlogd import status, wiring
from smartlogd.base.errors import DiskTrouble
from smartlogd.base.health import Backlog, Body, Heartbeat, LineToday, Told
from smartlogd.base.time import SystemClock, machine_boot, monotonic_s
from smartlogd.device import zone
from smartlogd.store.today import Today
from smartlogd.telemetry.heat import Heat, stepped
from smartlogd.telemetry.probes import Probes

if TYPE_CHECKING:
    from smartlogd.pipeline import Tally
    from smartlogd.river import River
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.syncing import Link

LOOK_S = 2.0
"""How often the machine's sensors and the day's counts are looked at."""

log = logging.getLogger("smartlogd.telemetry")


class Vitals:
    """Knows at any instant how everything fares; `run` looks at what must be asked for, and cools what is hot."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        river: River,
        store: Store,
        link: Link,
        tally: Tally,
        *,
        life: Callable[[], str],
        troubles: Mapping[str, str],
        rung: Callable[[], str],
        began_s: float,
    ) -> None:
        self._settings, self._river, self._store, self._link, self._tally = settings, river, store, link, tally
        self._life, self._troubles, self._rung = life, troubles, rung
        self._probes = Probes(state=store.path.parent)
        self._clock = SystemClock(store.floor)
        self._today = Today(store, self._clock, lambda: zone(settings().device.timezone))
        self._versions: tuple[object, Mapping[str, str]] = (None, {})
        self._began_s = began_s
        self._boot = machine_boot() or ""
        self._heat = Heat()
        self.body = Body()

    @property
    def pace(self) -> float:
        """The share of the frame rate that is used."""
        return self._heat.share

    async def run(self) -> None:
        """Look, every two seconds, until cancelled; a log that cannot be read just now is read the next time."""
        try:
            while True:
                self.body = await asyncio.to_thread(self._probes.read)
                with contextlib.suppress(DiskTrouble):  # the journal says it, and tries on
                    await self._today.look()
                self._cool()
                await asyncio.sleep(LOOK_S)
        finally:
            await self._today.close()

    def beat(self) -> Heartbeat:
        """How everything fares just now."""
        settings, tally, now_s = self._settings(), self._tally, monotonic_s()
        (age_s, is_live), lens = status.freshness(tally, now_s), status.lens(self._river.camera)
        return Heartbeat(
            device=settings.device.name,
            version=smartlogd.__version__,
            boot_id=self._boot,
            at=self._clock.now(),
            uptime_s=now_s - self._began_s,
            state=self._life(),
            camera=lens["name"],
            camera_status=lens["status"],
            fps=tally.fps if is_live else 0.0,
            inference_p50_ms=tally.inference_ms(0.5),
            inference_p95_ms=tally.inference_ms(0.95),
            frame_age_s=age_s,
            frames=tally.frames,
            dropped=tally.dropped,
            events=tally.events,
            people=tally.people if is_live else 0,
            lines=self._lines(settings),
            last_crossing=self._today.day.last,
            waiting=backlog(self._link.state()),
            journal=self._store.journal.state.word,
            body=self.body,
            pace=self.pace,
            rung=self._rung(),
            models=self._models(settings),
            troubles=tuple(f"{part}: {what}" for part, what in self._troubles.items()),
        )

    def state(self) -> Mapping[str, object]:
        """What the status tells beside the frames: the day, the machine, the clock, the newest events."""
        beat = self.beat()
        body = beat.body
        return {
            "today": {line.name: {"in": line.entered, "out": line.left} for line in beat.lines},
            "inference_ms": {"p50": beat.inference_p50_ms, "p95": beat.inference_p95_ms},
            "health": {
                "temperature_c": body.temperature_c,
                "throttled": list(body.throttled),
                "disk_free_bytes": body.disk_free_bytes,
                "disk_total_bytes": body.disk_total_bytes,
                "memory_bytes": body.memory_bytes,
                "written_bytes_day": body.written_bytes_day,
            },
            "clock_trusted": beat.at.trusted,
            "pace": beat.pace,
            "rung": beat.rung,
            "last_events": [told(event) for event in self._today.day.events],
        }

    def _models(self, settings: Settings) -> Mapping[str, str]:
        """The versions of the models in use; read from the catalogue again only when other models are."""
        known, versions = self._versions
        key = (settings.detect, settings.identify, self._river.models_changed)
        if known != key:
            versions = wiring.model_versions(settings)
            self._versions = (key, versions)
        return versions

    def _lines(self, settings: Settings) -> tuple[LineToday, ...]:
        """Every line of the settings, and those that were passed today before they were taken away."""
        passed = self._today.day.lines
        counting = {line.name: bool(line.counts) for line in settings.movement.crossing_lines()}
        return tuple(
            replace(
                passed.get(name, LineToday(name, 0, 0)),
                is_counting=counting.get(name, False),
                is_gone=name not in counting,
            )
            for name in dict.fromkeys([*counting, *passed])
        )

    def _cool(self) -> None:
        """Use fewer frames while it is hot, and say so when that changes."""
        options, before = self._settings().telemetry.heat, self._heat.share
        self._heat = stepped(self._heat, self.body.temperature_c, self.body.throttled, monotonic_s(), options)
        share = self._heat.share
        if share == before:
            return
        self._river.pace(share)
        words = "fewer frames are used: the device is hot" if share < before else "more frames are used again"
        log.warning(words, extra={"share": share, "temperature_c": self.body.temperature_c})


def told(event: Told) -> Mapping[str, object]:
    """One of the newest events, for the status."""
    return {
        "time": event.at.isoformat(timespec="milliseconds"),
        "type": event.type,
        "line": event.data.get("line"),
        "action": event.data.get("action"),
        "person": event.person,
        "trusted": event.is_trusted,
    }


def backlog(sync: Mapping[str, object]) -> Backlog:
    """What waits for the centre, out of what the sync says of itself.

    >>> backlog({"word": "off", "detail": ""})
    Backlog(word='off', rows=None, oldest_s=None, dead_letters=None)
    >>> backlog({"word": "away", "waiting": 7, "oldest_age_s": 61.5, "dead": 0}).oldest_s
    61.5
    """
    rows, oldest_s, dead = sync.get("waiting"), sync.get("oldest_age_s"), sync.get("dead")
    return Backlog(
        word=str(sync.get("word", "off")),
        rows=rows if isinstance(rows, int) else None,
        oldest_s=float(oldest_s) if isinstance(oldest_s, (int, float)) else None,
        dead_letters=dead if isinstance(dead, int) else None,
    )

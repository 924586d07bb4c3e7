"""Others are told how the device fares: systemd, the broker, Prometheus; a dead network stops nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from smartlogd import wiring
from smartlogd.base.errors import DiskTrouble, SmartlogError
from smartlogd.base.health import Command
from smartlogd.base.known import Json
from smartlogd.supervise import renewed, supervised
from smartlogd.telemetry.health import status_line

if TYPE_CHECKING:
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.telemetry.broker import Broker
    from smartlogd.telemetry.systemd import Notifier
    from smartlogd.vitals import Vitals

STATUS_S = 5.0
"""How often the line of `systemctl status` is written anew."""

log = logging.getLogger("smartlogd.telemetry")


class Reporter:
    """Tells whoever was named in [telemetry]; `run` is a task of the daemon. `obey` does what the broker asks."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        store: Store,
        vitals: Vitals,
        notifier: Notifier,
        obey: Callable[[Command], Awaitable[Mapping[str, object]]],
    ) -> None:
        self._settings, self._store, self._vitals, self._notifier, self._obey = settings, store, vitals, notifier, obey
        self._broker: Broker | None = None
        self._troubles: dict[str, str] = {}
        self._broker_anew, self._metrics_anew = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Tell until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._line())
            group.create_task(renewed(self._broker_anew, self._with_broker))
            group.create_task(renewed(self._metrics_anew, self._with_metrics))

    def changed(self, old: Settings, new: Settings) -> None:
        """Settings were read again: what they change is told from here on."""
        one, other = old.telemetry, new.telemetry
        if (one.mqtt, one.heartbeat_s) != (other.mqtt, other.heartbeat_s):
            self._broker_anew.set()
        elif old.movement != new.movement:
            self.poke()
        if one.metrics != other.metrics:
            self._metrics_anew.set()

    def poke(self) -> None:
        """There are events to tell, or something stands otherwise than a moment ago."""
        if self._broker:
            self._broker.poke()

    async def beat(self) -> None:
        """A heartbeat is due, where there is a broker."""
        if self._broker:
            self._broker.beat()

    async def act(self, step: Mapping[str, Json], timeout_s: float) -> Mapping[str, Json]:
        """Ask at the broker for one step of a routine (`base.ports.Actuator`); away where there is none."""
        return await self._broker.act(step, timeout_s) if self._broker else {"result": "away"}

    def state(self) -> Mapping[str, object]:
        """How telling fares, as plain JSON values."""
        trouble = self._troubles.get("mqtt", "")
        off: Mapping[str, object] = {"word": "refused" if trouble else "off", "detail": trouble}
        return {"mqtt": self._broker.state() if self._broker else off, "metrics": self._settings().telemetry.metrics}

    async def _line(self) -> None:
        """The line of `systemctl status`."""
        while True:
            self._notifier.status(status_line(self._vitals.beat()))
            await asyncio.sleep(STATUS_S)

    async def _with_broker(self) -> None:
        """One broker's time; ends at once where none is named, or it cannot be logged in to."""
        self._troubles.pop("mqtt", None)
        options = self._settings().telemetry
        if not options.mqtt.host:
            return
        feed = wiring.feed(self._store)
        try:
            with contextlib.suppress(DiskTrouble):  # then it begins with what is read first
                await feed.begin()  # here, for the broker may be away for long: what happens meanwhile is told too
            self._broker = await asyncio.to_thread(
                wiring.broker, self._settings(), self._store, feed, self._vitals.beat, self._obey, self._picture
            )
            await self._broker.run()
        except SmartlogError as error:
            self._troubles["mqtt"] = str(error)
            log.error("no broker", extra={"what": error.what, "hint": error.hint})
        finally:
            self._broker = None
            await feed.close()

    def _picture(self) -> bytes | None:
        """The newest snapshot."""
        from smartlogd.record.snapshot import newest

        return newest(self._store.path.parent)

    async def _with_metrics(self) -> None:
        listen = self._settings().telemetry.metrics
        self._troubles.pop("metrics", None)
        if not listen:
            return
        from smartlogd.telemetry.metrics import Metrics

        # A port that another program has may be free later.
        await supervised("metrics", lambda: Metrics(listen, self._vitals.beat).run(), self._troubles)

"""The broker: sessions with it, one after the other, for as long as the daemon lives.

A broker that is away, refuses or talks nonsense is a word in `state` and a line in the log, and never an error of the
daemon. While it is away nothing is kept for it: events wait in the log, and heartbeats are not made.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from smartlogd.base.errors import SmartlogError
from smartlogd.base.health import Command, Heartbeat
from smartlogd.base.known import Json
from smartlogd.base.ports import Feed
from smartlogd.base.time import Clock
from smartlogd.telemetry.hands import Hands
from smartlogd.telemetry.login import Login
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.orders import Orders
from smartlogd.telemetry.session import Parts, Session
from smartlogd.telemetry.topics import Thing, Topics
from smartlogd.telemetry.trouble import BrokerAway, BrokerRefuses, BrokerTrouble, flutters
from smartlogd.telemetry.voice import Account

log = logging.getLogger("smartlogd.telemetry")

_MOST_DOUBLINGS = 16
_FLUTTERS = 5
"""After so many sessions in a row that were soon over, it is said that they are."""
_MOST_SAID = 32
_BREATH_S = 0.05


class Broker:
    """Tells the broker of this device, and this device what the broker asks, from `run` until cancelled.

    `beat` is the heartbeat of now, `obey` does what was asked and gives its outcome, `picture` is the last snapshot as
    JPEG. `chance` gives numbers from 0 to 1. The feed stays open: whoever made it closes it.
    """

    def __init__(
        self,
        options: MqttOptions,
        login: Login,
        *,
        device: str,
        version: str,
        feed: Feed,
        clock: Clock,
        beat: Callable[[], Heartbeat],
        heartbeat_s: float,
        obey: Callable[[Command], Awaitable[Mapping[str, object]]],
        picture: Callable[[], bytes | None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._options, self._login, self._clock, self._chance = options, login, clock, chance
        topics = Topics(options.topic, device)
        self._orders = Orders(topics, clock=clock, obey=obey, answer=self._answer)
        self._account = Account()
        self._hands = Hands(self._ask, self._account)
        self._parts = Parts(
            options=options,
            topics=topics,
            version=version,
            feed=feed,
            clock=clock,
            beat=beat,
            heartbeat_s=heartbeat_s,
            picture=picture,
            orders=self._orders,
            hands=self._hands,
            chance=chance,
            account=self._account,
        )
        self._session: Session | None = None
        self._reached = asyncio.Event()
        self._word, self._detail, self._since = "connecting" if options.host else "off", "", clock.now().utc
        self._online_s: float | None = None
        self._failures = 0
        self._said: set[str] = set()

    async def run(self) -> None:
        """Keep a session for ever. Cancelled, it says "offline" within 1 s; it raises nothing but our own mistakes."""
        if not self._options.host:
            await asyncio.Event().wait()
        if self._login.password and not self._options.tls and not _is_here(self._options.host):
            log.warning("password goes over the network unencrypted", extra={"host": self._options.host})
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._orders.run())
            tasks.create_task(self._keep())

    def state(self) -> Mapping[str, object]:
        """How it fares as plain JSON values; `word` is off, connecting, online, away or refused."""
        account, orders = self._account, self._orders
        return {
            "word": self._word,
            "detail": self._detail or account.trouble,
            "host": self._options.host,
            "port": self._options.reached_port if self._options.host else None,
            "since": self._since.isoformat(),
            "failures": self._failures,
            "told": account.told,
            "passed_over": account.passed_over,
            "beats": account.beats,
            "refused": account.refused + account.too_large,
            "commands": orders.obeyed,
            "commands_refused": orders.refused + orders.dropped,
        }

    def poke(self) -> None:
        """There are new events in the log, or something else is new."""
        if self._session is not None:
            self._session.poke()

    def beat_now(self) -> None:
        """Send a heartbeat soon."""
        if self._session is not None:
            self._session.beat_now()

    def beat(self) -> None:
        """A heartbeat is due, says whoever keeps the time: it is sent soon, unless one was a moment ago."""
        if _now_s() - self._account.beat_s >= self._parts.heartbeat_s / 2:
            self.beat_now()

    async def act(self, step: Mapping[str, Json], timeout_s: float) -> Mapping[str, Json]:
        """Ask for one step of a routine (`base.ports.Actuator`); away where nobody is reached, or no broker named."""
        return await self._hands.act(step, timeout_s) if self._options.host else {"result": "away"}

    async def _keep(self) -> None:
        while True:
            trouble = await self._visit()
            if self._online_s is not None and _now_s() - self._online_s >= self._options.keepalive_s:
                self._failures = 0  # it held: only sessions that end at once are tried more and more slowly
                self._said.clear()
            elif self._online_s is not None and self._failures >= _FLUTTERS:
                trouble = flutters(self._options.host)
            self._online_s = None
            self._failed(trouble)
            await asyncio.sleep(self._pause_s(trouble))

    async def _visit(self) -> BrokerTrouble:
        """One session; why it ended."""
        try:
            self._login = await asyncio.to_thread(self._login.renewed) if self._failures else self._login
        except SmartlogError as error:
            return BrokerRefuses(error.what, error.hint)
        session = Session(self._parts, self._login)
        try:
            await session.open()
            self._session = session
            await session.run(self._online)
        except BrokerTrouble as trouble:
            return trouble
        except asyncio.CancelledError:
            if self._session is not None:
                await session.farewell()
            raise
        finally:
            self._session = None
            self._reached.clear()
            session.cut()

    def _online(self) -> None:
        self._online_s = _now_s()
        self._reached.set()
        self._stand("online", "")
        self._say(logging.INFO, "broker reached")

    def _failed(self, trouble: BrokerTrouble) -> None:
        self._failures += 1
        self._stand(trouble.word, str(trouble))
        self._say(logging.WARNING if isinstance(trouble, BrokerAway) else logging.ERROR, f"broker: {trouble}")

    def _say(self, level: int, what: str) -> None:
        """Log it, once until a session has held: a broker may be away for weeks, or come and go for as long."""
        if what not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(what)
            log.log(level, "%s", what, extra={"host": self._options.host, "failures": self._failures})

    def _stand(self, word: str, detail: str) -> None:
        if self._word != word:
            self._since = self._clock.now().utc
        self._word, self._detail = word, detail

    def _pause_s(self, trouble: BrokerTrouble) -> float:
        """Soon and with jitter at first, so that a thousand devices come back spread; slowly where a person is due."""
        roof_s = self._options.retry_roof_s
        if not isinstance(trouble, BrokerAway):
            return roof_s * (0.9 + 0.1 * self._chance())
        doubled_s = self._options.retry_s * 2.0 ** min(self._failures - 1, _MOST_DOUBLINGS)
        return min(roof_s, doubled_s) * (0.25 + 0.75 * self._chance())

    async def _ask(self, step: bytes, worth_s: float) -> None:
        """Ask for a step as soon as there is a session, and in the next one where it ended too early."""
        while True:
            await self._reached.wait()
            if self._session is not None:
                with suppress(BrokerTrouble):
                    return await self._session.ask(step, worth_s)
            await asyncio.sleep(_BREATH_S)

    async def _answer(self, thing: Thing, message: Mapping[str, Json]) -> None:
        """Answer a command, if whoever asked can still be reached."""
        if self._session is not None:
            with suppress(BrokerTrouble):
                await self._session.answer(thing, message)


def _is_here(host: str) -> bool:
    """Whether the broker runs on this device.

    >>> _is_here("localhost"), _is_here("broker.lan")
    (True, False)
    """
    return host in {"localhost", "::1"} or host.startswith("127.")


def _now_s() -> float:
    return asyncio.get_running_loop().time()

"""Bad weather between a device and its centre, drawn by a seed: what gets lost, comes twice, comes late, breaks off.

What is said is said to the real centre over real connections; the weather only decides whether it arrives, whether the
answer does, and whether the device is killed meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import psycopg

from smartlogd.base.wire import Page, Verdicts
from smartlogd.sync.timescale import TimescaleCentre
from smartlogd.sync.trouble import CentreAway, CentreTrouble

if TYPE_CHECKING:
    from centre import Centre, Enrolled

    from smartlogd.store.engine import Store

Result = TypeVar("Result")
Said = tuple[str, str, Mapping[str, object]]

STATES = ("40001", "08006", "57P01", "53300")
"""What the centre raises: a serialization failure, a lost connection, a shutdown, too many connections."""
UP = {
    "fair": 50, "lost": 6, "unheard": 8, "twice": 6, "late": 6, "overtaken": 6, "raised": 6, "cut": 3,
    "killed before": 3, "killed after": 5,
}  # fmt: skip
DOWN = {"fair": 70, "lost": 8, "unheard": 8, "killed before": 3, "killed after": 3}
WRITING = {"fair": 80, "killed before": 4, "killed within": 8, "killed after": 8}
THUNDER = "thunder"
SKY = """
CREATE TABLE sky (device_id integer PRIMARY KEY, state text NOT NULL);
CREATE FUNCTION thunder() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    raised text;
BEGIN
    SELECT sky.state INTO raised FROM public.sky
    JOIN public.device_logins AS l ON l.device_id = sky.device_id WHERE l.login = session_user;
    IF FOUND THEN
        RAISE EXCEPTION 'thunder' USING ERRCODE = raised;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER thunder AFTER INSERT OR UPDATE ON device_epochs DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION thunder();
CREATE CONSTRAINT TRIGGER thunder AFTER INSERT OR UPDATE ON devices DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION thunder();
"""
"""Lets a transaction of `api.ingest` fail when it commits, after all its work was done."""


class Torn(Exception):
    """The device was killed in the middle of a transaction."""


class Weather:
    """The weather over one device, all its lives long."""

    def __init__(self, centre: Centre, enrolled: Enrolled, chance: random.Random) -> None:
        self.chance = chance
        self.is_calm = False
        self.killed, self._drawn = asyncio.Event(), asyncio.Event()
        self.seen: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        """How often the centre said of an event that it was new."""
        self.unsure: set[str] = set()
        """Events on which the centre may have said something that nobody heard."""
        self._centre, self._enrolled = centre, enrolled
        self._late: list[Said] = []

    def draw(self, way: Mapping[str, int]) -> str:
        """What happens this time."""
        if self.is_calm:
            return "fair"
        (what,) = self.chance.choices(list(way), list(way.values()))
        self.seen[what] += 1
        self._drawn.set()
        return what

    async def draws(self, times: int) -> None:
        """Until the weather was asked so often again; but not for ever, as there may be nothing to send."""
        for _ in range(times):
            self._drawn.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._drawn.wait()

    def over(self, line: TimescaleCentre, side: TimescaleCentre) -> Line:
        """The way to the centre of one life of the device."""
        return Line(self, line, side)

    def account(self, body: str, verdicts: Verdicts) -> None:
        """Note what the centre said, whether or not the device heard it."""
        new = set(verdicts.ok)
        self.taken.update(item["id"] for item in json.loads(body) if item["kind"] == "event" and item["seq"] in new)

    def doubt(self, body: str) -> None:
        """Note that nobody knows what the centre said."""
        self.unsure.update(item["id"] for item in json.loads(body) if item["kind"] == "event")

    def delay(self, said: Said) -> None:
        """What was said arrives some other day."""
        self._late.append(said)

    def late(self) -> Said | None:
        """Something that was said long ago and arrives now."""
        return self._late.pop(self.chance.randrange(len(self._late))) if self._late else None

    async def clear(self) -> None:
        """After a death: whoever it was who had struck the centre lives no more."""
        self.killed.clear()
        await self.strike(None)

    async def strike(self, state: str | None) -> None:
        """From now on transactions of this device fail with this state; None: no more."""
        await asyncio.to_thread(self._strike, state)

    def _strike(self, state: str | None) -> None:
        self._centre.execute("DELETE FROM sky WHERE device_id = %s", self._enrolled.device_id)
        if state is not None:
            self._centre.execute("INSERT INTO sky VALUES (%s, %s)", self._enrolled.device_id, state)

    async def cut(self) -> None:
        """The server ends all connections of the device."""
        await asyncio.sleep(self.chance.random() * 0.004)
        await asyncio.to_thread(
            self._centre.execute,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
            self._enrolled.login,
        )


class Line:
    """A `Centre` as it is heard through the weather, for one life of the device."""

    def __init__(self, weather: Weather, line: TimescaleCentre, side: TimescaleCentre) -> None:
        self._weather, self._line, self._side = weather, line, side
        self._is_dead = False

    async def ingest(self, epoch: str, body: str, about: Mapping[str, object]) -> Verdicts:
        """Send items, if the weather lets them through."""
        weather, said = self._weather, (epoch, body, about)
        what = await self._drawn(UP)
        if what == "late":
            weather.delay(said)
        if what in {"lost", "late"}:
            raise _away()
        if what == "raised":
            return await self._raised(lambda: self._said(self._line, said))
        if what == "cut":
            return await self._cut(said)
        if what == "twice":
            verdicts, _ = await asyncio.gather(self._said(self._line, said), self._said(self._side, said))
            return verdicts
        if what == "overtaken":
            await self.delivered()
        verdicts = await self._said(self._line, said)
        if what == "unheard":
            raise _away()
        if what == "killed after":
            await self.die()
        return verdicts

    async def pull(self, cursor: int, most: int) -> Page:
        """Ask for news."""
        what = await self._drawn(DOWN)
        if what == "lost":
            raise _away()
        page = await self._line.pull(cursor, min(most, self._weather.chance.choice([2, 20, 500])))
        if what == "unheard":
            raise _away()
        if what == "killed after":
            await self.die()
        return page

    async def close(self) -> None:
        """Hang up."""
        await self._line.close()
        await self._side.close()

    async def delivered(self) -> bool:
        """Something that was delayed arrives; whether there was anything."""
        late = self._weather.late()
        if late is not None:
            with contextlib.suppress(CentreTrouble):  # what cannot be taken cannot be taken late either
                await self._said(self._side, late)
        return late is not None

    async def die(self) -> NoReturn:
        """The device is killed: whoever talks through here never hears anything again."""
        self._is_dead = True
        self._weather.killed.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def survive(self) -> None:
        """Go on only where the device still lives."""
        if self._is_dead:
            await self.die()

    async def _drawn(self, way: Mapping[str, int]) -> str:
        await self.survive()
        what = self._weather.draw(way)
        if what == "killed before":
            await self.die()
        return what

    async def _said(self, line: TimescaleCentre, said: Said) -> Verdicts:
        try:
            verdicts = await line.ingest(*said)
        except (asyncio.CancelledError, CentreAway) as error:
            if THUNDER not in str(error):  # of that it is known that nothing of it stayed
                self._weather.doubt(said[1])
            raise
        self._weather.account(said[1], verdicts)
        return verdicts

    async def _raised(self, asked: Callable[[], Any]) -> Any:
        await self._weather.strike(self._weather.chance.choice(STATES))
        try:
            return await asked()
        finally:
            await self._weather.strike(None)

    async def _cut(self, said: Said) -> Verdicts:
        cutting = asyncio.create_task(self._weather.cut())
        try:
            return await self._said(self._line, said)
        finally:
            await cutting


class Killable:
    """A store under which the device may be killed at each transaction that the sync makes."""

    def __init__(self, store: Store, line: Callable[[], Line], weather: Weather) -> None:
        self._store, self._line, self._weather = store, line, weather

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def change(self, work: Callable[[sqlite3.Connection], Result], *, scrub: bool = False) -> Result:
        """Do it, or be killed before, within or after it."""
        await self._line().survive()
        what = self._weather.draw(WRITING)
        if what == "killed before":
            await self._line().die()
        if what == "killed within":
            await self._torn(work)
        result = await self._store.change(work, scrub=scrub)
        if what == "killed after":
            await self._line().die()
        return result

    async def _torn(self, work: Callable[[sqlite3.Connection], Result]) -> NoReturn:
        def torn(connection: sqlite3.Connection) -> NoReturn:
            work(connection)
            raise Torn

        try:
            await self._store.change(torn)
        except Torn:
            await self._line().die()
        raise AssertionError


def _away() -> CentreAway:
    return CentreAway("The weather is bad.", "Wait.")


def prepare(centre: Centre) -> None:
    """Let there be thunder at this centre."""
    with psycopg.connect(centre.url, autocommit=True) as connection:
        connection.execute(SKY)

"""The way to a real PostgreSQL: what waits arrives once, whatever happens to the server and to what lies between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from smartlogd.base.time import SystemClock
from smartlogd.store import dead
from smartlogd.store.engine import Store, open_store
from smartlogd.store.inbox import StoreInbox
from smartlogd.store.options import StoreOptions
from smartlogd.store.outbox import StoreOutbox
from smartlogd.store.pace import visits
from smartlogd.sync.bundle import Address
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.runner import Sync
from smartlogd.sync.timescale import Door, TimescaleCentre
from smartlogd.sync.trouble import CentreAway

if TYPE_CHECKING:
    from centre import Centre, Cluster

pytestmark = pytest.mark.services

QUICK = SyncOptions().model_copy(
    update={"gather_s": 0.02, "interval_s": 0.5, "pull_beside_s": 0.2, "retry_s": 0.02, "retry_roof_s": 0.2}
)
State = Mapping[str, object]


class Edge:
    """A device with a real log, and a sync that runs while the test does."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outbox, self.inbox = StoreOutbox(store), StoreInbox(store)
        self.sync: Sync | None = None
        self._running: asyncio.Task[None] | None = None

    async def log(self, events: int) -> None:
        """So many things happen, one a second until now."""
        began, receipt = replace(SystemClock().now(), trusted=True).shifted(-(events + 1)), None
        for event in visits(events, began):
            receipt = self.store.journal.append(replace(event, device=self.store.origin.device))
        await receipt.durable()

    async def meet(self, door: Door, options: SyncOptions = QUICK) -> Sync:
        """Begin to sync by this door."""
        self.sync = Sync(
            outbox=self.outbox, inbox=self.inbox, centre=TimescaleCentre(door, options, version="test"),
            options=options, clock=SystemClock(), epoch=await self.outbox.epoch(),
            about={"version": "test", "capabilities": ["crossings"]},
        )  # fmt: skip
        self._running = asyncio.create_task(self.sync.run())
        return self.sync

    async def part(self) -> None:
        """End the sync."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
            assert self._running.cancelled(), self._running.exception()
        self._running = None

    async def until(self, is_so: Callable[[State], object], within_s: float = 20.0) -> State:
        """Wait for a state."""
        assert self.sync is not None
        try:
            async with asyncio.timeout(within_s):
                while not is_so(state := await self.sync.status()):
                    assert not self._running.done(), "nothing may end the sync"
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"never came to that: {dict(await self.sync.status())}") from None
        return state


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    store = open_store(
        tmp_path, device="door", version="test", clock=SystemClock(), boot=uuid4(), has_centre=True,
        options=StoreOptions(reserve_mib=0, group_commit_s=0.01, group_rows=1000),
    )  # fmt: skip
    writing = asyncio.create_task(store.journal.run())
    made = Edge(store)
    yield made
    await made.part()
    await made.outbox.close()
    await made.inbox.close()
    writing.cancel()
    await asyncio.wait({writing})
    await store.close()


def door(centre: Centre) -> Door:
    """Where a device of this centre gets in: over TLS, where the server is our own and its certificate too."""
    enrolled, cluster = centre.enrol("door"), centre.cluster
    if cluster.is_own:
        return own_door(centre)
    parts = urlsplit(enrolled.url)
    host, port = parts.hostname or "localhost", parts.port or 5432
    return Door(Address(host=host, port=port, database=centre.name, sslmode="prefer"), enrolled.login, enrolled.secret)


def own_door(centre: Centre, *, host: str = "localhost", **other: object) -> Door:
    """The same where it must be our own server: one that may be killed, and asks for certificate and secret."""
    enrolled, cluster = centre.enrol("door"), centre.cluster
    if not cluster.is_own or cluster.ca is None:
        pytest.skip("needs a server of our own")
    given: dict[str, object] = {"secret": enrolled.secret, "ca": cluster.ca.read_text(), **other}
    return Door(Address(host=host, port=cluster.port, database=centre.name), enrolled.login, **given)


def arrived(centre: Centre) -> tuple[int, int]:
    """How many events there are at the centre, and how many different ones."""
    return centre.execute("SELECT count(*), count(DISTINCT event_id) FROM events")[0]


def none_waits(state: State) -> bool:
    return state["waiting"] == 0 and state["word"] == "ok"


class Wire:
    """A stretch of network between a device and the server, which can be cut behind an answer."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.answers_to_swallow = 0
        self.cuts = 0
        self.is_mute = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end hangs up or the test is over."""
        mine = asyncio.current_task()
        self._tasks.add(mine)
        ends, ways = [writer], []
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._cluster.port)
            ends.append(far_writer)
            ways = [
                asyncio.create_task(self._carried(reader, far_writer, is_answer=False)),
                asyncio.create_task(self._carried(far_reader, writer, is_answer=True)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for end in ends:
                end.transport.abort()
            await asyncio.gather(*ways, return_exceptions=True)
            self._tasks.discard(mine)

    async def _carried(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65536):
                if is_answer and self.is_mute:
                    continue
                if is_answer and self.answers_to_swallow:
                    self.answers_to_swallow -= 1
                    self.cuts += 1
                    return
                writer.write(piece)
                await writer.drain()


async def test_what_waits_arrives_once_over_a_verified_line(edge: Edge, centre: Centre) -> None:
    await edge.log(3000)
    await edge.meet(own_door(centre))
    state = await edge.until(none_waits)
    assert arrived(centre) == (3000, 3000)
    assert (state["duplicate"], state["rejected"], state["dead"]) == (0, 0, 0)
    assert state["connected"] is True
    secured = centre.execute(
        "SELECT s.ssl FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid)"
        " WHERE a.usename = %s AND a.application_name = 'smartlogd test'",
        centre.enrol("door").login,
    )
    assert secured == [(True,)]


async def test_what_happens_later_follows_within_moments(edge: Edge, centre: Centre) -> None:
    await edge.meet(door(centre))
    await edge.until(none_waits)
    await edge.log(3)
    await edge.until(lambda _: arrived(centre) == (3, 3))


async def test_a_server_that_is_killed_and_started_again_in_mid_backlog_has_every_row_once(
    edge: Edge, centre: Centre
) -> None:
    way_in = own_door(centre)
    centre.execute(f'ALTER DATABASE "{centre.name}" SET synchronous_commit = on')  # tests have it off, as nobody else
    await edge.log(6000)
    await edge.meet(way_in, QUICK.model_copy(update={"batch_rows_least": 50, "batch_rows_most": 100}))
    for how in ("immediate", "fast"):
        before = (await edge.until(lambda _: arrived(centre)[0] > 0))["sent"]
        await edge.until(lambda state, before=before: state["sent"] > before)
        await asyncio.to_thread(centre.cluster.stop, how)
        try:
            await edge.until(lambda state: state["word"] == "away")
        finally:
            await asyncio.to_thread(centre.cluster.start)
    await edge.until(none_waits)
    assert arrived(centre) == (6000, 6000)
    assert centre.execute("SELECT sum(count) FROM counts_hourly")[0][0] == 6000


async def test_a_batch_whose_answer_was_lost_is_sent_again_and_doubles_nothing(edge: Edge, centre: Centre) -> None:
    way_in = own_door(centre)
    async with Wire(centre.cluster) as wire:
        await edge.meet(replace(way_in, address=way_in.address.model_copy(update={"port": wire.port})))
        await edge.until(none_waits)
        for round_ in range(1, 4):
            assert edge.sync is not None
            await edge.sync.pause()
            await edge.log(40)
            wire.answers_to_swallow = 1
            await edge.sync.resume()
            await edge.until(lambda _, round_=round_: wire.cuts >= round_)
            await edge.until(none_waits)
        assert arrived(centre) == (120, 120)
        assert wire.cuts >= 3
        await edge.part()


async def test_a_network_that_swallows_everything_is_given_up_and_then_taken_up_again(
    edge: Edge, centre: Centre
) -> None:
    way_in = own_door(centre)
    async with Wire(centre.cluster) as wire:
        options = QUICK.model_copy(update={"answer_s": 0.5, "connect_s": 0.5})
        await edge.meet(replace(way_in, address=way_in.address.model_copy(update={"port": wire.port})), options)
        await edge.until(none_waits)
        wire.is_mute = True
        await edge.log(10)
        state = await edge.until(lambda state: state["word"] == "away", within_s=5)
        assert "within 0.5 s" in str(state["detail"])
        wire.is_mute = False
        await edge.until(none_waits)
        assert arrived(centre) == (10, 10)
        await edge.part()


async def test_a_server_that_another_authority_vouches_for_is_told_nothing(
    edge: Edge, centre: Centre, tmp_path: Path
) -> None:
    from centre import Authority

    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    await edge.log(5)
    await edge.meet(own_door(centre, ca=other.path.read_text()))
    state = await edge.until(lambda state: state["word"] == "refused")
    assert "does not prove who it is" in str(state["detail"])
    assert state["waiting"] >= 5
    assert centre.execute("SELECT last_seen FROM devices WHERE name = 'door'") == [(None,)]


async def test_a_server_of_another_name_is_told_nothing(edge: Edge, centre: Centre) -> None:
    await edge.log(5)
    await edge.meet(own_door(centre, host="127.0.0.1"))
    state = await edge.until(lambda state: state["word"] == "refused")
    assert "does not prove who it is" in str(state["detail"])


async def test_a_wrong_password_is_an_alarm_and_no_row_is_dropped(edge: Edge, centre: Centre) -> None:
    await edge.log(20)
    sync = await edge.meet(own_door(centre, secret="not-the-right-one"))
    state = await edge.until(lambda state: state["word"] == "refused")
    assert float(str(state["next_try_s"])) > 100
    assert "not-the-right-one" not in str(state)
    centre.execute(f"ALTER ROLE \"{centre.enrol('door').login}\" PASSWORD 'not-the-right-one'")
    await sync.now()
    await edge.until(none_waits)
    assert arrived(centre) == (20, 20)


async def test_a_device_that_was_shut_out_keeps_its_rows(edge: Edge, centre: Centre) -> None:
    sync = await edge.meet(door(centre))
    await edge.until(none_waits)
    centre.execute("UPDATE devices SET enabled = false WHERE name = 'door'")
    await edge.log(7)
    state = await edge.until(lambda state: state["word"] == "refused")
    assert state["waiting"] >= 7
    centre.execute("UPDATE devices SET enabled = true WHERE name = 'door'")
    await sync.now()
    await edge.until(none_waits)
    assert arrived(centre) == (7, 7)


async def test_a_server_without_room_for_another_connection_is_tried_again_soon(edge: Edge, centre: Centre) -> None:
    login = centre.enrol("door").login
    centre.execute(f'ALTER ROLE "{login}" CONNECTION LIMIT 0')
    await edge.log(9)
    await edge.meet(door(centre))
    state = await edge.until(lambda state: state["word"] == "away")
    assert "too many connections" in str(state["detail"])
    assert float(str(state["next_try_s"])) <= 0.2
    centre.execute(f'ALTER ROLE "{login}" CONNECTION LIMIT 4')
    await edge.until(none_waits)
    assert arrived(centre) == (9, 9)


async def test_a_centre_without_the_function_makes_rows_wait_and_says_what_to_do(edge: Edge, centre: Centre) -> None:
    centre.execute("ALTER FUNCTION api.ingest(uuid, integer, jsonb, json) RENAME TO ingest_of_old")
    await edge.log(9)
    sync = await edge.meet(door(centre))
    state = await edge.until(lambda state: state["word"] == "held")
    assert "smartlogd central upgrade" in str(state["detail"])
    assert state["dead"] == 0
    assert state["waiting"] >= 9
    centre.execute("ALTER FUNCTION api.ingest_of_old(uuid, integer, jsonb, json) RENAME TO ingest")
    await sync.now()
    await edge.until(none_waits)
    assert arrived(centre) == (9, 9)


async def test_rows_that_an_older_centre_does_not_know_yet_wait_for_it(edge: Edge, centre: Centre) -> None:
    body = "CREATE OR REPLACE FUNCTION api.wire() RETURNS integer LANGUAGE sql AS 'SELECT {}'"
    centre.execute(body.format(0))
    await edge.log(9)
    sync = await edge.meet(door(centre))
    state = await edge.until(lambda state: state["held"])
    assert state["waiting"] >= 9
    assert arrived(centre) == (0, 0)
    assert state["dead"] == 0
    centre.execute(body.format(1))
    await sync.now()
    await edge.until(none_waits)
    assert arrived(centre) == (9, 9)


async def test_a_row_that_is_refused_is_a_dead_letter_and_goes_when_its_cause_is_mended(
    edge: Edge, centre: Centre
) -> None:
    await edge.log(300)
    centre.execute("ALTER TABLE events ADD CONSTRAINT no_more CHECK (type <> 'crossing')")
    await edge.meet(door(centre))
    state = await edge.until(lambda state: state["waiting"] == 0 and state["dead"])
    assert arrived(centre)[0] + int(str(state["dead"])) == 300
    letter = dead.dead_letters(edge.store.path.parent)[0]
    assert "no_more" in letter.reason
    centre.execute("ALTER TABLE events DROP CONSTRAINT no_more")
    await edge.store.change(dead.retry)
    await edge.until(lambda state: state["waiting"] == 0 and state["dead"] == 0)
    assert arrived(centre) == (300, 300)


async def test_a_centre_that_hangs_is_hung_up_on(edge: Edge, centre: Centre) -> None:
    await edge.meet(door(centre), QUICK.model_copy(update={"answer_s": 0.5}))
    await edge.until(none_waits)
    holder = centre.connect()
    with holder.transaction():
        holder.execute("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
        await edge.log(5)
        state = await edge.until(lambda state: state["word"] == "away", within_s=5)
        assert "did not answer within 0.5 s" in str(state["detail"])
    await edge.until(none_waits)
    assert arrived(centre) == (5, 5)


async def test_a_line_that_nobody_uses_is_closed(edge: Edge, centre: Centre) -> None:
    options = QUICK.model_copy(update={"idle_s": 0.3, "interval_s": 60.0})
    sync = await edge.meet(door(centre), options)
    assert (await sync.now())["connected"]  # by itself it might ask for news only after a minute
    await edge.until(lambda state: not state["connected"])
    login = centre.enrol("door").login
    await edge.until(lambda _: not centre.execute("SELECT FROM pg_stat_activity WHERE usename = %s", login))


async def test_hanging_up_in_the_middle_of_a_question_harms_nothing(centre: Centre) -> None:
    """The driver's C code would go on reading a connection that was freed under it."""
    line = TimescaleCentre(door(centre), QUICK, version="test")

    async def asks() -> int:
        answers = 0
        for _ in range(30):
            with contextlib.suppress(CentreAway):
                answers += (await line.pull(0, 500)).is_last
        return answers

    asking = [asyncio.create_task(asks()) for _ in range(2)]
    span_s = 0.0
    while not all(task.done() for task in asking):
        await asyncio.sleep(span_s)
        span_s = (span_s + 0.0007) % 0.02
        await line.close()
    await line.close()
    assert sum(task.result() for task in asking) > 0

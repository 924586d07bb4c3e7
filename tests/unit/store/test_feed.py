"""The events as others are told of them, and the place up to which they were."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, Json, PersonId, SubjectId
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.schema.instants import micros
from smartlogd.store.backup import back_up, restore
from smartlogd.store.begin import noted
from smartlogd.store.engine import Store
from smartlogd.store.epoch import renewed
from smartlogd.store.feed import CURSOR, StoreFeed
from smartlogd.store.outward import KEPT

Opener = Callable[..., Store]
Maker = Callable[..., Event]
IDS = LiveIds()
_AGED = "DELETE FROM events WHERE id <= ?"


def happened(type_: str, stamp: Stamp, subject: SubjectId | None = None, **data: Json) -> Event:
    return Event(IDS.event(type_, None, stamp), "door", type_, stamp, subject, data=data)


async def written(store: Store, events: Iterable[Event]) -> list[str]:
    """Their ids, once they are on the disk."""
    receipts = [(event, store.journal.append(event)) for event in events]
    for _, receipt in receipts:
        await receipt.durable()
    return [str(event.id) for event, _ in receipts]


async def ids(feed: StoreFeed, most: int = 100) -> list[str]:
    return [told.event_id for told in await feed.next(most)]


def cursor(folder: Path) -> Any:
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        return noted(connection, CURSOR)


async def until_noted(folder: Path, seq: int) -> None:
    async with asyncio.timeout(5):
        while (cursor(folder) or {}).get("seq") != seq:
            await asyncio.sleep(0.01)


async def test_what_was_logged_before_anyone_listened_is_not_told_and_what_comes_is_in_order(
    opener: Opener, running: Any, crossing: Maker
) -> None:
    async with running(opener()) as store:
        await written(store, [crossing() for _ in range(3)])
        feed = StoreFeed(store)
        assert await feed.next(10) == ()
        made = await written(store, [crossing(track=number) for number in range(5)])
        assert await ids(feed, 2) == made[:2], "at most so many"
        assert await ids(feed) == made, "and again, until they were told"
        await feed.told((await feed.next(3))[-1].seq)
        assert await ids(feed) == made[3:]
        await feed.told(1)
        assert await ids(feed) == made[3:], "a place is never gone back to"
        await feed.close()


async def test_a_crossing_is_told_with_what_belongs_to_it(
    opener: Opener, running: Any, crossing: Maker, at: Stamp
) -> None:
    subject = SubjectId(uuid4())
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        (made,) = await written(store, [crossing(stamp=at, subject=subject, line="door", action="O", track=7)])
        (told,) = await feed.next(10)
        assert (told.event_id, told.type, told.at, told.is_trusted) == (made, "crossing", at.utc, True)
        assert (told.subject, told.person, told.ended) == (str(subject), None, None)
        assert told.data == {"line": "door", "action": "O", "track": 7, "confidence": 0.75}
        await feed.close()


async def test_the_place_is_kept_over_a_restart_and_what_happened_meanwhile_is_told(
    opener: Opener, running: Any, crossing: Maker
) -> None:
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        made = await written(store, [crossing() for _ in range(3)])
        await feed.told((await feed.next(1))[-1].seq)
        await feed.close()
        await feed.close()
        made += await written(store, [crossing()])
    async with running(opener()) as store:
        feed = StoreFeed(store)
        assert await ids(feed) == made[1:]
        await feed.close()


async def test_where_nobody_was_reached_yet_the_place_where_it_began_is_kept_too(
    opener: Opener, running: Any, crossing: Maker
) -> None:
    async with running(opener()) as store:
        await written(store, [crossing()])
        feed = StoreFeed(store)
        assert await feed.begin() == 1
        made = await written(store, [crossing()])
        await feed.close()
    async with running(opener()) as store:
        feed = StoreFeed(store)
        assert await ids(feed) == made
        await feed.close()


async def test_the_place_is_written_once_for_many_that_were_told_and_without_waiting_for_the_end(
    opener: Opener, running: Any, crossing: Maker, folder: Path
) -> None:
    async with running(opener()) as store:
        await written(store, [crossing() for _ in range(20)])
        notes = 0
        with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
            before = connection.execute("PRAGMA data_version").fetchone()
            feed = StoreFeed(store, remember_s=0.1)
            for seq in range(1, 21):
                await feed.told(20 + seq)
                now = connection.execute("PRAGMA data_version").fetchone()
                notes, before = notes + (now != before), now
        assert notes == 0
        await until_noted(folder, 40)
        await feed.close()


async def test_a_disk_that_takes_nothing_holds_nobody_up_and_the_place_is_written_later(
    opener: Opener, running: Any, crossing: Maker, folder: Path
) -> None:
    store = opener()  # its journal does not run: whatever it is given waits
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 9 WHERE name = 'events'")
        connection.commit()
    feed = StoreFeed(store, remember_s=0.05)
    async with asyncio.timeout(2):
        await feed.told(12)
        assert await feed.next(1) == ()
    await asyncio.sleep(0.3)
    assert cursor(folder) is None
    async with running(store):
        await until_noted(folder, 12)
        await feed.close()


async def test_a_feed_closed_while_nothing_can_be_written_ends_all_the_same(opener: Opener) -> None:
    store = opener()
    feed = StoreFeed(store, remember_s=60)
    await feed.told(3)
    async with asyncio.timeout(3):
        await feed.close()
    await store.close()


async def test_rows_that_went_for_their_age_or_were_stripped_leave_the_place_right(
    opener: Opener, running: Any, crossing: Maker
) -> None:
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        await written(store, [crossing() for _ in range(4)])
        told = await feed.next(2)
        await feed.told(told[-1].seq)
        await store.change(lambda connection: connection.execute("DELETE FROM events"))
        assert await feed.next(10) == ()
        made = await written(store, [crossing()])
        assert await ids(feed) == made, "no number is given twice"
        await feed.close()
    async with running(opener()) as store:
        feed = StoreFeed(store)
        assert await ids(feed) == made
        await feed.close()


async def test_a_database_that_was_brought_back_begins_at_its_newest(
    opener: Opener, running: Any, crossing: Maker, folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        await written(store, [crossing() for _ in range(4)])
        await feed.told(2)
        await feed.close()
    back_up(folder, copy)
    restore(folder, copy, SystemClock())
    assert cursor(folder)["seq"] == 2, "it came back with the rest"
    async with running(opener()) as store:
        feed = StoreFeed(store)
        assert await feed.next(10) == ()
        made = await written(store, [crossing()])
        assert await ids(feed) == made
        await feed.close()
    async with running(opener()) as store:
        feed = StoreFeed(store)
        assert await ids(feed) == made, "the new place counts in the new epoch"
        await feed.close()


async def test_a_place_beyond_the_newest_event_is_believed_only_up_to_it(
    opener: Opener, running: Any, crossing: Maker
) -> None:
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.told(900)
        await feed.close()
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        made = await written(store, [crossing()])
        assert await ids(feed) == made
        await feed.close()


@pytest.fixture
def named() -> Callable[..., Any]:
    """Writes a person, and a subject who is that person."""

    def work(connection: sqlite3.Connection, subject: UUID, name: str | None, into: UUID | None = None) -> None:
        user = None
        if name is not None:
            row = (
                "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES (?, ?, 'member', 0, 0) RETURNING id"
            )
            (user,) = connection.execute(row, (str(uuid4()), name)).fetchone()
        connection.execute(
            "INSERT INTO subjects (uuid, user_id, merged_into, has_face, ignored, first_seen, last_seen)"
            " VALUES (?, ?, ?, 1, 0, 0, 0) ON CONFLICT (uuid) DO UPDATE SET user_id = excluded.user_id",
            (str(subject), user, into and str(into)),
        )

    return work


async def test_whoever_is_known_by_now_is_named_through_mergers_too_and_who_is_forgotten_is_not(
    opener: Opener, running: Any, crossing: Maker, named: Callable[..., Any]
) -> None:
    one, other = SubjectId(uuid4()), SubjectId(uuid4())
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        await store.change(lambda connection: named(connection, one, "Ada"))
        await store.change(lambda connection: named(connection, other, None, into=one))
        await written(store, [crossing(subject=one), crossing(subject=other), crossing()])
        assert [told.person for told in await feed.next(10)] == ["Ada", "Ada", None]
        await store.change(lambda connection: connection.execute("UPDATE users SET forgotten_at = 1"))
        assert [told.person for told in await feed.next(10)] == [None, None, None]
        await feed.close()


async def test_a_person_known_when_it_happened_is_named_before_the_subject_is(
    opener: Opener, running: Any, crossing: Maker
) -> None:
    uid = PersonId(uuid4())
    row = "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES (?, 'Ada', 'member', 0, 0)"
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        await store.change(lambda connection: connection.execute(row, (str(uid),)))
        await written(store, [replace(crossing(), person=uid)])
        assert [told.person for told in await feed.next(10)] == ["Ada"]
        await feed.close()


async def test_nothing_of_a_face_and_nothing_unexpected_leaves_the_log(opener: Opener, running: Any, at: Stamp) -> None:
    subject = SubjectId(uuid4())
    secret = {"distance": 0.31, "embedding": [0.5] * 128, "crop": "faces/x.jpg", "template": "aa"}
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        await written(
            store, [happened(type_, at, subject, confidence=0.5, **secret) for type_ in ("face_seen", "sit", "other")]
        )
        told = await feed.next(10)
        assert [(one.type, one.data) for one in told] == [
            ("face_seen", {}), ("sit", {"confidence": 0.5}), ("other", {}),
        ]  # fmt: skip
        await feed.close()
    assert "face_seen" not in KEPT
    assert not {key for keys in KEPT.values() for key in keys} & set(secret)


async def test_a_row_that_has_no_instant_is_passed_over_and_one_by_hand_in_the_log_is_not_told(
    opener: Opener, running: Any, crossing: Maker
) -> None:
    event = (
        "INSERT INTO events (user_id, device_id, type, ts, data, event_id)"
        " SELECT user_id, id, 'sit', ?, 'nonsense', ? FROM devices"
    )
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        for at in ("yesterday", -5, 2**60):
            await store.change(lambda connection, at=at: connection.execute(event, (at, str(uuid4()))))
        by_hand = "INSERT INTO smartlog (uuid, action, timestamp) VALUES ('by hand', 'I', 0)"
        await store.change(lambda connection: connection.execute(by_hand))
        made = await written(store, [crossing()])
        assert await ids(feed) == made
        assert await feed.skip(dt.datetime(2030, 1, 1, tzinfo=dt.UTC)) == 4, "and none of them stops the passing over"
        assert await feed.next(1) == ()
        await feed.close()


async def test_a_stamp_of_a_clock_not_trusted_is_told_as_it_is_and_once_corrected_as_it_was(
    opener: Opener, running: Any, crossing: Maker, at: Stamp
) -> None:
    guess = Stamp(7_000_000_000, at.utc - dt.timedelta(days=3), trusted=False)
    event = replace(crossing(stamp=guess), ended=guess.shifted(2))
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        await written(store, [event])
        (told,) = await feed.next(1)
        assert (told.at, told.is_trusted, told.ended) == (guess.utc, False, guess.shifted(2).utc)
        zero = micros(at.utc) - guess.mono_ns // 1000
        await store.change(lambda connection: connection.execute("UPDATE boots SET zero_at = ?", (zero,)))
        (told,) = await feed.next(1)
        assert (told.at, told.is_trusted, told.ended) == (at.utc, True, at.shifted(2).utc)
        await feed.close()


async def test_what_is_older_is_passed_over_up_to_the_first_that_is_not(
    opener: Opener, running: Any, crossing: Maker, at: Stamp, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smartlogd.store.feed.STEP", 2)
    monkeypatch.setattr("smartlogd.store.feed._STEP", "SELECT id, ts FROM events WHERE id > :after ORDER BY id LIMIT 2")
    async with running(opener()) as store:
        feed = StoreFeed(store)
        await feed.begin()
        spans = (-900, -800, -700, -600, -500, -10, -800)
        made = await written(store, [crossing(stamp=at.shifted(span_s)) for span_s in spans])
        assert await feed.skip(at.utc - dt.timedelta(seconds=2000)) == 0
        assert await feed.skip(at.utc - dt.timedelta(seconds=60)) == 5
        assert await ids(feed) == made[5:]
        assert await feed.skip(at.utc - dt.timedelta(seconds=60)) == 0
        await feed.close()
    assert cursor(folder)["seq"] == 5


async def test_a_new_epoch_in_a_log_that_was_never_told_is_no_trouble(
    opener: Opener, running: Any, crossing: Maker
) -> None:
    async with running(opener()) as store:
        await store.change(lambda connection: renewed(connection, is_certain=True))
        feed = StoreFeed(store)
        made = (await feed.next(5), await written(store, [crossing()]))[1]
        assert await ids(feed) == made
        await feed.close()


async def test_a_database_that_cannot_be_read_is_told_and_asked_again(
    opener: Opener, running: Any, crossing: Maker, folder: Path
) -> None:
    async with running(opener()) as store:
        feed = StoreFeed(store)
        store.path.rename(folder / "away.db")
        with pytest.raises(DiskTrouble):
            await feed.next(1)
        (folder / "away.db").rename(store.path)
        assert await feed.next(1) == ()
        await feed.close()


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens_each_event_is_told_in_its_order_and_again_only_after_a_power_cut(
    opener: Opener, running: Any, crossing: Maker, seed: int, folder: Path
) -> None:
    chance = random.Random(seed)
    made: list[str] = []
    told: list[str] = []
    is_begun = has_been_cut = False
    for _ in range(6):
        power_cut = chance.random() < 0.4
        async with running(opener()) as store:
            feed = StoreFeed(store, remember_s=0.01)
            await feed.begin()
            session: list[str] = []
            for _ in range(chance.randrange(6)):
                made += await written(store, [crossing() for _ in range(chance.randrange(4))])
                batch = await feed.next(chance.randrange(1, 6))
                session += [one.event_id for one in batch]
                if batch:
                    await feed.told(batch[-1].seq)
                old = cursor(folder)["seq"] if is_begun else 0
                await store.change(lambda connection, old=old: connection.execute(_AGED, (old,)))
                if not is_begun or chance.random() < 0.5:
                    await until_noted(folder, await feed.begin())
                    is_begun = True
            first = made.index(session[0]) if session else 0
            assert session == made[first : first + len(session)], "no gap, no repeat"
            again = [one for one in session if one in told]
            assert not again or has_been_cut, "told twice although all was in order"
            told += [one for one in session if one not in told]
            assert told == made[: len(told)], "nothing is left out"
            has_been_cut = power_cut or (has_been_cut and not session)
            if power_cut:
                await cut(feed)
            else:
                await feed.close()
    async with running(opener()) as store:
        feed = StoreFeed(store)
        rest = await ids(feed, 1000)
        assert told + [one for one in rest if one not in told] == made
        await feed.close()


async def cut(feed: StoreFeed) -> None:
    """End it as the power does, without a word."""
    if feed._noting is not None:
        feed._noting.cancel()
        await asyncio.wait({feed._noting})
    await feed._asker.close()

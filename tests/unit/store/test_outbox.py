"""The outbox of an open store: what is taken, in which order, and what becomes of the verdicts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest

from smartlogd.base.time import Stamp
from smartlogd.base.wire import Parcel, Verdicts
from smartlogd.store.dead import retry
from smartlogd.store.engine import Store
from smartlogd.store.outbox import StoreOutbox, begin

MiB = 1 << 20
NOW_US = 10_000_000_000


class Sending:
    """A store that has a centre, and its outbox."""

    def __init__(self, store: Store) -> None:
        self.store, self.outbox = store, StoreOutbox(store)

    async def do(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        await self.store.change(lambda connection: [connection.execute(*one) for one in statements] and None)

    async def ask(self, sql: str) -> list[Any]:
        return await self.store.change(lambda connection: connection.execute(sql).fetchall())

    async def take(self, rows: int = 100, most: int = MiB, **more: Any) -> Parcel | None:
        return await self.outbox.take(rows, most, now_us=NOW_US, **more)

    async def taken(self, rows: int = 100, most: int = MiB, **more: Any) -> Parcel:
        parcel = await self.take(rows, most, **more)
        assert parcel is not None
        return parcel


@pytest.fixture
async def sending(opener: Callable[..., Store]) -> AsyncIterator[Sending]:
    store = opener()
    task = asyncio.create_task(store.journal.run())
    await store.change(begin)
    sending = Sending(store)
    yield sending
    await sending.outbox.close()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await store.close()


def event(
    n: int, *, type_: str = "bark", trusted: int = 1, mono_us: int = NOW_US, boot: str = "b", data: str = "{}"
) -> Any:
    return (
        "INSERT INTO events (user_id, device_id, type, ts, data, event_id, boot_id, mono_us, clock_trusted)"
        " VALUES (1, 1, ?, ?, ?, ?, ?, ?, ?)",
        (type_, n, data, f"e{n}", boot, mono_us, trusted),
    )


async def test_what_was_appended_is_taken_as_it_is_and_gone_once_it_is_settled(
    sending: Sending, crossing: Callable[..., Any]
) -> None:
    happened = crossing()
    await sending.store.journal.append(happened).durable()
    parcel = await sending.taken()
    (item,) = json.loads(parcel.body)
    assert parcel.seqs == (item["seq"],)
    assert item["id"] == str(happened.id)
    assert item["data"] == dict(happened.data)
    assert item["passing"] == {"line": "door", "action": "I", "confidence": 0.75, "track": 1, "image": None}
    assert await sending.taken() == parcel, "taking is reading"
    await sending.outbox.settle(Verdicts(ok=parcel.seqs))
    assert await sending.take() is None
    assert await sending.ask("SELECT high_seq FROM devices") == [(parcel.seqs[-1],)]


async def test_alarms_come_first_then_the_oldest_and_the_next_parcel_begins_where_the_last_ended(
    sending: Sending,
) -> None:
    await sending.do(event(1), event(2), event(3, type_="loss"), event(4))
    first = await sending.taken(2)
    assert [item["id"] for item in json.loads(first.body)] == ["e3", "e1"]
    second = await sending.taken(2, after=first.end)
    assert [item["id"] for item in json.loads(second.body)] == ["e2", "e4"]
    assert await sending.take(2, after=second.end) is None


async def test_a_parcel_is_no_larger_than_asked_but_one_row_always_goes(sending: Sending) -> None:
    await sending.do(*(event(n, data=json.dumps({"text": "ü" * 300})) for n in range(6)))
    whole = await sending.taken()
    size = len(whole.body.encode())
    half = await sending.taken(most=size // 2)
    assert len(half.seqs) in {2, 3}
    assert len(half.body.encode()) <= size // 2
    assert len((await sending.taken(most=1)).seqs) == 1
    assert (await sending.taken(most=size)).seqs == whole.seqs


@pytest.mark.parametrize("machine", ["m", None])
async def test_rows_of_a_clock_not_trusted_wait_a_quarter_of_an_hour_and_hold_nothing_up(
    sending: Sending, machine: str | None
) -> None:
    boot = sending.store.origin.boot_id
    old = NOW_US - 901_000_000
    await sending.do(
        ("UPDATE boots SET machine_boot = ?", (machine,)),
        ("INSERT INTO boots VALUES ('earlier', 1, 1, 0, '0', ?, NULL)", (machine,)),
        ("INSERT INTO boots VALUES ('other', 1, 1, 0, '0', 'another', NULL)", ()),
        event(1, trusted=0, boot=boot),
        event(2, trusted=0, boot=boot, mono_us=old),
        event(3, trusted=0, boot="other"),
        event(4, boot=boot),
        event(5, trusted=0, boot="earlier"),
    )
    given = [item["id"] for item in json.loads((await sending.taken(1)).body)]
    assert given == ["e2"], "one that waits is passed over"
    given = [item["id"] for item in json.loads((await sending.taken()).body)]
    assert given == ["e2", "e3", "e4"] + ([] if machine else ["e5"])
    assert (await sending.outbox.waiting(now_us=NOW_US)).for_clock == (2 if machine else 1)
    later = await sending.outbox.take(100, MiB, now_us=NOW_US + 901_000_000)
    assert later is not None
    assert len(later.seqs) == 5


async def test_rows_that_are_gone_are_named_and_let_go(sending: Sending) -> None:
    await sending.do(
        event(1),
        ("INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen) VALUES ('s', 1, 0, 1, 1)", ()),
        ("DELETE FROM subjects", ()),
        ("DELETE FROM events", ()),
    )
    parcel = await sending.taken()
    assert (parcel.body, parcel.seqs, len(parcel.void)) == ("[]", (), 2)
    await sending.outbox.settle(Verdicts(), parcel.void)
    assert await sending.take() is None


async def test_each_verdict_is_taken_to_heart(sending: Sending) -> None:
    await sending.do(*(event(n) for n in range(5)))
    one, two, three, four, five = (await sending.taken()).seqs
    await sending.outbox.settle(Verdicts(ok=(one,), duplicate=(five,), rejected={two: "x" * 600}, held=(three,)))
    assert (await sending.taken()).seqs == (three, four)
    ((seq, kind, reason),) = await sending.ask("SELECT seq, kind, reason FROM dead_letters")
    assert (seq, kind, len(reason)) == (two, "event", 500)
    waiting = await sending.outbox.waiting(now_us=NOW_US)
    assert (waiting.rows, waiting.dead, waiting.for_clock) == (2, 1, 0)
    assert waiting.oldest is not None
    assert waiting.oldest.microsecond == 2
    assert await sending.ask("SELECT high_seq FROM devices") == [(five,)]


async def test_a_verdict_on_what_was_sent_before_a_change_settles_nothing(sending: Sending) -> None:
    new = "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES ('u', 'Anna', 'member', 1, 1)"
    await sending.do((new, ()))
    sent = await sending.taken()
    await sending.do(("UPDATE users SET name = 'Anne', updated_at = 2 WHERE uid = 'u'", ()))
    await sending.outbox.settle(Verdicts(ok=sent.seqs))
    (item,) = json.loads((await sending.taken()).body)
    assert item["name"] == "Anne"


async def test_a_dead_letter_is_none_any_more_once_the_row_was_taken(sending: Sending) -> None:
    new = "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES ('u', 'Anna', 'member', 1, 1)"
    change = ("UPDATE users SET updated_at = updated_at + 1 WHERE uid = 'u'", ())
    await sending.do((new, ()))
    for _ in range(2):
        refused = await sending.taken()
        await sending.outbox.settle(Verdicts(rejected=dict.fromkeys(refused.seqs, "no")))
        await sending.do(change)
    assert await sending.ask("SELECT count(*) FROM dead_letters") == [(1,)]
    await sending.outbox.settle(Verdicts(ok=(await sending.taken()).seqs))
    assert await sending.ask("SELECT count(*) FROM dead_letters") == [(0,)]


async def test_no_verdict_at_all_writes_nothing(sending: Sending) -> None:
    await sending.do(event(1))
    before = await sending.ask("SELECT total_changes()")
    await sending.outbox.settle(Verdicts(held=(await sending.taken()).seqs))
    assert await sending.ask("SELECT total_changes()") == before


async def test_the_epoch_is_the_devices(sending: Sending) -> None:
    ((epoch,),) = await sending.ask("SELECT epoch FROM devices")
    assert await sending.outbox.epoch() == epoch


async def test_a_kind_of_a_newer_smartlogd_waits_for_it(sending: Sending) -> None:
    await sending.do(("INSERT INTO outbox (kind, row_id, priority, at) VALUES ('dream', '1', 0, 1)", ()), event(1))
    parcel = await sending.taken()
    assert [item["id"] for item in json.loads(parcel.body)] == ["e1"]
    assert parcel.void == ()


async def test_two_thousand_rows_come_in_order_once_each(sending: Sending, crossing: Callable[..., Any]) -> None:
    at = Stamp(5_000_000_000, crossing().stamp.utc, trusted=True)
    slips = [sending.store.journal.append(crossing(stamp=at.shifted(n), track=n + 1)) for n in range(2000)]
    await slips[-1].durable()
    seen: list[int] = []
    while (parcel := await sending.take(300)) is not None:
        seen += [item["passing"]["track"] for item in json.loads(parcel.body)]
        await sending.outbox.settle(Verdicts(ok=parcel.seqs[::2], duplicate=parcel.seqs[1::2]))
    assert seen == list(range(1, 2001))


def end(n: int) -> Any:
    return ("UPDATE events SET ended_at = ts + 5 WHERE event_id = ? AND ended_at IS NULL", (f"e{n}",))


async def test_what_ends_after_it_was_sent_is_sent_once_more_with_its_end(sending: Sending) -> None:
    await sending.do(event(1, type_="sit"))
    await sending.outbox.settle(Verdicts(ok=(await sending.taken()).seqs))
    await sending.do(end(1), end(1))
    parcel = await sending.taken()
    (item,) = json.loads(parcel.body)
    assert (item["kind"], item["id"], item["ts"], item["ended"]) == ("event", "e1", 1, 6)
    await sending.outbox.settle(Verdicts(ok=parcel.seqs))
    assert await sending.take() is None


async def test_an_end_that_comes_while_the_event_is_under_way_is_not_lost(sending: Sending) -> None:
    await sending.do(event(1, type_="sit"))
    under_way = await sending.taken()
    await sending.do(end(1))
    await sending.outbox.settle(Verdicts(ok=under_way.seqs))
    (item,) = json.loads((await sending.taken()).body)
    assert item["ended"] == 6


async def test_what_still_waits_goes_once_with_its_end(sending: Sending) -> None:
    await sending.do(event(1, type_="sit"), event(2), end(1))
    parcel = await sending.taken()
    assert [(item["id"], item["ended"]) for item in json.loads(parcel.body)] == [("e1", 6), ("e2", None)]
    assert len(parcel.void) == 1
    await sending.outbox.settle(Verdicts(ok=parcel.seqs), parcel.void)
    assert await sending.ask("SELECT * FROM outbox") == []


async def test_an_event_that_is_held_keeps_its_end(sending: Sending) -> None:
    await sending.do(event(1, type_="sit"), end(1))
    parcel = await sending.taken()
    await sending.outbox.settle(Verdicts(held=parcel.seqs), parcel.void)
    (item,) = json.loads((await sending.taken()).body)
    assert item["ended"] == 6


async def test_an_event_of_history_whose_end_goes_before_it_goes_in_a_parcel_of_its_own(sending: Sending) -> None:
    await sending.do(event(1, type_="sit"), ("UPDATE outbox SET priority = 2", ()), end(1))
    first = await sending.taken()
    assert (len(first.seqs), first.void) == (1, ())
    await sending.outbox.settle(Verdicts(ok=first.seqs))
    second = await sending.taken()
    assert json.loads(second.body)[0]["id"] == "e1"
    await sending.outbox.settle(Verdicts(duplicate=second.seqs))
    assert await sending.ask("SELECT * FROM outbox") == []


async def test_the_end_of_what_was_refused_waits_for_nobody_and_goes_with_it(sending: Sending) -> None:
    await sending.do(event(1, type_="sit"))
    await sending.outbox.settle(Verdicts(rejected=dict.fromkeys((await sending.taken()).seqs, "no")))
    await sending.do(end(1))
    assert await sending.take() is None
    await sending.store.change(retry)
    assert json.loads((await sending.taken()).body)[0]["ended"] == 6


async def test_an_event_that_was_refused_is_no_dead_letter_once_it_was_taken_with_its_end(sending: Sending) -> None:
    await sending.do(event(1, type_="sit"))
    under_way = await sending.taken()
    await sending.do(end(1))
    await sending.outbox.settle(Verdicts(rejected=dict.fromkeys(under_way.seqs, "no")))
    await sending.outbox.settle(Verdicts(ok=(await sending.taken()).seqs))
    assert await sending.ask("SELECT * FROM dead_letters") == []


async def test_the_end_of_what_the_clock_has_not_dated_yet_waits_with_it(sending: Sending) -> None:
    boot = sending.store.origin.boot_id
    await sending.do(event(1, type_="sit", trusted=0, boot=boot), end(1))
    assert await sending.take() is None

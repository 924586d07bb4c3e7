from __future__ import annotations

import asyncio

import pytest

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.wire import Verdicts
from smartlogd.sync.account import Account
from smartlogd.sync.push import Push
from smartlogd.sync.trouble import CentreAway, CentreDiffers, CentreTrouble


@pytest.fixture
def push(outbox, centre, options, clock) -> Push:
    account = Account()
    made = Push(outbox, centre, options, clock=clock, epoch="e", about={}, account=account)
    made.account = account
    return made


def never() -> bool:
    return False


def test_everything_that_waits_is_sent_once_and_is_gone(live, push, outbox, centre) -> None:
    outbox.fill(*range(1, 2501))
    assert live(lambda: push.push(never))
    assert outbox.rows == {}
    assert sorted(seq for call in centre.calls for seq in call) == list(range(1, 2501))
    assert push.account.sent == 2500


def test_where_nothing_waits_nobody_is_asked(live, push, centre) -> None:
    assert live(lambda: push.push(never))
    assert centre.calls == []


def test_alarms_go_first(live, push, outbox, centre) -> None:
    outbox.fill(1, 2, 3, priority=2)
    outbox.fill(4, priority=0)
    live(lambda: push.push(never))
    assert centre.calls[0][0] == 4


def test_the_next_parcel_is_read_while_one_is_under_way(live, push, outbox, centre) -> None:
    """A slow card and a slow network cost the longer of both, not their sum."""
    outbox.fill(*range(1, 2001))
    take, settle = outbox.take, outbox.settle
    centre.takes_s = 1.0

    async def slow_take(*args: object, **more: object) -> object:
        await asyncio.sleep(0.9)
        return await take(*args, **more)

    async def slow_settle(*args: object) -> None:
        await asyncio.sleep(0.9)
        await settle(*args)

    outbox.take, outbox.settle = slow_take, slow_settle

    async def story() -> float:
        began_s = asyncio.get_running_loop().time()
        await push.push(never)
        return asyncio.get_running_loop().time() - began_s

    took_s = live(story)
    assert took_s <= len(centre.calls) * 1.0 + 2 * 0.9 + 0.1
    assert outbox.rows == {}


def test_a_lost_answer_leaves_the_rows_and_the_second_sending_finds_duplicates(live, push, outbox, centre) -> None:
    outbox.fill(1, 2, 3)
    centre.lost = 1
    with pytest.raises(CentreTrouble):
        live(lambda: push.push(never))
    assert set(outbox.rows) == {1, 2, 3}
    live(lambda: push.push(never))
    assert outbox.rows == {}
    assert (push.account.sent, push.account.duplicate) == (0, 3)


def test_a_batch_in_which_the_centre_chokes_loses_only_the_bad_rows(live, push, outbox, centre) -> None:
    outbox.fill(*range(1, 101))
    centre.bad = {17, 64, 65}
    live(lambda: push.push(never))
    assert outbox.dead == dict.fromkeys((17, 64, 65), "value out of range")
    assert centre.kept == set(range(1, 101)) - {17, 64, 65}
    assert outbox.rows == {}


def test_a_centre_that_chokes_on_everything_declares_no_row_dead(live, push, outbox, centre) -> None:
    outbox.fill(*range(1, 101))
    centre.broken = True
    with pytest.raises(CentreDiffers, match="no batch at all"):
        live(lambda: push.push(never))
    assert outbox.dead == {}
    assert len(outbox.rows) == 100
    assert len(centre.calls) == 2


def test_what_is_too_much_at_once_is_sent_in_parts_and_the_next_batches_are_smaller(live, push, outbox, centre) -> None:
    outbox.fill(*range(1, 401))
    centre.most = 120
    live(lambda: push.push(never))
    assert centre.kept == set(range(1, 401))
    assert outbox.dead == {}
    assert [len(taken) for taken in outbox.taken] == [200, 200, 100][: len(outbox.taken)]
    assert all(len(call) <= 100 for call in centre.calls[-2:])


def test_one_row_that_is_too_much_alone_is_refused_with_the_reason(live, push, outbox, centre) -> None:
    outbox.fill(1)
    centre.most = 0
    live(lambda: push.push(never))
    assert outbox.dead == {1: "The centre refuses so much at once."}


def test_held_rows_stay_and_those_behind_them_go(live, push, outbox, centre) -> None:
    outbox.fill(*range(1, 1001))
    centre.held = set(range(1, 301))
    assert live(lambda: push.push(never))
    assert set(outbox.rows) == centre.held
    assert outbox.dead == {}


def test_held_rows_are_not_sent_again_and_again(live, push, outbox, centre) -> None:
    outbox.fill(*range(1, 51))
    centre.held = set(range(1, 51))

    async def story() -> None:
        for second in range(100):
            outbox.fill(1000 + second)
            await push.push(never)
            await asyncio.sleep(2)

    live(story)
    assert sum(len(call) for call in centre.calls) == 50 + 100
    assert set(range(1000, 1100)) <= centre.kept


def test_held_rows_go_once_the_centre_is_of_a_later_version(live, push, outbox, centre, options) -> None:
    outbox.fill(*range(1, 501))
    centre.held = set(range(1, 501))

    async def story() -> None:
        await push.push(never)
        centre.held = set()
        await asyncio.sleep(options.refused_s + 1)
        await push.push(never)  # one parcel tries for all
        await push.push(never)

    live(story)
    assert outbox.rows == {}


def test_an_alarm_passes_rows_that_are_held_within_a_minute(live, push, outbox, centre, options) -> None:
    outbox.fill(*range(10, 51))
    centre.held = set(range(10, 51))

    async def story() -> None:
        await push.push(never)
        outbox.fill(60, priority=0)
        await push.push(never)
        await asyncio.sleep(options.interval_s)
        await push.push(never)

    live(story)
    assert 60 in centre.kept


def test_a_row_without_a_verdict_stays(live, push, outbox, centre) -> None:
    outbox.fill(1, 2, 3)
    centre.mute = {2}
    live(lambda: push.push(never))
    assert set(outbox.rows) == {2}
    assert outbox.dead == {}


def test_a_centre_that_answers_for_rows_that_were_not_sent_moves_none_of_them(live, push, outbox, centre) -> None:
    outbox.fill(1, priority=1)
    outbox.fill(500, priority=2)
    ingest = centre.ingest

    async def lying(epoch: str, body: str, about: object) -> Verdicts:
        said = await ingest(epoch, body, about)
        return Verdicts((*said.ok, 500), said.duplicate, {501: "no"}, ())

    centre.ingest = lying

    async def one_parcel() -> None:
        outbox.fill(*range(2, 60))
        push._size = push._size.after_failure().after_failure()
        await push.push(lambda: True)

    live(one_parcel)
    assert set(outbox.rows) == set(range(51, 60)) | {500}
    assert outbox.dead == {}


def test_rows_that_are_gone_are_struck_out_without_a_word_to_the_centre(live, push, outbox, centre) -> None:
    outbox.fill(1, 2)
    outbox.void = {1, 2}
    live(lambda: push.push(never))
    assert outbox.rows == {}
    assert centre.calls == []


def test_a_push_that_is_told_to_end_ends_after_the_parcel_under_way(live, push, outbox, centre) -> None:
    outbox.fill(*range(1, 1001))
    assert not live(lambda: push.push(lambda: True))
    assert len(centre.calls) == 1
    assert len(outbox.rows) == 1000 - len(centre.calls[0])


def test_an_answer_that_does_not_come_makes_the_next_batch_smaller(live, push, outbox, centre) -> None:
    outbox.fill(*range(1, 1001))
    centre.troubles = [CentreAway("away")]
    with pytest.raises(CentreAway):
        live(lambda: push.push(never))
    outbox.taken.clear()
    live(lambda: push.push(lambda: True))
    assert len(outbox.taken[0]) == 100


def test_a_card_that_cannot_be_written_is_told_and_the_rows_go_again(live, push, outbox, centre) -> None:
    outbox.fill(1, 2)
    settle = outbox.settle

    async def full(*args: object) -> None:
        raise DiskTrouble("The disk is full.")

    outbox.settle = full
    with pytest.raises(DiskTrouble):
        live(lambda: push.push(never))
    outbox.settle = settle
    live(lambda: push.push(never))
    assert outbox.rows == {}
    assert push.account.duplicate == 2


def test_a_stop_does_not_wait_for_the_card(live, push, outbox, centre) -> None:
    outbox.fill(*range(1, 1001))

    async def stuck(*args: object) -> None:
        await asyncio.sleep(3600)

    outbox.settle = stuck

    async def story() -> float:
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(push.push(never))
        await asyncio.sleep(1)
        began_s = loop.time()
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        return loop.time() - began_s

    assert live(story) < 1

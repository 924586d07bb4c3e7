from __future__ import annotations

import asyncio
from collections.abc import Callable

from smartlogd.base.known import Event, SubjectId
from smartlogd.base.who import Recognition
from smartlogd.store.errand import Errand
from smartlogd.store.group import Group
from smartlogd.store.rows import Batch, Origin, rows_of


async def test_a_group_is_a_batch_of_all_that_came_into_it(crossing: Callable[..., Event], origin: Origin) -> None:
    group, event = Group(0.0, asyncio.get_running_loop().create_future()), crossing()
    assert event.subject is not None
    learnt = Recognition(SubjectId(event.subject), event.stamp)
    group.rows.append(rows_of(event, origin))
    group.learnt.append(learnt)
    assert len(group) == 2
    work = group.work()
    assert isinstance(work, Batch)
    assert (len(work.events), len(work.passings), work.learnt) == (1, 1, [learnt])


async def test_an_errand_goes_alone() -> None:
    errand = Errand(lambda connection: None)
    group = Group(0.0, asyncio.get_running_loop().create_future(), errand)
    assert group.work() is errand
    assert len(group) == 0


async def test_a_receipt_survives_the_impatience_of_one_who_holds_it() -> None:
    committed = asyncio.get_running_loop().create_future()
    receipt = Group(0.0, committed).receipt
    waiting = asyncio.create_task(receipt.durable())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    assert not committed.cancelled()
    committed.set_result(None)
    await receipt.durable()

from __future__ import annotations

import asyncio
import threading

import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.capture.handover import Handover


async def test_items_come_in_order_and_none_at_the_end() -> None:
    handover: Handover[int] = Handover(3)

    def give() -> None:
        for number in range(100):
            assert handover.put(number)
        handover.finish()

    thread = threading.Thread(target=give)
    thread.start()
    got = []
    while (item := await handover.get()) is not None:
        got.append(item)
    thread.join()
    assert got == list(range(100))


async def test_an_error_comes_after_the_last_item() -> None:
    handover: Handover[int] = Handover(3)
    handover.put(1)
    handover.finish(UnusableInput("Broken."))
    assert await handover.get() == 1
    with pytest.raises(UnusableInput):
        await handover.get()


async def test_a_full_queue_holds_the_thread_and_closing_frees_it() -> None:
    handover: Handover[int] = Handover(2)
    answers = []
    thread = threading.Thread(target=lambda: answers.extend(handover.put(number) for number in range(3)))
    thread.start()
    await asyncio.sleep(0.05)
    assert thread.is_alive()
    assert answers == [True, True]
    handover.close()
    await asyncio.to_thread(thread.join, 2)
    assert answers == [True, True, False]
    assert await handover.get() is None


async def test_closing_frees_who_waits_for_an_item() -> None:
    handover: Handover[int] = Handover(2)
    waiting = asyncio.create_task(handover.get())
    await asyncio.sleep(0)
    handover.close()
    assert await asyncio.wait_for(waiting, 1) is None

"""The queue between a sound driver's thread and whoever listens."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
from hears import at

from smartlogd.capture.blocks import Blocks

SAMPLES = np.zeros(4, np.float32)


def put(blocks: Blocks, count: int) -> None:
    for number in range(count):
        blocks.put(at(number), SAMPLES, 16_000, "room")


async def test_blocks_come_in_their_order_from_another_thread() -> None:
    blocks = Blocks(first_seq=7)
    driver = threading.Thread(target=put, args=(blocks, 20))
    driver.start()
    got = [await blocks.get() for _ in range(20)]
    driver.join()
    assert [block.seq for block in got if block] == list(range(7, 27))
    assert (blocks.lost, blocks.next_seq) == (0, 27)


async def test_what_does_not_fit_is_counted_and_missing_in_the_numbers() -> None:
    blocks = Blocks(first_seq=0, most=3)
    put(blocks, 5)
    assert blocks.lost == 2
    first = await blocks.get()
    put(blocks, 1)
    rest = [await blocks.get() for _ in range(3)]
    assert [block.seq for block in (first, *rest) if block] == [0, 1, 2, 5]


async def test_what_the_driver_lost_is_missing_too() -> None:
    blocks = Blocks(first_seq=0)
    put(blocks, 1)
    blocks.miss()
    put(blocks, 1)
    assert [block.seq for block in (await blocks.get(), await blocks.get()) if block] == [0, 2]
    assert blocks.lost == 1


async def test_an_error_comes_after_the_last_block() -> None:
    blocks = Blocks(first_seq=0)
    put(blocks, 1)
    blocks.finish(ValueError("gone"))
    assert await blocks.get() is not None
    with pytest.raises(ValueError, match="gone"):
        await blocks.get()


async def test_whoever_waits_is_woken_by_the_close() -> None:
    blocks = Blocks(first_seq=0)
    waiting = asyncio.create_task(blocks.get())
    await asyncio.sleep(0)
    blocks.close()
    assert await waiting is None
    put(blocks, 1)
    assert await blocks.get() is None


def test_a_driver_that_calls_after_the_loop_is_closed_does_no_harm() -> None:
    async def made() -> Blocks:
        return Blocks(first_seq=0)

    blocks = asyncio.run(made())
    put(blocks, 1)
    blocks.finish(ValueError())

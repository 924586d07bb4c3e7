from __future__ import annotations

import asyncio

import pytest

from smartlogd.base.time import monotonic_s
from smartlogd.capture.shutter import Shutter


async def test_an_open_shutter_holds_nobody_up() -> None:
    shutter = Shutter()
    async with asyncio.timeout(1):
        assert await shutter.opened()
        assert await shutter.rested(0.0)
    assert (shutter.is_open, shutter.word, shutter.paused_s) == (True, "", 0.0)


async def test_a_paused_one_holds_all_who_wait_until_it_is_opened_again() -> None:
    shutter = Shutter()
    assert shutter.pause()
    waiting = [asyncio.create_task(part) for part in (shutter.opened(), shutter.rested(0.0), shutter.rested(0.01))]
    await asyncio.sleep(0.1)
    assert not any(task.done() for task in waiting)
    assert (shutter.is_open, shutter.word) == (False, "paused")
    assert shutter.resume()
    async with asyncio.timeout(1):
        assert await asyncio.gather(*waiting) == [True, True, True]


async def test_a_wait_is_over_as_soon_as_it_is_turned() -> None:
    shutter, began_s = Shutter(), monotonic_s()
    waiting = asyncio.create_task(shutter.rested(600.0))
    await asyncio.sleep(0.02)
    shutter.pause()
    shutter.resume()
    assert await waiting
    assert monotonic_s() - began_s < 5


async def test_a_wait_that_nobody_disturbs_is_as_long_as_asked() -> None:
    shutter, began_s = Shutter(), monotonic_s()
    assert await shutter.rested(0.1)
    assert monotonic_s() - began_s >= 0.09


@pytest.mark.parametrize("is_paused", [False, True])
async def test_closing_ends_every_wait_for_good(is_paused: bool) -> None:
    shutter = Shutter()
    if is_paused:
        shutter.pause()
    waiting = [asyncio.create_task(part) for part in (shutter.rested(600.0),)]
    await asyncio.sleep(0.02)
    shutter.close()
    async with asyncio.timeout(1):
        assert await asyncio.gather(*waiting) == [False]
        assert not await shutter.opened()
        assert not await shutter.rested(600.0)
    assert (shutter.is_closed, shutter.word) == (True, "ended")
    assert not shutter.resume()
    assert not shutter.pause()


async def test_turning_it_twice_is_turning_it_once() -> None:
    shutter = Shutter()
    assert not shutter.resume()
    assert [shutter.pause(), shutter.pause()] == [True, False]
    assert [shutter.resume(), shutter.resume()] == [True, False]


async def test_how_long_it_was_paused_is_added_up() -> None:
    shutter = Shutter()
    for _ in range(2):
        shutter.pause()
        await asyncio.sleep(0.06)
        shutter.resume()
        await asyncio.sleep(0.06)
    assert shutter.paused_s == pytest.approx(0.12, abs=0.06)
    shutter.pause()
    before_s = shutter.paused_s
    await asyncio.sleep(0.02)
    assert shutter.paused_s > before_s

"""The last minute in pictures: one in two seconds, and none of before a pause."""

from __future__ import annotations

import asyncio
import datetime as dt

import numpy as np

from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp
from smartlogd.record.recent import Recent

ZERO = Stamp(0, dt.datetime(2027, 3, 1, tzinfo=dt.UTC), trusted=True)


async def seen(recent: Recent, *at_s: float) -> None:
    for number, t_s in enumerate(at_s):
        recent.watch(Frame(number, ZERO.shifted(t_s), np.full((48, 64, 3), round(t_s) % 200, np.uint8)))
        await asyncio.sleep(0.01)  # the encoding is another thread's


def greys(recent: Recent) -> list[int]:
    return [round(float(pixels.mean())) for pixels in recent.pictures()]


async def test_one_picture_in_two_seconds_is_kept() -> None:
    recent = Recent()
    await seen(recent, 0, 0.1, 1, 1.9, 2, 3, 4.5)
    assert greys(recent) == [0, 2, 4]


async def test_no_more_than_a_minute_of_them() -> None:
    recent = Recent()
    await seen(recent, *range(0, 100, 2))
    assert greys(recent) == list(range(40, 100, 2))


async def test_what_is_older_than_a_minute_is_not_shown_after_a_gap() -> None:
    recent = Recent()
    await seen(recent, 0, 2, 100)
    assert greys(recent) == [100]


async def test_after_a_pause_nothing_from_before_it_is_left() -> None:
    recent = Recent()
    await seen(recent, 0, 2)
    recent.clear()
    assert recent.pictures() == ()


async def test_a_clock_that_begins_anew_goes_on() -> None:
    recent = Recent()
    await seen(recent, 50, 1)
    assert greys(recent)[-1] == 1

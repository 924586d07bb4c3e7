from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from smartlogd.base.errors import DiskTrouble, UnusableInput
from smartlogd.base.wire import Page
from smartlogd.sync.runner import NOW_S, Sync
from smartlogd.sync.trouble import CentreAway, CentreDiffers, CentreRefuses

ONE = "01968f00-0000-7000-8000-000000000001"


@pytest.fixture
def sync(outbox, inbox, centre, options, clock) -> Sync:
    return Sync(
        outbox=outbox,
        inbox=inbox,
        centre=centre,
        options=options,
        clock=clock,
        epoch="e",
        about={"version": "0.3.0", "capabilities": []},
        chance=lambda: 1.0,
    )


@pytest.fixture
def during(live, sync) -> Callable[[Callable[[], Awaitable[None]]], None]:
    """Live through a story while the sync runs."""

    def lived(story: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            running = asyncio.create_task(sync.run())
            try:
                await story()
                assert not running.done(), "nothing may end the sync"
            finally:
                running.cancel()
                await asyncio.wait({running})

        live(whole)

    return lived


def test_rows_go_up_within_a_few_seconds_of_gathering(during, sync, outbox, centre) -> None:
    async def story() -> None:
        await asyncio.sleep(10)
        outbox.fill(1, 2, 3)
        await asyncio.sleep(2.1)
        assert centre.kept == {1, 2, 3}
        assert sync.state()["word"] == "ok"
        assert sync.state()["connected"] is True

    during(story)


def test_without_rows_the_centre_is_asked_for_news_once_an_interval_and_no_more(during, sync, centre) -> None:
    async def story() -> None:
        await asyncio.sleep(601)
        assert centre.calls == []
        assert 9 <= len(centre.pulls) <= 11

    during(story)


def test_whoever_keeps_the_time_has_news_fetched_unless_they_were_a_moment_ago(during, sync, centre) -> None:
    async def story() -> None:
        await asyncio.sleep(3)
        assert len(centre.pulls) == 1
        sync.fetch()
        await asyncio.sleep(10)
        assert len(centre.pulls) == 1, "a moment ago"
        for _ in range(9):
            await asyncio.sleep(40)
            sync.fetch()
        await asyncio.sleep(3)
        assert len(centre.pulls) == 10, "each time, and no more often than that"

    during(story)


@pytest.mark.parametrize(("chance", "first_s"), [(0.0, 60), (0.5, 30), (1.0, 0)])
def test_a_fleet_that_was_switched_on_together_asks_for_news_at_different_times(
    live, outbox, inbox, centre, options, clock, chance, first_s
) -> None:
    sync = Sync(
        outbox=outbox,
        inbox=inbox,
        centre=centre,
        options=options,
        clock=clock,
        epoch="e",
        about={},
        chance=lambda: chance,
    )

    async def story() -> None:
        running = asyncio.create_task(sync.run())
        await asyncio.sleep(max(0, first_s - 3))
        assert not centre.pulls
        await asyncio.sleep(8)
        assert len(centre.pulls) == 1
        running.cancel()
        await asyncio.wait({running})

    live(story)


def test_a_line_that_is_idle_is_closed(during, sync, outbox, centre) -> None:
    async def story() -> None:
        await asyncio.sleep(5)
        assert sync.state()["connected"] is True
        await asyncio.sleep(35)
        assert sync.state()["connected"] is False
        assert centre.closed == 1

    during(story)


def test_news_ride_with_rows(during, sync, outbox, centre) -> None:
    async def story() -> None:
        await asyncio.sleep(20)
        before = len(centre.pulls)
        outbox.fill(1)
        await asyncio.sleep(3)
        assert len(centre.pulls) == before + 1
        outbox.fill(2)
        await asyncio.sleep(3)
        assert len(centre.pulls) == before + 1, "the last time was a moment ago"

    during(story)


def test_news_are_fetched_in_the_middle_of_a_long_backlog(during, sync, outbox, centre) -> None:
    centre.takes_s = 5.0

    async def story() -> None:
        outbox.fill(*range(1, 20_001))
        await asyncio.sleep(300)
        assert outbox.rows
        assert len(centre.pulls) >= 3
        assert sync.state()["word"] == "sending"

    during(story)


def test_a_centre_that_is_away_is_a_sentence_and_the_rows_go_when_it_is_back(during, sync, outbox, centre) -> None:
    outbox.fill(*range(1, 101))

    async def story() -> None:
        centre.troubles = [CentreAway("The centre cannot be reached.")] * 5
        centre.pull_trouble = CentreAway("The centre cannot be reached.")
        await asyncio.sleep(10)
        said = sync.state()
        assert (said["word"], said["detail"], said["connected"]) == ("away", "The centre cannot be reached.", False)
        assert said["waiting"] == 100
        centre.pull_trouble = None
        await asyncio.sleep(60)
        assert outbox.rows == {}
        assert sync.state()["word"] == "ok"

    during(story)


def test_a_refusal_is_tried_every_five_minutes_and_nothing_is_dropped(during, sync, outbox, centre) -> None:
    outbox.fill(1)
    tries = []

    async def refuse(*_: object) -> None:
        tries.append(asyncio.get_running_loop().time())
        raise CentreRefuses("The centre refuses this device.", "Ask who runs the centre.")

    centre.ingest = refuse

    async def story() -> None:
        await asyncio.sleep(1000)
        assert 3 <= len(tries) <= 5
        assert set(outbox.rows) == {1}
        assert sync.state()["word"] == "refused"

    during(story)


def test_an_older_centre_makes_rows_wait(during, sync, outbox, centre) -> None:
    outbox.fill(1)
    centre.troubles = [CentreDiffers("No such function.", "smartlogd central upgrade")]

    async def story() -> None:
        await asyncio.sleep(100)
        assert sync.state()["word"] == "held"
        assert "central upgrade" in str(sync.state()["detail"])
        await asyncio.sleep(250)
        assert outbox.rows == {}

    during(story)


def test_news_that_cannot_be_had_hold_up_no_rows(during, sync, outbox, inbox, centre) -> None:
    centre.pages = {0: Page(ONE, 5, ({"kind": "user"},), True)}
    inbox.trouble = DiskTrouble("The database is damaged.")

    async def story() -> None:
        for second in range(100):
            outbox.fill(second)
            await asyncio.sleep(3)
            assert second in centre.kept
        assert sync.state()["word"] == "disk"

    during(story)


def test_a_database_that_cannot_be_read_ends_nothing(during, sync, outbox) -> None:
    outbox.trouble = DiskTrouble("The disk is full.")
    outbox.fill(1)

    async def story() -> None:
        await asyncio.sleep(100)
        assert sync.state()["detail"] == "The disk is full."
        assert (await sync.status())["word"] == "disk"
        outbox.trouble = None
        await asyncio.sleep(400)
        assert outbox.rows == {}
        assert sync.state()["word"] == "ok"

    during(story)


def test_now_sends_and_fetches_at_once_whatever_failed_before(during, sync, outbox, centre) -> None:
    outbox.fill(1)
    centre.troubles = [CentreRefuses("no")]

    async def story() -> None:
        await asyncio.sleep(5)
        assert sync.state()["word"] == "refused"
        pulls = len(centre.pulls)
        said = await sync.now()
        assert (said["word"], said["waiting"], said["sent"]) == ("ok", 0, 1)
        assert len(centre.pulls) == pulls + 1

    during(story)


def test_now_says_so_when_it_fails_again(during, sync, outbox, centre) -> None:
    outbox.fill(1)
    centre.troubles = [CentreAway("away")] * 9

    async def story() -> None:
        await asyncio.sleep(5)
        assert (await sync.now())["word"] == "away"

    during(story)


def test_now_does_not_wait_for_a_long_backlog(during, sync, outbox, centre) -> None:
    outbox.fill(*range(1, 20_001))
    centre.takes_s = 5.0

    async def story() -> None:
        await asyncio.sleep(10)
        began_s = asyncio.get_running_loop().time()
        assert (await sync.now())["word"] == "sending"
        assert asyncio.get_running_loop().time() - began_s <= NOW_S + 0.1

    during(story)


def test_a_paused_sync_neither_sends_nor_fetches_until_it_goes_on(live, outbox, inbox, centre, options, clock) -> None:
    noted: list[bool] = []

    async def note(is_paused: bool) -> None:
        noted.append(is_paused)

    async def story() -> None:
        sync = Sync(
            outbox=outbox, inbox=inbox, centre=centre, options=options, clock=clock, epoch="e", about={},
            on_paused=note, is_paused=True,
        )  # fmt: skip
        running = asyncio.create_task(sync.run())
        outbox.fill(1)
        await asyncio.sleep(500)
        assert (centre.calls, centre.pulls) == ([], [])
        assert sync.state()["word"] == "paused"
        with pytest.raises(UnusableInput):
            await sync.now()
        await sync.resume()
        await asyncio.sleep(1)
        assert outbox.rows == {}
        said = await sync.pause()
        assert said["paused"] is True
        running.cancel()
        await asyncio.wait({running})

    live(story)
    assert noted == [False, True]


def test_a_pause_ends_a_backlog_after_the_parcel_under_way(during, sync, outbox, centre) -> None:
    outbox.fill(*range(1, 20_001))
    centre.takes_s = 5.0

    async def story() -> None:
        await asyncio.sleep(12)
        await sync.pause()
        sent = len(centre.calls)
        await asyncio.sleep(100)
        assert len(centre.calls) <= sent + 1
        assert outbox.rows

    during(story)


def test_what_waits_is_counted_now_and_then_and_when_asked(during, sync, outbox, centre) -> None:
    centre.troubles = [CentreRefuses("no")]

    async def story() -> None:
        outbox.fill(1)
        await asyncio.sleep(5)
        assert sync.state()["waiting"] == 1
        outbox.fill(2, 3)
        assert (await sync.status())["waiting"] == 3

    during(story)


def test_the_line_is_hung_up_when_the_sync_ends(during, sync, centre) -> None:
    async def story() -> None:
        await asyncio.sleep(5)

    during(story)
    assert centre.closed == 1

"""Errors and their fates."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from smartlogd import supervise
from smartlogd.base.errors import CameraLost, Fate, Missing, SmartlogError, UnusableInput
from smartlogd.supervise import first_error, renewed, supervised, within


def failing(*errors: SmartlogError | None) -> tuple[Callable[[], Awaitable[None]], list[float]]:
    """A part that fails with these errors, one each time it is run; and when it was run."""
    began: list[float] = []

    async def part() -> None:
        error = errors[len(began)]
        began.append(asyncio.get_running_loop().time())
        if error:
            raise error

    return part, began


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(supervise, "LONGEST_PAUSE_S", 0.1)


@pytest.mark.usefixtures("_quick")
async def test_a_part_whose_error_may_pass_is_run_again_after_ever_longer_pauses() -> None:
    part, began = failing(*[CameraLost("It stalled.")] * 5, None)
    troubles: dict[str, str] = {}
    await supervised("camera", part, troubles)
    pauses = [later - sooner for sooner, later in itertools.pairwise(began)]
    assert len(began) == 6
    assert all(pause >= least for pause, least in zip(pauses, (0.02, 0.04, 0.08, 0.1, 0.1), strict=True))
    assert troubles == {}, "it runs again, so there is no trouble left to tell of"


async def test_a_part_that_ran_well_for_a_while_is_not_made_to_wait_long_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(supervise, "LONGEST_PAUSE_S", 0.5)
    lives = [0.0] * 6 + [0.55]
    ended: list[float] = []
    began: list[float] = []

    async def part() -> None:
        began.append(asyncio.get_running_loop().time())
        if len(began) > len(lives):
            return
        await asyncio.sleep(lives[len(began) - 1])
        ended.append(asyncio.get_running_loop().time())
        raise CameraLost("It stalled.")

    await supervised("camera", part, {})
    pauses = [after - before for before, after in zip(ended, began[1:], strict=True)]
    assert pauses[5] >= 0.32
    assert pauses[6] < pauses[5]


@pytest.mark.usefixtures("_quick")
async def test_a_part_that_fails_for_weeks_is_logged_once_for_each_reason(caplog: pytest.LogCaptureFixture) -> None:
    part, _ = failing(*[CameraLost("It stalled.")] * 3, CameraLost("It is gone."), CameraLost("It stalled."), None)
    await supervised("camera", part, {})
    assert caplog.messages == [f"part failed: {what}" for what in ("It stalled.", "It is gone.", "It stalled.")]


async def test_while_it_waits_to_run_again_its_trouble_is_told() -> None:
    part, _ = failing(CameraLost("It stalled."), None)
    troubles: dict[str, str] = {}
    task = asyncio.create_task(supervised("camera", part, troubles))
    await asyncio.sleep(0.01)
    assert troubles == {"camera": "It stalled."}
    task.cancel()


async def test_a_part_that_cannot_be_had_is_gone_without_and_told_of() -> None:
    part, began = failing(Missing("No sound.", "Plug in.", fate=Fate.DEGRADE))
    troubles: dict[str, str] = {}
    await supervised("sound", part, troubles)
    assert (len(began), troubles) == (1, {"sound": "No sound. Plug in."})


async def test_an_error_that_nothing_mends_is_passed_on() -> None:
    part, began = failing(UnusableInput("Broken."))
    with pytest.raises(UnusableInput):
        await supervised("pipeline", part, {})
    assert len(began) == 1


async def test_who_does_not_close_in_time_is_named_and_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    left_behind: list[str] = []
    await within(0.02, lambda: asyncio.sleep(60), "the camera", left_behind)
    await within(1.0, lambda: asyncio.sleep(0), "the database", left_behind)
    assert left_behind == ["the camera"]
    assert [record.message for record in caplog.records] == ["the camera did not close in time"]


def test_the_first_error_is_found_in_groups_within_groups() -> None:
    error = UnusableInput("first")
    assert first_error(ExceptionGroup("a", [ExceptionGroup("b", [error]), UnusableInput("second")])) is error


# One life after the other ------------------------------------------------------------------------


class Lives:
    """Lives that are lived one after the other, each until it is ended or ends by itself."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.changed, self.over = asyncio.Event(), asyncio.Event()
        self.mistake: Exception | None = None

    async def live(self) -> None:
        number = sum(word.startswith("begun") for word in self.said)
        self.said.append(f"begun {number}")
        try:
            await self.over.wait()
            if self.mistake:
                raise self.mistake
        finally:
            await asyncio.sleep(0)  # an end takes its time
            self.said.append(f"ended {number}")

    async def until(self, word: str) -> None:
        async with asyncio.timeout(5):
            while word not in self.said:
                await asyncio.sleep(0.001)


async def test_each_change_ends_one_life_and_begins_another_and_the_end_ends_the_last() -> None:
    lives = Lives()
    task = asyncio.create_task(renewed(lives.changed, lives.live))
    for number in range(3):
        await lives.until(f"begun {number}")
        lives.changed.set()
    await lives.until("begun 3")
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert lives.said == [f"{word} {number}" for number in range(4) for word in ("begun", "ended")]


async def test_a_life_that_ends_by_itself_is_followed_by_none_until_there_is_a_change() -> None:
    lives = Lives()
    lives.over.set()
    task = asyncio.create_task(renewed(lives.changed, lives.live))
    await lives.until("ended 0")
    await asyncio.sleep(0.02)
    assert lives.said == ["begun 0", "ended 0"]
    lives.changed.set()
    await lives.until("ended 1")
    task.cancel()
    await asyncio.wait({task})


async def test_a_mistake_in_a_life_ends_them_all() -> None:
    lives = Lives()
    lives.mistake = ValueError("ours")
    lives.over.set()
    with pytest.raises(ValueError, match="ours"):
        await renewed(lives.changed, lives.live)

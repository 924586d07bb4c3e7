"""Another model is heard, tried on what was seen, put in, and taken back when it fails."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from kept import running

from smartlogd import trying, wiring
from smartlogd.base.errors import Missing, SmartlogError, UnusableInput
from smartlogd.base.geometry import Box
from smartlogd.base.health import Command
from smartlogd.base.seen import Detection, Frame, Kind
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.record.recent import Recent
from smartlogd.settings import Settings
from smartlogd.store import networks
from smartlogd.store.engine import Store
from smartlogd.trying import Trying, shadowed

LITE = {"name": "pose_landmark_lite", "version": "mediapipe-4a20e99"}
PLACE = "pose_landmark_full"
AT = Stamp(0, dt.datetime(2027, 3, 1, tzinfo=dt.UTC), trusted=True)


@dataclass
class Still:
    """The river's side of it: how often other models were put in."""

    forgives: Callable[[SmartlogError], bool] = lambda _: False
    remodelled: int = 0

    async def remodel(self) -> float:
        self.remodelled += 1
        return 0.02


@dataclass
class Finder:
    """Finds a person, or whatever it is told."""

    finds: tuple[Detection, ...] = (Detection(Kind.PERSON, Box(0.1, 0.1, 0.3, 0.9), 0.9),)
    looked: int = 0
    is_closed: bool = False

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        self.looked += 1
        return self.finds

    async def close(self) -> None:
        self.is_closed = True


@dataclass
class Bench:
    """Someone who tries out models, with a store and made-up detectors; `candidate` is what the new one finds."""

    store: Store
    trying: Trying
    river: Still
    recent: Recent
    troubles: dict[str, str]
    opened: list[Finder] = field(default_factory=list)
    candidate: tuple[Detection, ...] = Finder().finds

    async def ask(self, what: str, **arguments: object) -> Mapping[str, object]:
        return await self.trying.asked(Command("model", {"what": what, **arguments}))

    def used(self) -> str | None:
        found = networks.in_use(self.store.path.parent).get(PLACE)
        return found.name if found else None

    async def saw(self, pictures: int) -> None:
        for number in range(pictures):
            self.recent.watch(Frame(number, AT.shifted(2.0 * number), np.zeros((48, 64, 3), np.uint8)))
            await asyncio.sleep(0.01)


@pytest.fixture
async def bench(
    tmp_path: Path, models_dir: Path, model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    model(LITE["name"])
    async with running(tmp_path) as store:
        river, recent, troubles = Still(), Recent(), dict[str, str]()
        made = Trying(
            lambda: given(tmp_path, models_dir),
            river,
            store,
            SystemClock(),
            recent,
            lambda: None,
            troubles,  # type: ignore[arg-type]
        )
        here = Bench(store, made, river, recent, troubles)

        def detector(_settings: Settings, registry: object) -> Finder:
            here.opened.append(Finder(here.candidate) if len(here.opened) % 2 else Finder())
            return here.opened[-1]

        monkeypatch.setattr(wiring, "detector", detector)
        yield here


def given(folder: Path, models_dir: Path) -> Settings:
    return Settings.model_validate({"device": {"state_dir": str(folder)}, "detect": {"models_dir": str(models_dir)}})


@asynccontextmanager
async def on_duty(bench: Bench) -> AsyncIterator[None]:
    task = asyncio.create_task(bench.trying.run())
    try:
        await asyncio.sleep(0.05)
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_a_model_that_agrees_is_put_in_and_says_how_it_did(bench: Bench) -> None:
    await bench.saw(3)
    told = await bench.ask("activate", **LITE)
    assert (told["place"], told["pictures"], told["agreement"], told["gap_s"]) == (PLACE, 3, 1.0, 0.02)
    assert bench.used() == LITE["name"]
    assert bench.river.remodelled == 1
    assert [one.is_closed for one in bench.opened] == [True, True]


async def test_one_that_disagrees_is_put_in_only_for_someone_who_insists(bench: Bench) -> None:
    await bench.saw(2)
    bench.candidate = ()
    with pytest.raises(UnusableInput, match="agrees with the model in use on 0%"):
        await bench.ask("activate", **LITE)
    assert bench.used() is None
    told = await bench.ask("activate", **LITE, anyway=True)
    assert told["agreement"] == 0.0
    assert bench.used() == LITE["name"]


async def test_without_pictures_it_is_put_in_untried(bench: Bench) -> None:
    told = await bench.ask("activate", **LITE)
    assert (told["pictures"], told["agreement"]) == (0, None)
    assert bench.opened == []


async def test_what_nobody_knows_changes_nothing(bench: Bench) -> None:
    with pytest.raises(Missing, match="No model pose_landmark_lite 9 is known here"):
        await bench.ask("activate", name="pose_landmark_lite", version="9")
    with pytest.raises(UnusableInput, match="Known: activate, roll_back, add"):
        await bench.ask("burn")
    assert bench.river.remodelled == 0


async def test_rolling_back_uses_the_one_before_again(bench: Bench) -> None:
    await bench.ask("activate", **LITE)
    told = await bench.ask("roll_back")
    assert (told["place"], told["name"], told["version"]) == (PLACE, PLACE, None)
    assert bench.used() is None
    assert bench.river.remodelled == 2


async def test_three_failures_take_it_back_and_say_so(bench: Bench) -> None:
    async with on_duty(bench):
        await bench.ask("activate", **LITE)
        for failures in (1, 2, 3):
            await asyncio.sleep(0.02)
            assert bench.river.forgives(UnusableInput("The model failed while running."))
            if failures < 3:
                await asyncio.sleep(0.1)
        await until(lambda: bench.used() is None)
        await until(lambda: "models" in bench.troubles)
    assert "failed 3 times" in bench.troubles["models"]
    assert not bench.river.forgives(UnusableInput("another"))


async def test_a_model_that_runs_well_has_proved_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "PROVED_S", 0.05)
    async with on_duty(bench):
        await bench.ask("activate", **LITE)
        await until(lambda: not networks.is_on_trial(bench.store.path.parent))
    assert bench.used() == LITE["name"]


async def test_starts_that_end_too_soon_are_failures_and_those_that_end_well_are_not(bench: Bench) -> None:
    await bench.ask("activate", **LITE)
    async with on_duty(bench):
        pass
    await bench.store.change(networks.failed)  # two starts that fell
    await bench.store.change(networks.failed)
    async with on_duty(bench):
        await until(lambda: bench.used() is None)
    assert "the daemon ended while it was on trial" in bench.troubles["models"]


async def test_the_models_that_are_here_are_entered_once(bench: Bench) -> None:
    async with on_duty(bench):
        await until(lambda: any(one.name == LITE["name"] for one in networks.all_of(bench.store.path.parent)))
    found = networks.all_of(bench.store.path.parent)
    assert {one.type for one in found} <= wiring.ROW_TYPES
    assert {one.status for one in found} == {"available"}


async def test_a_model_of_ones_own_is_entered_as_it_is_described(bench: Bench) -> None:
    described = {"name": "ours", "version": "1", "type": "pose", "place": PLACE, "bytes": 9, "sha256": "e" * 64}
    assert await bench.ask("add", **described) == {"name": "ours", "version": "1", "place": PLACE}
    with pytest.raises(UnusableInput, match="cannot be meant"):
        await bench.ask("add", **{**described, "sha256": "no"})


async def test_the_first_look_of_each_is_not_timed() -> None:
    old, new = Finder(), Finder()
    shadow = await shadowed([np.zeros((8, 8, 3), np.uint8)] * 2, old, new, SystemClock())
    assert (old.looked, new.looked) == (3, 3)
    assert shadow.pictures == 2
    assert shadow.agreement == 1
    assert shadow.old_ms is not None
    assert shadow.old_ms >= 0

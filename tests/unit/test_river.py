"""The river in a running daemon: paused, given other models, set up anew, and never left half done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from kept import running
from lens import Lens, Models, alongside, until

from smartlogd import river as river_module
from smartlogd import wiring
from smartlogd.base.errors import Missing, ServiceAway
from smartlogd.pipeline import Tally
from smartlogd.river import River
from smartlogd.settings import Settings
from smartlogd.store.privacy import was_camera_paused


class Scenery:
    """What the river is made of: every lens and every set of models that was opened, the newest last."""

    def __init__(self) -> None:
        self.lenses: list[Lens] = []
        self.models: list[Models] = []
        self.settings = settings()
        self.opening: Callable[[], object] = lambda: None
        self.tally = Tally()
        self.river = River(lambda: self.settings, self.tally, (), is_patient=False)

    def camera(self, *_: object, **__: object) -> Lens:
        self.lenses.append(Lens(f"lens {len(self.lenses)}"))
        return self.lenses[-1]

    def detector(self, given: Settings) -> Models:
        """In a thread, as models are loaded."""
        self.opening()
        self.models.append(Models(given.detect.profile))
        return self.models[-1]


def settings(profile: str = "door") -> Settings:
    return Settings.model_validate({"identify": {"enabled": False}, "detect": {"profile": profile}})


@pytest.fixture
def scenery(monkeypatch: pytest.MonkeyPatch) -> Scenery:
    made = Scenery()
    monkeypatch.setattr(wiring, "camera", made.camera)
    monkeypatch.setattr(wiring, "detector", made.detector)
    return made


@asynccontextmanager
async def flowing(scenery: Scenery, folder: Path) -> AsyncIterator[asyncio.Task[None]]:
    """The river, opened over a store of its own and running."""
    async with running(folder) as store, AsyncExitStack() as stack:
        await scenery.river.open(stack, lambda: store)
        async with alongside(scenery.river.run()) as task:
            yield task


async def more_frames(scenery: Scenery) -> None:
    seen = scenery.tally.frames
    await until(lambda: scenery.tally.frames > seen + 2)


async def test_what_is_open_is_closed_at_the_end(scenery: Scenery, tmp_path: Path) -> None:
    async with flowing(scenery, tmp_path):
        await more_frames(scenery)
        assert scenery.river.camera is scenery.lenses[0]
    assert scenery.lenses[0].is_closed
    assert scenery.models[0].closed == 1


async def test_before_it_is_open_there_is_nothing_to_ask_for(scenery: Scenery) -> None:
    assert (scenery.river.camera, scenery.river.recognising(), scenery.river.name_of(None)) == (None, (None, ""), None)
    await scenery.river.apply(settings(), settings("wide"))
    with pytest.raises(ServiceAway, match="starting"):
        scenery.river.pace(0.5)


async def test_set_up_anew_it_films_by_another_camera_and_counts_on(
    scenery: Scenery, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with flowing(scenery, tmp_path):
        await more_frames(scenery)
        scenery.river.rebuild()
        await until(lambda: len(scenery.lenses) == 2 and scenery.lenses[1].given > 2)
        assert (scenery.lenses[0].is_closed, scenery.models[0].closed) == (True, 1)
        assert scenery.tally.frames > scenery.lenses[1].given
        assert scenery.river.camera is scenery.lenses[1]
    assert [(model.closed) for model in scenery.models] == [1, 1]
    assert "camera and models set up anew" in caplog.messages


async def test_where_there_are_no_other_models_the_old_ones_go_on(
    scenery: Scenery, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def missing() -> None:
        raise Missing("The model is not on this device.", "Fetch it.")

    async with flowing(scenery, tmp_path) as task:
        await more_frames(scenery)
        scenery.opening = missing
        scenery.river.rebuild()
        await until(lambda: "camera and models are not set up anew" in caplog.messages)
        await more_frames(scenery)
        assert not task.done()
        assert scenery.river.camera is scenery.lenses[0]
        assert (scenery.lenses[0].is_closed, scenery.models[0].closed) == (False, 0)


async def test_a_lens_that_is_paused_is_so_before_its_first_frame_also_after_it_was_set_up_anew(
    scenery: Scenery, tmp_path: Path
) -> None:
    async with flowing(scenery, tmp_path):
        await more_frames(scenery)
        await scenery.river.pause()
        scenery.river.rebuild()
        await until(lambda: scenery.river.camera is not scenery.lenses[0])
        await asyncio.sleep(0.05)
        assert (scenery.lenses[1].asked, scenery.lenses[1].given) == (["pause"], 0)
        await scenery.river.resume()
        await more_frames(scenery)
        assert not scenery.river.is_paused


async def test_a_pause_is_remembered_by_the_database_and_the_next_start_opens_no_lens(
    scenery: Scenery, tmp_path: Path
) -> None:
    async with flowing(scenery, tmp_path):
        await scenery.river.remember_pause(is_paused=True)
    assert was_camera_paused(tmp_path / "smartlog.db")
    async with flowing(scenery, tmp_path):
        assert scenery.river.is_paused
        await asyncio.sleep(0.05)
        assert (scenery.lenses[-1].status, scenery.lenses[-1].given) == ("paused", 0)
        await scenery.river.remember_pause(is_paused=False)
    assert not was_camera_paused(tmp_path / "smartlog.db")


async def test_a_reload_and_a_rebuild_at_once_leave_the_newest_models_and_no_others_open(
    scenery: Scenery, tmp_path: Path
) -> None:
    async with flowing(scenery, tmp_path):
        await more_frames(scenery)
        spans_s = iter((0.3, 0.0))  # those of the rebuild come later than those of the reload, and are older
        scenery.opening = lambda: threading.Event().wait(next(spans_s))
        scenery.river.rebuild()
        await asyncio.sleep(0.05)
        old, new = scenery.settings, settings("wide")
        await scenery.river.apply(old, new)
        scenery.settings = new
        await until(lambda: len(scenery.lenses) == 2)
        await more_frames(scenery)
        used = scenery.river.parts.detector
        assert used is scenery.models[-1]
        assert scenery.models[-1].profile == "wide"
        assert [model.closed for model in scenery.models] == [1] * (len(scenery.models) - 1) + [0]
    assert [model.closed for model in scenery.models] == [1] * len(scenery.models)


async def test_models_that_never_close_are_left_behind(
    scenery: Scenery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(river_module, "CLOSE_S", 0.05)

    async def never() -> None:
        await asyncio.Event().wait()

    async with flowing(scenery, tmp_path):
        await more_frames(scenery)
        monkeypatch.setattr(scenery.models[0], "close", never)
        scenery.river.rebuild()
        await until(lambda: len(scenery.lenses) == 2 and scenery.lenses[1].given > 2)
    assert "the detector did not close in time" in caplog.messages


async def test_it_may_be_stopped_while_it_is_set_up_anew(scenery: Scenery, tmp_path: Path) -> None:
    loading, go = threading.Event(), threading.Event()

    def load() -> None:
        loading.set()
        go.wait(10)

    async with flowing(scenery, tmp_path) as task:
        await more_frames(scenery)
        scenery.opening = load
        scenery.river.rebuild()
        await until(loading.is_set)
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait({task})
        assert task.cancelled()
        go.set()
    assert scenery.lenses[0].is_closed


async def test_the_newest_frame_is_of_now_or_there_is_none(scenery: Scenery, tmp_path: Path) -> None:
    async with flowing(scenery, tmp_path):
        await more_frames(scenery)
        assert scenery.river.frame().pixels.ndim == 3
        scenery.lenses[0].is_lost = True
        with pytest.raises(ServiceAway, match="gives no frames"):
            scenery.river.frame()
        scenery.lenses[0].is_lost = False
        await scenery.river.pause()
        with pytest.raises(ServiceAway, match="paused"):
            scenery.river.frame()


async def test_other_models_are_put_in_while_frames_go_on(scenery: Scenery, tmp_path: Path) -> None:
    async with flowing(scenery, tmp_path):
        await more_frames(scenery)
        before = len(scenery.models)
        gap_s = await scenery.river.remodel()
        assert 0 < gap_s < 2
        assert len(scenery.models) == before + 1
        assert [models.closed for models in scenery.models[-2:]] == [1, 0]
        assert scenery.river.models_changed == 1
        await more_frames(scenery)


async def test_a_hot_device_uses_fewer_frames_and_expects_fewer(scenery: Scenery, tmp_path: Path) -> None:
    async with flowing(scenery, tmp_path):
        assert scenery.river.span_s == pytest.approx(0.1)
        scenery.river.pace(0.25)
        assert scenery.river.span_s == pytest.approx(0.4)
        await more_frames(scenery)
        lens, seen, given = scenery.lenses[0], scenery.tally.frames, scenery.lenses[0].given
        await until(lambda: scenery.tally.frames > seen + 1)
        assert lens.given - given <= 3
        scenery.river.pace(1.0)
        await more_frames(scenery)


async def test_a_recording_that_ends_ends_the_river(scenery: Scenery, tmp_path: Path) -> None:
    async with flowing(scenery, tmp_path) as task:
        await more_frames(scenery)
        await scenery.lenses[0].close()
        async with asyncio.timeout(5):
            await task


async def test_lines_and_the_motion_gate_change_without_touching_the_models(scenery: Scenery, tmp_path: Path) -> None:
    new = Settings.model_validate({
        "identify": {"enabled": False},
        "capture": {"motion": {"heartbeat_s": 0.2}},
        "movement": {"pair": {}},
    })  # fmt: skip
    async with flowing(scenery, tmp_path):
        await more_frames(scenery)
        scans = scenery.tally.scans
        await scenery.river.apply(scenery.settings, new)
        await until(lambda: scenery.tally.scans > scans + 1, 3.0)  # every 5 s before, and now every 0.2 s
        assert len(scenery.models) == 1

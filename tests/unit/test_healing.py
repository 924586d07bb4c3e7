"""The ladder and the pulse in a daemon, by a clock that is set by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lens import until

from smartlogd import healing
from smartlogd.base.errors import CameraLost, DiskTrouble, Exit, Fate
from smartlogd.healing import FRUITLESS, Healer
from smartlogd.pipeline import Tally
from smartlogd.settings import Settings


class Ward:
    """All that the healer looks at, and what it did."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **heal: object) -> None:
        self.now_s = 1000.0
        monkeypatch.setattr(healing, "monotonic_s", lambda: self.now_s)
        for name in ("CLIMB_S", "PULSE_S", "PROBE_S"):
            monkeypatch.setattr(healing, name, 0.004)
        self.count = folder / FRUITLESS
        self.camera: Any = SimpleNamespace(status="running")
        self.is_paused, self.span_s = False, 0.1
        self.rebuilt = self.alive = self.looked = 0
        self.journal: Any = SimpleNamespace(state=SimpleNamespace(word="ok"))
        self.path = folder / "smartlog.db"
        self.writer: Callable[[], Any] = lambda: None
        self.is_heard = True
        self.tally = Tally()
        self.heal: dict[str, object] = {"rebuild_s": 60, "exit_s": 600, **heal}
        self.healer = Healer(self.settings, self, self, self.tally, self)  # type: ignore[arg-type] # all it needs

    def settings(self) -> Settings:
        self.looked += 1
        return Settings.model_validate({"telemetry": {"heal": self.heal}})

    def rebuild(self) -> None:
        self.rebuilt += 1

    def alive_(self) -> None:
        self.alive += 1

    async def change(self, _work: object) -> None:
        outcome = self.writer()
        if outcome is not None:
            await outcome

    def frame(self) -> None:
        """A frame comes through now."""
        self.tally.pace(self.now_s)

    async def looked_again(self) -> None:
        """Return when it has looked a few times since."""
        seen = self.looked
        await until(lambda: self.looked > seen + 12)

    async def after(self, span_s: float) -> str:
        """The rung, so much later."""
        self.now_s += span_s
        await self.looked_again()
        return self.healer.rung


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(tmp_path, monkeypatch)


@asynccontextmanager
async def healing_(ward: Ward) -> AsyncIterator[asyncio.Task[None]]:
    ward.healer._notifier = SimpleNamespace(is_heard=ward.is_heard, alive=ward.alive_)  # type: ignore[assignment]
    task = asyncio.create_task(ward.healer.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, CameraLost):
            await task


async def ended(task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(10):
        await task


async def test_it_climbs_one_rung_after_the_other_and_ends_for_systemd(
    ward: Ward, caplog: pytest.LogCaptureFixture
) -> None:
    ward.frame()
    async with healing_(ward) as task:
        assert await ward.after(0) == ""
        ward.camera.status = "lost"
        assert await ward.after(1) == "reopening"
        assert (await ward.after(60), ward.rebuilt) == ("rebuild", 1)
        assert (await ward.after(60), ward.rebuilt) == ("rebuild", 1)
        ward.now_s += 600
        with pytest.raises(CameraLost) as caught:
            await ended(task)
    assert (caught.value.fate, caught.value.code) == (Fate.FATAL, Exit.MISSING)
    assert ward.count.read_text() == "1"
    rungs = [record.rung for record in caplog.records if record.message == "no frames"]  # type: ignore[attr-defined]
    assert rungs == ["reopening", "rebuild", "exit"]


async def test_frames_lead_down_again(ward: Ward, caplog: pytest.LogCaptureFixture) -> None:
    async with healing_(ward):
        ward.camera.status = "lost"
        assert await ward.after(61) == "rebuild"
        ward.camera.status = "running"
        ward.frame()
        assert await ward.after(0) == ""
    assert "frames come again" in caplog.messages


async def test_where_nobody_would_start_it_again_it_never_ends(ward: Ward) -> None:
    ward.is_heard = False
    async with healing_(ward) as task:
        ward.camera.status = "lost"
        assert await ward.after(100_000) == "exit"
        await ward.looked_again()
        assert not task.done()
        assert not ward.count.exists()


async def test_starts_in_vain_make_it_patient_and_a_frame_forgets_them(ward: Ward) -> None:
    ward.count.write_text("2")
    async with healing_(ward):
        ward.camera.status = "lost"
        assert await ward.after(4 * 600 - 60) == "rebuild"
        assert ward.count.exists()
        ward.camera.status = "running"
        ward.frame()
        assert await ward.after(0) == ""
        await until(lambda: not ward.count.exists())


@pytest.mark.parametrize("content", [b"", b"-1", b"many", b"\xff" * 40])
async def test_a_count_that_is_none_counts_nothing(ward: Ward, content: bytes) -> None:
    ward.count.write_bytes(content)
    async with healing_(ward) as task:
        ward.camera.status = "lost"
        await ward.after(61)
        ward.now_s += 600
        with pytest.raises(CameraLost):
            await ended(task)
    assert ward.count.read_text() == "1"


@pytest.mark.parametrize("status", ["absent", "paused"])
async def test_the_time_in_which_a_camera_owed_nothing_is_not_held_against_it(ward: Ward, status: str) -> None:
    async with healing_(ward):
        ward.camera.status = status
        assert await ward.after(100_000) == ""
        ward.camera.status = "opening"
        assert await ward.after(5) == ""
        assert await ward.after(6) == "reopening"
        assert ward.rebuilt == 0


async def test_a_disk_that_takes_nothing_is_no_fault_of_the_camera(ward: Ward) -> None:
    ward.frame()
    async with healing_(ward):
        ward.journal.state.word = "disk full"
        assert await ward.after(100_000) == ""


async def test_a_camera_that_runs_while_nothing_comes_through_is_set_up_anew_soon(ward: Ward) -> None:
    ward.frame()
    async with healing_(ward):
        await ward.after(0)
        assert (await ward.after(12), ward.rebuilt) == ("rebuild", 1)


async def test_a_watchdog_that_cannot_be_had_leaves_the_exit(ward: Ward, caplog: pytest.LogCaptureFixture) -> None:
    ward.heal["hardware_watchdog"] = str(ward.path.parent / "none" / "watchdog")
    ward.count.write_text("3")
    async with healing_(ward) as task:
        ward.camera.status = "lost"
        await ward.after(61)
        ward.now_s += 8 * 600
        with pytest.raises(CameraLost):
            await ended(task)
    assert "no hardware watchdog" in caplog.messages


async def test_after_three_starts_in_vain_the_machine_is_left_to_its_watchdog(ward: Ward) -> None:
    device = ward.path.parent / "watchdog"
    device.touch()
    ward.heal["hardware_watchdog"] = str(device)
    ward.count.write_text("3")
    async with healing_(ward) as task:
        await until(lambda: device.read_bytes())
        ward.camera.status = "lost"
        await ward.after(61)
        assert await ward.after(8 * 600) == "hardware"
        assert not task.done()
    assert b"V" not in device.read_bytes(), "no good bye: it is to bite"


async def test_a_daemon_that_ends_in_order_leaves_no_watchdog_behind(ward: Ward) -> None:
    device = ward.path.parent / "watchdog"
    device.touch()
    ward.heal["hardware_watchdog"] = str(device)
    async with healing_(ward):
        await until(lambda: device.read_bytes())
    assert device.read_bytes().endswith(b"V")


# The pulse ---------------------------------------------------------------------------------------


async def beats(ward: Ward) -> bool:
    """Whether systemd hears that all is well, just now."""
    await asyncio.sleep(0.02)
    seen = ward.alive
    await asyncio.sleep(0.06)
    return ward.alive > seen


async def test_it_says_that_all_is_well_for_as_long_as_it_is(ward: Ward) -> None:
    async with healing_(ward):
        ward.frame()
        assert await beats(ward)
        ward.camera.status = "lost"
        ward.now_s += 300
        assert await beats(ward), "a restart mends no camera that is unplugged"


async def test_a_writer_that_does_not_answer_stops_the_pulse(ward: Ward, caplog: pytest.LogCaptureFixture) -> None:
    async with healing_(ward):
        assert await beats(ward)
        ward.writer = asyncio.Event().wait
        await ward.looked_again()
        ward.camera.status = "lost"
        ward.now_s += 31
        assert not await beats(ward)
    said = [message for message in caplog.messages if message.startswith("watchdog not told: the log's writer")]
    assert len(said) == 1, "and says so once"


async def test_a_writer_that_says_why_not_is_alive(ward: Ward) -> None:
    def full() -> None:
        raise DiskTrouble("The disk is full.")

    async with healing_(ward):
        ward.writer = full
        ward.journal.state.word = "disk full"
        await ward.looked_again()
        ward.now_s += 31
        await ward.looked_again()
        assert await beats(ward)


async def test_frames_that_are_owed_and_do_not_come_through_stop_the_pulse(ward: Ward) -> None:
    ward.frame()
    async with healing_(ward):
        assert await beats(ward)
        ward.now_s += 60
        assert not await beats(ward)
        ward.frame()
        assert await beats(ward)

from __future__ import annotations

import asyncio
import itertools
import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from smartlogd.base.seen import Frame
from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.capture.live import LiveCamera
from smartlogd.capture.options import CaptureOptions

HERE = Path(__file__).parent
OPTIONS = CaptureOptions(width_px=160, height_px=120, stall_s=0.5, open_s=8.0, backoff_s=0.05, backoff_roof_s=0.2)


def camera(lens: str, **changed: object) -> LiveCamera:
    options = OPTIONS.model_copy(update=changed)
    return LiveCamera(lens, f"fake_lenses:{lens}", options, SystemClock(), chance=lambda: 0.0)


async def some(live: LiveCamera, count: int, pause_s: float = 0.0) -> list[Frame]:
    frames = []
    async with asyncio.timeout(20):
        async for frame in live.frames():
            frames.append(frame)
            if len(frames) == count:
                break
            await asyncio.sleep(pause_s)
    return frames


def children() -> list[multiprocessing.Process]:
    return [child for child in multiprocessing.active_children() if child.name == "smartlogd-camera"]


def losses(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.message == "camera lost"]


@pytest.fixture(autouse=True)
def _no_child_is_left(fake_lenses: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG, "smartlogd.capture")  # losses that repeat are told to nobody else
    yield
    assert not children()


async def test_a_slow_reader_gets_the_newest_frame_and_the_rest_is_counted() -> None:
    live = camera("steady")
    frames = await some(live, 6, pause_s=0.2)
    assert live.status == "running"
    await live.close()
    seqs = [frame.seq for frame in frames]
    assert all(later - sooner >= 4 for sooner, later in itertools.pairwise(seqs[1:]))
    assert live.dropped == seqs[-1] + 1 - len(frames)
    assert all((frame.pixels == frame.seq % 256).all() for frame in frames), "the picture is the one of its number"
    assert [packet.data[0] for frame in frames for packet in frame.packets] == [n % 256 for n in range(seqs[-1] + 1)]


async def test_frames_are_stamped_at_the_lens_and_read_only() -> None:
    live, before = camera("steady"), SystemClock().now()
    frames = await some(live, 4)
    after = SystemClock().now()
    await live.close()
    stamps_ns = [frame.stamp.mono_ns for frame in frames]
    assert before.mono_ns < stamps_ns[0] < stamps_ns[1] < stamps_ns[2] < stamps_ns[3] < after.mono_ns
    assert before.utc <= frames[0].stamp.utc <= after.utc
    assert not frames[0].pixels.flags.writeable


@pytest.mark.parametrize(
    ("lens", "why"),
    [
        ("hanging", "The camera gave no picture for 0.5 s."),
        ("unplugged", "The camera was unplugged."),
        ("crashing", "The camera's process ended."),
    ],
)
async def test_a_camera_that_fails_is_reported_once_and_opened_again(
    lens: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    # On a busy machine a process takes its time to end: only the one that hangs is judged by its silence.
    live = camera(lens) if lens == "hanging" else camera(lens, stall_s=5.0)
    count = 2 if lens == "crashing" else 4
    frames = await some(live, count)
    await live.close()
    assert [frame.seq for frame in frames] == list(range(count)), "numbers go on over a restart"
    (loss,) = losses(caplog)
    assert loss.why == why
    assert loss.hint
    assert [record.message for record in caplog.records] == ["camera running", "camera lost", "camera running"]


async def test_a_frozen_camera_works_again_when_reopened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = camera("freezing_once", source=str(tmp_path / "opened"))
    await some(live, 5)
    await live.close()
    assert len(losses(caplog)) == 1


async def test_a_short_pause_is_no_loss(caplog: pytest.LogCaptureFixture) -> None:
    live = camera("thawing")
    await some(live, 4)
    await live.close()
    assert losses(caplog) == []


async def test_a_camera_that_is_not_there_is_looked_for_again_and_again_and_said_to_be_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    live = camera("absent")
    watching = asyncio.create_task(some(live, 1))
    async with asyncio.timeout(20):
        while len(losses(caplog)) < 3:
            await asyncio.sleep(0.05)
    assert live.status == "lost"
    assert losses(caplog)[0].why == "There is no camera at /dev/video7."
    assert [record.again_in_s for record in losses(caplog)][:3] == [0.05, 0.1, 0.2]
    assert [record.levelname for record in losses(caplog)][:3] == ["WARNING", "DEBUG", "DEBUG"]
    await live.close()
    assert await watching == []
    assert live.status == "ended"


async def test_a_camera_that_never_opens_is_lost_and_closes_while_it_hangs(caplog: pytest.LogCaptureFixture) -> None:
    live = camera("never_opening", open_s=1.5)
    watching = asyncio.create_task(some(live, 1))
    assert live.status == "opening"
    async with asyncio.timeout(20):
        while not losses(caplog):
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)  # the next child hangs as the first did
    await closed_in_time(live)
    assert await watching == []


async def closed_in_time(live: LiveCamera) -> None:
    began = monotonic_s()
    await live.close()
    assert monotonic_s() - began < 2.0
    assert live.status == "ended"
    await live.close()


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.3, 1.0])
async def test_closing_takes_less_than_two_seconds_whatever_the_driver_does(after_s: float) -> None:
    live = camera("hanging", stall_s=30.0)
    watching = asyncio.create_task(some(live, 99))
    await asyncio.sleep(after_s)
    await closed_in_time(live)
    await watching


async def test_closing_before_the_first_frame_is_asked_for_is_no_trouble() -> None:
    live = camera("steady")
    await closed_in_time(live)
    assert await some(live, 1) == []


async def test_a_cancelled_reader_leaves_no_child() -> None:
    for after_s in (0.0, 0.01, 0.5):
        live = camera("steady")
        watching = asyncio.create_task(some(live, 1000))
        await asyncio.sleep(after_s)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await live.close()
        assert not children()


async def test_ctrl_c_reaches_the_parent_alone(caplog: pytest.LogCaptureFixture) -> None:
    live = camera("steady")
    frames = live.frames()
    await anext(frames)
    os.kill(children()[0].pid, signal.SIGINT)
    for _ in range(5):
        await anext(frames)
    await live.close()
    await frames.aclose()
    assert losses(caplog) == []


async def test_a_killed_child_is_replaced_and_leaves_no_shared_memory(caplog: pytest.LogCaptureFixture) -> None:
    before = set(Path("/dev/shm").iterdir())
    live = camera("steady")
    frames = live.frames()
    await anext(frames)
    os.kill(children()[0].pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        while not losses(caplog) or live.status != "running":
            await anext(frames)
    await live.close()
    await frames.aclose()
    assert set(Path("/dev/shm").iterdir()) <= before


async def test_what_a_lens_started_ends_with_it(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    live = camera("with_a_program", source=str(noted), stall_s=30.0)
    await some(live, 1)
    program = int(noted.read_text())
    assert is_alive(program)
    await live.close()
    assert await ended(program)


async def test_a_parent_killed_on_the_spot_takes_its_camera_along() -> None:
    before = set(Path("/dev/shm").iterdir())
    owner = subprocess.Popen(  # noqa: ASYNC220 - it is started at once, and then waited for in a thread
        [sys.executable, str(HERE / "camera_owner.py")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    with owner.stdout as says:
        child = int(await asyncio.to_thread(says.readline))
        assert is_alive(child)
        owner.kill()
        owner.wait()
        assert await ended(child)
    assert set(Path("/dev/shm").iterdir()) <= before


async def test_large_pictures_are_shrunk_before_they_are_shared() -> None:
    live = camera("large")
    (frame,) = await some(live, 1)
    await live.close()
    assert frame.pixels.shape == (90, 160, 3)


def is_alive(pid: int) -> bool:
    return state(pid) not in ("", "Z")


async def ended(pid: int, within_s: float = 3.0) -> bool:
    until_s = monotonic_s() + within_s
    while is_alive(pid) and monotonic_s() < until_s:
        await asyncio.sleep(0.02)
    return not is_alive(pid)


def started(noted: Path) -> list[int]:
    """The children that opened this lens so far."""
    return [int(line) for line in noted.read_text().split()] if noted.exists() else []


async def kept(live: LiveCamera, frames: list[Frame]) -> None:
    async for frame in live.frames():
        frames.append(frame)  # noqa: PERF401 - each is looked at as soon as it is there


async def more(frames: list[Frame], than: int, within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while len(frames) <= than:
            await asyncio.sleep(0.01)


async def test_a_paused_camera_has_no_process_and_gives_nothing_until_it_is_resumed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live, frames = camera("noting", source=str(tmp_path / "noted")), []
    watching = asyncio.create_task(kept(live, frames))
    await more(frames, 2)
    began_s = monotonic_s()
    await live.pause()
    assert monotonic_s() - began_s < 2.0
    assert (live.status, children()) == ("paused", [])
    assert not is_alive(started(tmp_path / "noted")[0])
    seen = len(frames)
    await live.pause()  # a second one does nothing
    await asyncio.sleep(1.0)
    assert (len(frames), live.status) == (seen, "paused")
    before = frames[-1]
    await live.resume()
    assert live.status == "opening"
    await more(frames, seen)
    await live.close()
    await watching
    assert frames[seen].seq > before.seq, "numbers go on over a pause"
    assert len(started(tmp_path / "noted")) == 2
    assert losses(caplog) == []


async def test_a_camera_paused_before_its_first_frame_is_asked_for_is_not_opened(tmp_path: Path) -> None:
    live, frames = camera("noting", source=str(tmp_path / "noted")), []
    await live.pause()
    watching = asyncio.create_task(kept(live, frames))
    await asyncio.sleep(0.5)
    assert (live.status, children(), started(tmp_path / "noted")) == ("paused", [], [])
    await live.resume()
    await more(frames, 0)
    await live.close()
    await watching


async def test_a_paused_camera_can_be_closed() -> None:
    live, frames = camera("steady"), []
    watching = asyncio.create_task(kept(live, frames))
    await more(frames, 0)
    await live.pause()
    await closed_in_time(live)
    await watching
    await live.pause()
    await live.resume()
    assert live.status == "ended"


@pytest.mark.parametrize("lens", ["hanging", "never_opening", "deaf"])
@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.8])
async def test_pausing_takes_less_than_two_seconds_whatever_the_driver_does(lens: str, after_s: float) -> None:
    live = camera(lens, stall_s=30.0)
    watching = asyncio.create_task(kept(live, []))
    await asyncio.sleep(after_s)
    began_s = monotonic_s()
    await live.pause()
    assert monotonic_s() - began_s < 2.0
    assert children() == []
    await live.close()
    await watching


async def test_a_pause_over_before_anyone_looked_opens_the_camera_anew(tmp_path: Path) -> None:
    live = camera("noting", source=str(tmp_path / "noted"))
    frames = live.frames()
    first = await anext(frames)
    await live.pause()
    await live.resume()
    async with asyncio.timeout(10):
        second = await anext(frames)
    assert second.seq > first.seq
    assert second.stamp.since(first.stamp) > 0
    assert len(started(tmp_path / "noted")) == 2
    await live.close()
    await frames.aclose()


async def test_a_resumed_camera_does_not_wait_for_the_pause_after_its_loss(caplog: pytest.LogCaptureFixture) -> None:
    live = camera("unplugged", backoff_s=60.0, backoff_roof_s=60.0, stall_s=5.0)
    frames: list[Frame] = []
    watching = asyncio.create_task(kept(live, frames))
    async with asyncio.timeout(10):
        while not losses(caplog):
            await asyncio.sleep(0.01)
    seen = len(frames)
    await live.pause()
    await live.resume()
    await more(frames, seen)
    await live.close()
    await watching


async def test_turning_it_off_and_on_at_random_moments_leaves_it_running_once(tmp_path: Path) -> None:
    live, frames, chance = camera("noting", source=str(tmp_path / "noted"), stall_s=5.0), [], random.Random(5)
    watching = asyncio.create_task(kept(live, frames))
    for _ in range(12):
        await asyncio.sleep(chance.choice([0, 0, 0.01, 0.3, 0.7]))
        turns = [live.pause(), live.resume()] if chance.random() < 0.7 else [live.resume(), live.pause()]
        await asyncio.gather(*turns)
        assert len(children()) <= 1
    await live.resume()
    await more(frames, len(frames) + 3)
    assert len(children()) == 1
    assert sum(is_alive(pid) for pid in started(tmp_path / "noted")) == 1
    await live.close()
    await watching


THAW_S = 10.0
"""How soon frames are back after a driver thaws, on a machine that needs no longer than this to open a camera:"""
OPENING_S = 2.0


async def test_frames_are_back_soon_after_a_thaw_however_long_the_driver_was_frozen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    usual = CaptureOptions(width_px=160, height_px=120, source=str(tmp_path / "frozen"))
    frozen = Path(usual.source)
    lives = [
        LiveCamera(lens, f"fake_lenses:{lens}", usual, SystemClock(), chance=lambda: 0.0)
        for lens in ("thaws", "stuck", "stuck_and_deaf", "refusing")
    ]
    taken: list[list[Frame]] = [[] for _ in lives]
    began_s = monotonic_s()
    watching = [asyncio.create_task(kept(live, frames)) for live, frames in zip(lives, taken, strict=True)]
    await asyncio.gather(*(more(frames, 3, 20.0) for frames in taken))
    slow_s = max(1.0, (monotonic_s() - began_s) / OPENING_S)

    frozen.touch()
    async with asyncio.timeout(60):
        while pauses_of("refusing", caplog)[-1:] != [usual.backoff_roof_s] or len(pauses_of("stuck", caplog)) < 2:
            await asyncio.sleep(0.02)
    assert {live.status for live in lives} <= {"lost"}
    assert pauses_of("refusing", caplog) == [1.0, 2.0, 4.0, 5.0]
    assert set(pauses_of("stuck", caplog)) == {1.0}, "who says nothing was waited for long enough already"
    seen = [len(frames) for frames in taken]
    frozen.unlink()
    await asyncio.gather(*(more(frames, n, THAW_S * slow_s) for frames, n in zip(taken, seen, strict=True)))
    assert {live.status for live in lives} == {"running"}
    assert len(children()) == len(lives), "those that hung were killed"
    await asyncio.gather(*(live.close() for live in lives))
    await asyncio.gather(*watching)


def pauses_of(name: str, caplog: pytest.LogCaptureFixture) -> list[float]:
    return [record.again_in_s for record in losses(caplog) if record.camera == name]


async def test_a_camera_known_to_open_soon_is_waited_for_no_longer_than_it_needs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "frozen"
    live, frames = camera("stuck", source=str(source), open_s=60.0, stall_s=1.0), []
    watching = asyncio.create_task(kept(live, frames))
    await more(frames, 1, 30.0)
    source.touch()
    async with asyncio.timeout(30):
        while len(losses(caplog)) < 2:
            await asyncio.sleep(0.02)
    assert losses(caplog)[1].why != "The camera gave no picture for 60 s."
    source.unlink()
    await more(frames, len(frames), 30.0)
    await live.close()
    await watching


async def test_a_camera_that_became_slower_than_ever_is_given_time_now_and_then(tmp_path: Path) -> None:
    source = tmp_path / "slow"
    live, frames = camera("slow_once_told", source=str(source), open_s=60.0, stall_s=0.5), []
    watching = asyncio.create_task(kept(live, frames))
    await more(frames, 0, 30.0)
    source.touch()
    live._silences = 14  # as if it had been lost for a minute already: 15 comes with its silence
    async with asyncio.timeout(60):
        while live.status != "lost":
            await asyncio.sleep(0.01)
    seen = len(frames)
    await more(frames, seen, 60.0)
    assert live._silences == 0
    await live.close()
    await watching


async def test_a_camera_in_the_place_of_another_knows_how_long_that_one_took_to_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "frozen"
    first = camera("stuck", source=str(source), open_s=60.0, stall_s=1.0)
    await some(first, 1)
    await first.close()
    source.touch()
    changed = OPTIONS.model_copy(update={"source": str(source), "open_s": 60.0, "stall_s": 1.0})
    second = LiveCamera("stuck", "fake_lenses:stuck", changed, SystemClock(), like=first)
    other = LiveCamera("another", "fake_lenses:stuck", changed, SystemClock(), like=first)
    watching = [asyncio.create_task(kept(live, [])) for live in (second, other)]
    async with asyncio.timeout(30):
        while not pauses_of("stuck", caplog):
            await asyncio.sleep(0.02)
    assert other.status == "opening", "another device is another matter"
    await asyncio.gather(second.close(), other.close(), *watching)


@pytest.mark.parametrize("lens", ["stuck", "stuck_and_deaf", "never_opening"])
async def test_closing_takes_less_than_two_seconds_while_the_driver_is_frozen(lens: str, tmp_path: Path) -> None:
    (tmp_path / "frozen").touch()
    live = camera(lens, source=str(tmp_path / "frozen"))
    watching = asyncio.create_task(kept(live, []))
    await asyncio.sleep(1.0)
    (pid,) = (child.pid for child in children())
    await closed_in_time(live)
    await watching
    assert not is_alive(pid)


async def test_a_driver_that_hangs_again_and_again_leaves_no_process_and_no_descriptor(
    long_run: bool, caplog: pytest.LogCaptureFixture
) -> None:
    rounds, first = (50, 3) if long_run else (8, 3)
    live = camera("never_opening", open_s=0.6, backoff_s=0.01, backoff_roof_s=0.01)
    watching = asyncio.create_task(kept(live, []))
    held: list[int] = []
    async with asyncio.timeout(20 + rounds * 5):
        while len(losses(caplog)) < rounds:
            await asyncio.sleep(0.02)
            if len(losses(caplog)) == first and not held:
                held.append(descriptors())
            assert len(children()) <= 1
    await live.close()
    await watching
    assert not zombies()
    assert descriptors() <= held[0], "the one that ran then is gone as well"


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def zombies() -> list[str]:
    """Our children that ended and that nobody waited for."""
    return [child for task in Path("/proc/self/task").iterdir() for child in of(task) if state(int(child)) == "Z"]


def of(task: Path) -> list[str]:
    """The processes that this thread of ours started."""
    with suppress(FileNotFoundError):
        return (task / "children").read_text().split()
    return []


def state(pid: int) -> str:
    """As the kernel writes it: R, S, D, T, Z; empty for a process that is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""

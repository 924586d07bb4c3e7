"""A microphone: PortAudio, ALSA and PulseAudio for real, in a room in which only we play."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hears import noise
from room import Room, why_not

from smartlogd.base.errors import Fate, Missing
from smartlogd.base.seen import Sound
from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.capture import microphone as module
from smartlogd.capture.microphone import LiveMicrophone
from smartlogd.capture.options import MicrophoneOptions

QUICK = MicrophoneOptions(enabled=True, stall_s=1.0, backoff_s=0.1, backoff_roof_s=0.2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    if lacking := why_not():
        pytest.skip(f"needs {lacking}")
    room = Room(tmp_path_factory.mktemp("room"))
    yield room
    room.close()


@pytest.fixture
def room(server: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.close()
    server.open()
    yield server
    server.close()


class Listener:
    """Takes what a microphone gives, in a task of its own."""

    def __init__(self, microphone: LiveMicrophone) -> None:
        self.microphone, self.got = microphone, list[Sound]()
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async with aclosing(self.microphone.sounds()) as sounds:
            async for sound in sounds:
                self.got.append(sound)

    async def until(self, what: Callable[[], bool], within_s: float = 15.0) -> None:
        async with asyncio.timeout(within_s):
            while not what():
                assert not self.task.done(), self.task
                await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(options: MicrophoneOptions = QUICK) -> AsyncIterator[Listener]:
    listener = Listener(LiveMicrophone(options, SystemClock(), chance=lambda: 0.0))
    try:
        yield listener
    finally:
        await listener.microphone.close()
        listener.task.cancel()
        with suppress(asyncio.CancelledError):
            await listener.task


async def test_what_is_played_in_the_room_is_heard_by_the_piece(room: Room) -> None:
    async with listening() as listener:
        await listener.until(lambda: len(listener.got) > 8)
        played = SystemClock().now()
        player = room.play(noise(0.5, 0.3))
        await listener.until(lambda: any(np.abs(sound.samples).max() > 0.3 for sound in listener.got))
        await listener.until(lambda: player.poll() is not None)
        first = next(sound for sound in listener.got if np.abs(sound.samples).max() > 0.3)
        assert -0.5 < first.stamp.since(played) < 3.0  # a monitor hears what is about to be played
        numbers = [sound.seq for sound in listener.got]
        assert numbers == sorted(set(numbers))
        assert {(len(sound.samples), sound.samples.dtype.name) for sound in listener.got} == {(1920, "float32")}
        assert listener.microphone.status == "running"
        span_s = listener.got[-1].stamp.since(listener.got[4].stamp)
        assert span_s == pytest.approx(0.12 * (numbers[-1] - numbers[4]), abs=0.5)


async def test_one_that_is_closed_is_given_back_within_two_seconds(room: Room) -> None:
    async with listening() as listener:
        await listener.until(lambda: bool(listener.got))
        began_s = monotonic_s()
        await listener.microphone.close()
        await listener.task
        assert monotonic_s() - began_s < 2.0
        assert listener.microphone.status == "ended"
        await listener.microphone.close()


async def test_one_whose_server_dies_is_lost_and_found_again(room: Room) -> None:
    async with listening() as listener:
        await listener.until(lambda: len(listener.got) > 3)
        room.close()
        await listener.until(lambda: listener.microphone.status == "lost")
        before = listener.got[-1].seq
        room.open()
        await listener.until(lambda: listener.microphone.status == "running" and listener.got[-1].seq > before)
        assert next(sound.seq for sound in listener.got if sound.seq > before) > before + 1


async def test_a_paused_one_is_closed_and_opened_again(room: Room) -> None:
    async with listening() as listener:
        await listener.until(lambda: len(listener.got) > 3)
        await listener.microphone.pause()
        await listener.microphone.pause()
        heard = len(listener.got)
        await asyncio.sleep(0.4)
        assert (listener.microphone.status, len(listener.got)) == ("paused", heard)
        await listener.microphone.resume()
        await listener.until(lambda: len(listener.got) > heard + 3)
        assert listener.microphone.status == "running"


async def test_one_that_is_not_there_is_looked_for_again_and_again(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(QUICK.model_copy(update={"device": "the one in the cellar"})) as listener:
        await listener.until(lambda: listener.microphone.status == "lost")
        await asyncio.sleep(0.5)
        assert listener.microphone.status == "lost"
        said = [record for record in caplog.records if record.message == "microphone lost"]
        assert sum(record.levelname == "WARNING" for record in said) == 1
        assert "the one in the cellar" in said[0].why


# Where hardware would be needed -----------------------------------------------------------------------


class Refused(Exception):
    """What a stand-in for PortAudio says to what it does not accept."""


def portaudio(*accepted: tuple[int, int]) -> Any:
    """Of PortAudio what is asked about a device that gives only these: so many samples a second, so many channels."""

    def check(*, device: int, channels: int, dtype: str, samplerate: int) -> None:
        if (samplerate, channels) not in accepted:
            raise Refused

    about = {"index": 3, "name": "USB", "default_samplerate": 44_100.0, "max_input_channels": 6}
    return SimpleNamespace(
        PortAudioError=Refused, query_devices=lambda _device, _kind: about, check_input_settings=check
    )


@pytest.mark.parametrize("accepted", [(16_000, 1), (44_100, 1), (44_100, 6)])
def test_a_device_is_asked_for_what_it_can_give(accepted: tuple[int, int]) -> None:
    kind = module._kind(portaudio(accepted), "auto")
    assert (kind.device, kind.name, kind.rate_hz, kind.channels) == (3, "USB", *accepted)


def test_one_that_gives_nothing_that_can_be_used_says_so() -> None:
    with pytest.raises(ValueError, match="neither at 16000 nor at 44100"):
        module._kind(portaudio(), "2")


def test_where_there_is_none_it_says_so() -> None:
    def refuse(*_: object) -> None:
        raise Refused("Error querying device -1")

    with pytest.raises(ValueError, match="there is none"):
        module._kind(SimpleNamespace(PortAudioError=Refused, query_devices=refuse), "auto")


async def test_sound_at_another_rate_becomes_ours() -> None:
    resampler, blocks = module.Resampler(), module.Blocks(0)
    for _ in range(10):
        blocks.put(SystemClock().now(), noise(0.36), 48_000, "USB")
    got = [module._sound(block, resampler) for _ in range(10) if (block := await blocks.get())]
    assert sum(len(sound.samples) for sound in got if sound) == pytest.approx(10 * 1920, abs=60)
    assert [sound.seq for sound in got if sound][-1] == 9


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("raise ModuleNotFoundError('sounddevice')", "The Python package sounddevice is missing"),
        ("raise OSError('PortAudio library not found')", "The library PortAudio is missing"),
    ],
)
async def test_without_portaudio_it_is_said_how_to_get_it_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, what: str
) -> None:
    (tmp_path / "sounddevice.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    microphone = LiveMicrophone(QUICK, SystemClock())
    with pytest.raises(Missing, match=what) as missing:
        async with aclosing(microphone.sounds()) as sounds:
            await anext(sounds)
    await microphone.close()
    assert missing.value.fate is Fate.DEGRADE
    assert "apt install libportaudio2" in missing.value.hint


async def test_a_driver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading
    from contextlib import contextmanager

    woken = threading.Event()

    @contextmanager
    def hangs(*_: object, **__: object) -> Iterator[None]:
        woken.wait(20)
        yield

    monkeypatch.setattr(module, "_stream", hangs)
    monkeypatch.setattr(module, "_OPEN_S", 0.1)
    async with listening(QUICK.model_copy(update={"stall_s": 0.5})) as listener:
        await listener.until(lambda: listener.microphone.status == "lost")
        began_s = monotonic_s()
        await listener.microphone.close()
        assert monotonic_s() - began_s < 2.0
        assert listener.microphone._left_behind
    woken.set()

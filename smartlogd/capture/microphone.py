"""A live microphone, by python-sounddevice and PortAudio, which speaks ALSA, and PulseAudio and PipeWire through it.

PortAudio calls us in a thread of its own, in which nobody may wait: it leaves the block and its stamp in a bounded
queue. A thread of ours opens the device and closes it again; a driver that hangs there is left behind with it.
Nothing of what is heard is kept.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import random
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import av
import numpy as np

from smartlogd.base.errors import Exit, Fate, Missing, SmartlogError
from smartlogd.base.seen import Sound
from smartlogd.base.time import Clock
from smartlogd.capture.backoff import pauses
from smartlogd.capture.blocks import Block, Blocks
from smartlogd.capture.options import MicrophoneOptions
from smartlogd.capture.resample import RATE_HZ, Resampler
from smartlogd.capture.shutter import Shutter

log = logging.getLogger("smartlogd.capture")

_BLOCK_S = 0.12
"""How much sound comes at a time: a quarter of what the model goes on by."""
_OPEN_S = 10.0
_CLOSE_S = 1.5
_EARLIEST_S = 2.0
"""No block is stamped earlier than this before it came: some drivers say nonsense about when they heard it."""
_HINT = "Run: sudo apt install libportaudio2, and: pip install 'smartlogd[audio]'"


class MicrophoneLost(SmartlogError):
    """The microphone fell silent, was unplugged, or never opened; it is opened again with backoff (exit 66)."""

    fate = Fate.RETRY
    code = Exit.MISSING


class LiveMicrophone:
    """Sound by the piece, as it comes; a microphone that is lost is opened again.

    A piece that nobody took in time, or that the driver lost, is counted in `lost` and missing in `seq`.
    """

    def __init__(
        self, options: MicrophoneOptions, clock: Clock, *, chance: Callable[[], float] = random.random
    ) -> None:
        self._options, self._clock, self._chance = options, clock, chance
        self._shutter = Shutter()
        self._status, self._name, self._why = "opening", options.device, ""
        self._next_seq = 0
        self._life: _Life | None = None
        self._left_behind: list[threading.Thread] = []
        self.lost = 0

    @property
    def name(self) -> str:
        """The device as PortAudio calls it, once it was opened; as it was asked for until then."""
        return self._name

    @property
    def status(self) -> str:
        """One of: opening, running, lost (being opened again), paused, ended."""
        return self._shutter.word or self._status

    async def sounds(self) -> AsyncGenerator[Sound, None]:
        """Pieces of sound until it is closed; raises Missing (fate DEGRADE) where PortAudio is not installed."""
        waits = self._pauses()
        while await self._shutter.opened():
            try:
                async with aclosing(self._opened()) as opened:
                    async for sound in opened:
                        waits = self._pauses()
                        yield sound
            except MicrophoneLost as lost:
                await self._lose(lost, next(waits))

    def _pauses(self) -> Iterator[float]:
        return pauses(self._options.backoff_s, self._options.backoff_roof_s, self._chance)

    async def _opened(self) -> AsyncGenerator[Sound, None]:
        """The sound of one opening, until the shutter is turned; raises MicrophoneLost when it fails."""
        blocks, resampler = Blocks(self._next_seq), Resampler()
        life = self._life = _Life(self._options, self._clock, blocks, is_first=not self._left_behind)
        patience_s = _OPEN_S + self._options.stall_s
        life.start()
        try:
            while self._shutter.is_open and (block := await self._next(blocks, patience_s)) is not None:
                self._run(block.device)
                patience_s = self._options.stall_s
                if sound := _sound(block, resampler):
                    yield sound
        finally:
            self._next_seq, self.lost = blocks.next_seq + 1, self.lost + blocks.lost
            await self._end()

    async def _next(self, blocks: Blocks, patience_s: float) -> Block | None:
        """The next block; None once it is closed."""
        try:
            async with asyncio.timeout(patience_s):
                return await blocks.get()
        except TimeoutError as silence:
            raise MicrophoneLost(f"The microphone {self._name} gave no sound for {patience_s:g} s.") from silence

    def _run(self, device: str) -> None:
        if self._status != "running":
            self._status, self._name, self._why = "running", device, ""
            log.info("microphone running", extra={"microphone": device})

    async def _lose(self, lost: MicrophoneLost, pause_s: float) -> None:
        if not self._shutter.is_open:
            return
        self._status = "lost"
        level = logging.DEBUG if lost.what == self._why else logging.WARNING  # it may be unplugged for a week
        self._why = lost.what
        log.log(level, "microphone lost", extra={"microphone": self._name, "why": lost.what, "hint": lost.hint})
        await self._shutter.rested(pause_s)

    async def pause(self) -> None:
        """Close the device, and open it no more until `resume`: for privacy."""
        if self._shutter.pause():
            self._status = "opening"
            log.info("microphone paused", extra={"microphone": self._name})
        await self._end()

    async def resume(self) -> None:
        """Open the device again."""
        if self._shutter.resume():
            log.info("microphone resumed", extra={"microphone": self._name})

    async def close(self) -> None:
        """Give the device back, within 2 s; a second call does nothing."""
        self._shutter.close()
        await self._end()

    async def _end(self) -> None:
        """End the opening there is; one whose driver hangs is left behind."""
        life, self._life = self._life, None
        if life is not None and not await life.end():
            self._left_behind.append(life.thread)
            log.error("microphone left behind", extra={"microphone": self._name})


class _Life:
    """One opening of the device, from its first block to its last, in a thread of its own."""

    def __init__(self, options: MicrophoneOptions, clock: Clock, blocks: Blocks, *, is_first: bool) -> None:
        self._options, self._clock, self._blocks, self._may_renew = options, clock, blocks, is_first
        self._is_over, self._is_done = threading.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.thread = threading.Thread(target=self._listen, name="microphone", daemon=True)

    def start(self) -> None:
        """Open the device, soon."""
        self.thread.start()

    async def end(self) -> bool:
        """Close it; False where the driver does not return."""
        self._blocks.close()
        self._is_over.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._is_done.wait()
        return self._is_done.is_set()

    def _listen(self) -> None:
        try:
            with _stream(self._options, self._clock, self._blocks, self._is_over, may_renew=self._may_renew):
                self._is_over.wait()
            self._blocks.finish(MicrophoneLost(f"The microphone {self._options.device} went away."))
        except SmartlogError as error:
            self._blocks.finish(error)
        with suppress(RuntimeError):  # the event loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._is_done.set)


@contextmanager
def _stream(
    options: MicrophoneOptions, clock: Clock, blocks: Blocks, is_over: threading.Event, *, may_renew: bool
) -> Iterator[None]:
    """The device, open: it fills `blocks`, and sets `is_over` when it goes away by itself."""
    portaudio = _portaudio()
    foreign = (portaudio.PortAudioError, ValueError, OSError)
    try:
        if may_renew:
            _look_again(portaudio)
        kind = _kind(portaudio, options.device)

        def take(samples: Any, _frames: int, times: Any, status: Any) -> None:
            if status.input_overflow:
                blocks.miss()
            heard_s = min(max(times.currentTime - times.inputBufferAdcTime, _BLOCK_S), _EARLIEST_S)
            mono = samples.mean(axis=1, dtype=np.float32)
            blocks.put(clock.now().shifted(-heard_s), mono, kind.rate_hz, kind.name)

        stream = portaudio.InputStream(
            samplerate=kind.rate_hz,
            blocksize=round(kind.rate_hz * _BLOCK_S),
            device=kind.device,
            channels=kind.channels,
            dtype="float32",
            callback=take,
            finished_callback=is_over.set,
        )
        with stream:
            yield
    except foreign as error:
        words = str(error).strip().rstrip(".") or type(error).__name__
        raise MicrophoneLost(
            f"The microphone {options.device} cannot be used: {words}.",
            "Check that it is plugged in, that no other program holds it, and that this user is in the group audio.",
        ) from error


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which device, what it is called, and how it is asked to give its sound."""

    device: int
    name: str
    rate_hz: int
    channels: int


def _kind(portaudio: Any, device: str) -> _Kind:
    """The device that is meant, and the first way to open it that it accepts: best as the model wants its sound."""
    wanted: int | str | None = None if device == "auto" else int(device) if device.isdecimal() else device
    try:
        about = portaudio.query_devices(wanted, "input")
    except portaudio.PortAudioError as none:
        raise ValueError("there is none") from none
    index, usual_hz, most = int(about["index"]), round(about["default_samplerate"]), int(about["max_input_channels"])
    for rate_hz, channels in ((RATE_HZ, 1), (usual_hz, 1), (usual_hz, most)):
        with suppress(portaudio.PortAudioError):
            portaudio.check_input_settings(device=index, channels=channels, dtype="float32", samplerate=rate_hz)
            return _Kind(index, str(about["name"]), rate_hz, channels)
    raise ValueError(f"it gives sound neither at {RATE_HZ} nor at {usual_hz} samples a second")


def _look_again(portaudio: Any) -> None:
    """Let PortAudio see what was plugged in since it last looked: it looks but once.

    Not by sounddevice's own `_initialize`, which puts the standard error of the whole process aside meanwhile, and with
    it our log. What ALSA and JACK say there of every device that they do not find is turned off by their own means.
    """
    for library, function, talk in _TALKERS:
        with suppress(OSError, AttributeError):  # where it is not there, it says nothing
            getattr(ctypes.CDLL(library), function)(talk)
    portaudio._terminate()
    portaudio._check(portaudio._lib.Pa_Initialize(), "Error initializing PortAudio")
    portaudio._initialized += 1


_TEXT, _NUMBER = ctypes.c_char_p, ctypes.c_int
_OF_ALSA = ctypes.CFUNCTYPE(None, _TEXT, _NUMBER, _TEXT, _NUMBER, _TEXT)(lambda *_: None)
_OF_JACK = ctypes.CFUNCTYPE(None, _TEXT)(lambda _: None)
_TALKERS = (
    ("libasound.so.2", "snd_lib_error_set_handler", _OF_ALSA),
    ("libjack.so.0", "jack_set_error_function", _OF_JACK),
    ("libjack.so.0", "jack_set_info_function", _OF_JACK),
)


def _portaudio() -> Any:
    try:
        import sounddevice
    except ModuleNotFoundError as absent:
        raise Missing("The Python package sounddevice is missing.", _HINT, fate=Fate.DEGRADE) from absent
    except OSError as absent:
        raise Missing("The library PortAudio is missing.", _HINT, fate=Fate.DEGRADE) from absent
    return sounddevice


def _sound(block: Block, resampler: Resampler) -> Sound | None:
    """The block as everybody hears it; None where the resampler keeps all of it for now."""
    if block.rate_hz == RATE_HZ:
        return Sound(block.seq, block.stamp, np.clip(block.samples, -1.0, 1.0))
    frame = av.AudioFrame.from_ndarray(block.samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = block.rate_hz
    samples = resampler.feed(frame)
    return Sound(block.seq, block.stamp, samples) if samples.size else None

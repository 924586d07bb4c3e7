"""Sound -> bursts: the one thread in which the sound model runs, and what goes into it and comes out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.known import Burst
from smartlogd.base.ports import Model
from smartlogd.base.seen import Sound
from smartlogd.detect.bursts import BurstRules, Bursts
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.options import SoundOptions
from smartlogd.detect.registry import SOUND_MODEL, Registry
from smartlogd.detect.sounds import CLASSES, WINDOW, Samples, Window, Windows, heard, scores_of

STAND_IN = "yamnet_copy"
"""Another edition of the same network, of which nobody says where it comes from: for tests, and for judging here."""
_SHAPES = ((WINDOW,), (1, WINDOW))
_QUIET: Samples = np.zeros(WINDOW, np.float32)
_NOTHING: Samples = np.zeros(CLASSES, np.float32)


class Ear:
    """Hears sound by the piece, in order, and tells of bursts when they are over."""

    def __init__(self, model: Model, rules: BurstRules) -> None:
        """UnusableInput where the model does not take 15600 samples, or does not give 521 scores."""
        self._model = model
        self._windows, self._bursts = Windows(), Bursts(rules)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smartlogd-sounds")
        self.calls: Counter[str] = Counter()
        if model.input_shape not in _SHAPES:
            raise UnusableInput(
                f"The sound model {model.name} takes {list(model.input_shape)}, not {WINDOW} samples.",
                "It takes an edition of YAMNet that hears a waveform of 0.975 s: smartlogd models fetch yamnet.",
            )
        self._scores(_QUIET)  # an edition that gives other things than scores is told now, not tonight

    def listen(self, sound: Sound) -> tuple[Burst, ...]:
        """The bursts that are over by now; blocks while the model runs, 0 to a few times."""
        return self._told(self._windows.feed(sound))

    def rest(self) -> tuple[Burst, ...]:
        """The bursts of what was not judged yet: nothing more comes. It can begin anew then."""
        return (*self._told(self._windows.finish()), *self._bursts.finish())

    async def hear(self, sound: Sound) -> tuple[Burst, ...]:
        """As `listen`, in the model's own thread."""
        return await self._run(lambda: self.listen(sound))

    async def finish(self) -> tuple[Burst, ...]:
        """As `rest`, in the model's own thread."""
        return await self._run(self.rest)

    async def close(self) -> None:
        """End the thread; a second call does nothing."""
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)

    async def _run(self, work: Callable[[], tuple[Burst, ...]]) -> tuple[Burst, ...]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _told(self, windows: tuple[Window, ...]) -> tuple[Burst, ...]:
        return tuple(burst for window in windows for burst in self._judged(window))

    def _judged(self, window: Window) -> tuple[Burst, ...]:
        scores = self._scores(window.samples) if window.samples.any() else _NOTHING
        return self._bursts.feed(heard(window.stamp, scores), window.levels)

    def _scores(self, samples: Samples) -> Samples:
        outputs = self._model(samples.reshape(self._model.input_shape))
        self.calls[self._model.name] += 1
        scores = scores_of(outputs)
        if scores is None:
            shapes = ", ".join(str(list(output.shape)) for output in outputs)
            raise UnusableInput(
                f"The sound model {self._model.name} gives {shapes or 'nothing'}, not {CLASSES} scores.",
                "It takes YAMNet with its 521 classes: smartlogd models fetch yamnet.",
            )
        return scores


def open_ear(options: SoundOptions, registry: Registry, *, may_stand_in: Callable[[str], None] | None = None) -> Ear:
    """The ear with the sound model, verified and loaded; Missing or UnusableInput as of `Registry.content`.

    Where the model cannot be had and `may_stand_in` is given, the other edition is used if that is here, and
    `may_stand_in` is told so in a sentence.
    """
    name, content = SOUND_MODEL, b""
    try:
        content = registry.content(SOUND_MODEL)
    except Missing:
        if may_stand_in is None:
            raise
        name, content = STAND_IN, _stand_in(registry)
        may_stand_in(f"The model {SOUND_MODEL} is not here: an unofficial copy of it, {STAND_IN}, is used instead.")
    return Ear(from_bytes(content, name), options.rules())


def _stand_in(registry: Registry) -> bytes:
    """The other edition's bytes; where it is not here either, it is the model itself that is missing."""
    try:
        return registry.content(STAND_IN)
    except Missing as missing:
        raise Missing(
            f"The model {SOUND_MODEL} is not on this device.", f"Fetch it: smartlogd models fetch {SOUND_MODEL}"
        ) from missing

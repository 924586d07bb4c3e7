"""Sound -> windows for YAMNet, and its 521 scores -> how sure each of our words is.

YAMNet hears 0.975 s at a time; a window begins every 0.48 s, so that every instant lies in two of them. It was
trained on recordings of usual loudness and hears next to nothing in quiet ones: of 40 files of barking it found 35 at
a tenth of their loudness, and all 40 once each window was made as loud as its loudest moment of the last seconds.
Source: Hershey and others, "CNN Architectures for Large-Scale Audio Classification", and AudioSet's list of classes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from smartlogd.base.ports import Tensor
from smartlogd.base.seen import Heard, Sound
from smartlogd.base.time import Stamp

RATE_HZ = 16_000
WINDOW = 15_600
"""Samples that the model hears at once: 0.975 s."""
HOP = 7_680
"""Samples from the beginning of a window to that of the next: 0.48 s."""
CLASSES = 521
STEP = 320
"""Samples of one level: 20 ms; a hop has 24 of them."""

Samples: TypeAlias = npt.NDArray[np.float32]
Word = Literal["bark", "howl", "whine", "speech", "alarm", "glass"]
WORDS: tuple[Word, ...] = ("bark", "howl", "whine", "speech", "alarm", "glass")
OF_DOGS: tuple[Word, ...] = ("bark", "howl", "whine")
LOOKALIKE = "lookalike"
"""Beside the words: how much it sounds like what is easily taken for a dog."""

SPAN_S = WINDOW / RATE_HZ
HOP_S = HOP / RATE_HZ
STEP_S = STEP / RATE_HZ

_DOG, _WOLVES = 69, 117  # Dog; Canidae, dogs, wolves
_BARKS = (70, 71, 73)  # Bark; Yip; Bow-wow
_HOWL, _WHIMPER = 72, 75  # Howl; Whimper (dog)
_SPEECH = (0, 1, 2, 3)  # Speech; Child speech; Conversation; Narration
_ALARMS = (304, 317, 318, 319, 382, 389, 390, 391, 392, 393, 394)  # Car alarm; three sirens; Alarm ... Fire alarm
_GLASS = (437, 464)  # Shatter; Breaking
_LOOKALIKES = (
    *(11, 19, 20, 42, 44),  # Screaming; Crying, sobbing; Baby cry; Cough; Sneeze
    *(76, 78, 80),  # Cat; Meow; Caterwaul
    *(81, 82, 85, 88, 90, 92),  # Livestock; Horse; Cattle; Pig; Goat; Sheep
    *(93, 94, 96, 99, 101),  # Fowl; Chicken, rooster; Crowing; Duck; Goose
    *(104, 390),  # Roaring cats; Siren
)
_LOUD = 0.9
_MOST_GAIN = 100.0
_LOUD_HOPS = 4
"""How many windows long something loud keeps the gain down: about two seconds."""
_LONGEST_LOSS_S = 1.0
_FOLLOWS = 0.05
"""How much of its error the clock of the samples makes good with each piece: stamps jitter, and sound cards drift."""
_NOTHING: Samples = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What is heard at once: float32[15600], made loud, from `stamp` on; and how loud it was.

    `levels` is float32[24]: the root mean square of each 20 ms of the window's first 0.48 s, before it was made loud.
    """

    stamp: Stamp
    samples: Samples
    levels: Samples


class Windows:
    """Cuts sound into windows. Silence is put before its beginning and after its end, so that all of it lies in two.

    Where less than a second was lost, silence takes its place; after a longer gap it begins anew.
    """

    def __init__(self) -> None:
        self._waiting: Samples = _NOTHING
        self._start: Stamp | None = None  # when the first waiting sample was heard
        self._next_seq = 0
        self._peaks: deque[float] = deque(maxlen=_LOUD_HOPS)

    def feed(self, sound: Sound) -> tuple[Window, ...]:
        """The windows that are whole now."""
        before = self.finish() if abs(self._late_s(sound)) > _LONGEST_LOSS_S else ()
        if self._start is None:
            self._start, self._waiting = sound.stamp.shifted(-HOP_S), np.zeros(HOP, np.float32)
        elif sound.seq != self._next_seq:
            self._add(np.zeros(max(0, round(self._late_s(sound) * RATE_HZ)), np.float32))
        self._start = self._start.shifted(_FOLLOWS * self._late_s(sound))
        self._next_seq = sound.seq + 1
        self._add(sound.samples)
        return (*before, *self._cut())

    def finish(self) -> tuple[Window, ...]:
        """The windows of what is left; it can begin anew then."""
        if self._start is None:
            return ()
        self._add(np.zeros(WINDOW - 1, np.float32))
        windows = self._cut()
        self._start, self._waiting = None, _NOTHING
        self._peaks.clear()
        return windows

    def _late_s(self, sound: Sound) -> float:
        """By how much it comes later than what there is would end: 0 at the beginning."""
        return sound.stamp.since(self._start) - len(self._waiting) / RATE_HZ if self._start else 0.0

    def _add(self, samples: Samples) -> None:
        self._waiting = np.concatenate((self._waiting, samples))

    def _cut(self) -> tuple[Window, ...]:
        windows: list[Window] = []
        while self._start is not None and len(self._waiting) >= WINDOW:
            windows.append(self._window(self._start, self._waiting[:WINDOW]))
            self._waiting, self._start = self._waiting[HOP:], self._start.shifted(HOP_S)
        return tuple(windows)

    def _window(self, stamp: Stamp, samples: Samples) -> Window:
        self._peaks.append(float(np.abs(samples).max()))
        loudest = max(self._peaks)
        gain = min(_MOST_GAIN, _LOUD / loudest) if loudest > 0 else 1.0
        levels = np.sqrt(np.mean(samples[:HOP].reshape(-1, STEP) ** 2, axis=1))
        return Window(stamp, samples * np.float32(gain), levels)


def scores_of(outputs: Sequence[Tensor]) -> Samples | None:
    """The scores among a model's outputs, float32[521]: the one whose last side is 521; None where there is none.

    Editions differ in the names and the order of their outputs, and in whether there are others. Of several frames
    the surest counts.
    """
    found = next((output for output in outputs if output.ndim in {1, 2} and output.shape[-1] == CLASSES), None)
    return None if found is None else np.asarray(found, np.float32).reshape(-1, CLASSES).max(axis=0)


def heard(stamp: Stamp, scores: Samples) -> Heard:
    """What a window is like, by the model's scores of it: each word of `WORDS`, and `LOOKALIKE`.

    A dog's sound must be both a dog's and that sound, so each is the geometric mean of the two. A window is not judged
    alone: see `smartlogd.detect.bursts`.
    """

    def surest(classes: Iterable[int]) -> float:
        return max(float(scores[number]) for number in classes)

    dog, canine = surest([_DOG]), surest([_DOG, _WOLVES])
    sure = {
        "bark": math.sqrt(dog * surest(_BARKS)),
        "howl": math.sqrt(canine * surest([_HOWL])),
        "whine": math.sqrt(dog * surest([_WHIMPER])),
        "speech": surest(_SPEECH),
        "alarm": surest(_ALARMS),
        "glass": surest(_GLASS),
        LOOKALIKE: surest(_LOOKALIKES),
    }
    return Heard(stamp, SPAN_S, tuple(sure.items()))

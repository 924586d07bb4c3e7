"""What windows of sound are like -> bursts: one for each time that something was heard.

A window alone deceives: cut off at the wrong place, a cock's crow or a baby's cry is a bark. Three things are asked:

- The window before or after must agree (the mean of the two counts): every instant lies in two windows.
- What is easily taken for a dog must not be heard within a second before or after, and counts by half within four.
- Of the sounds of dogs, only the surest of a moment counts.

Measured with the unofficial copy of the model on ESC-10: all 40 files of barking have a bark, the least sure with
0.49, and none of the 360 others (babies, cocks, sneezes, rain ...) has a sound of dogs, the surest with 0.32. Of 457
recordings of crying babies, made with telephones at 8 kHz, 14 have one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from smartlogd.base.known import Burst
from smartlogd.base.seen import Heard
from smartlogd.base.time import Stamp
from smartlogd.detect.loudness import Stretch, bounds, loudest_at, times
from smartlogd.detect.sounds import HOP_S, LOOKALIKE, OF_DOGS, SPAN_S, STEP_S, WORDS, Samples, Word

ENTER: Mapping[Word, float] = {
    "bark": 0.38, "howl": 0.42, "whine": 0.36, "speech": 0.5, "alarm": 0.4, "glass": 0.35,
}  # fmt: skip
"""How sure two neighbouring windows must be of a word on the average for a burst to begin."""
_LEAVE = 0.5
"""It goes on while they are half as sure."""
_NEAR, _FAR = 2, 8
"""Windows before and after in which what is easily taken for a dog counts against one: wholly, and by half."""
_BY_HALF = 0.5


@dataclass(frozen=True, slots=True)
class BurstRules:
    """Which words are told of, how sure they must be, and what makes two bursts of one.

    `quiet_s` is how long it must be quiet for a burst to be over, `longest_s` how long one may last: what goes on
    is told of again.
    """

    enter: Mapping[Word, float] = field(default_factory=lambda: ENTER)
    quiet_s: float = 1.5
    longest_s: float = 60.0


@dataclass(frozen=True, slots=True)
class _Window:
    """One window: when, how sure of each word, of a lookalike, and how loud its first 0.48 s."""

    stamp: Stamp
    sure: Mapping[str, float]
    levels: Samples


@dataclass(slots=True)
class _Open:
    """A burst that goes on: the first and the last pair of windows in which it was heard, and the surest."""

    first: int
    last: int
    best: int
    confidence: float


class Bursts:
    """Takes windows in their order, 0.48 s apart, and gives bursts about six seconds after they are over."""

    def __init__(self, rules: BurstRules) -> None:
        self._rules = rules
        self._windows: list[_Window] = []
        self._dropped = 0  # windows that are no longer needed: numbers go on counting them
        self._next = 0  # the number of the first pair that was not judged yet
        self._open: dict[Word, _Open] = {}

    def feed(self, heard: Heard, levels: Samples) -> tuple[Burst, ...]:
        """The bursts that are over now. One that does not follow the window before ends what there is first."""
        over = () if self._follows(heard) else self.finish()
        self._windows.append(_Window(heard.stamp, dict(heard.scores), levels))
        return (*over, *self._judged(self._end - _FAR - 1))

    def finish(self) -> tuple[Burst, ...]:
        """End what there is; it can begin anew then."""
        over = [*self._judged(self._end - 1)]
        over += [self._burst(word, self._open.pop(word)) for word in WORDS if self._is_sure(word)]
        self._windows, self._dropped, self._next = [], 0, 0
        self._open.clear()
        return tuple(over)

    @property
    def _end(self) -> int:
        return self._dropped + len(self._windows)

    def _follows(self, heard: Heard) -> bool:
        if not self._windows:
            return True
        return abs(heard.stamp.since(self._windows[-1].stamp) - HOP_S) < HOP_S / 2

    def _judged(self, end: int) -> tuple[Burst, ...]:
        """Judge the pairs before that number, and forget the windows that nobody needs any more."""
        over: list[Burst] = []
        for number in range(self._next, end):
            sure = self._sure_of(number)
            over += [burst for word in self._rules.enter for burst in self._step(word, number, sure[word])]
        self._next = max(self._next, end)
        needed = min([self._next - _FAR, *(burst.first for burst in self._open.values())])
        if needed > self._dropped:
            del self._windows[: needed - self._dropped]
            self._dropped = needed
        return tuple(over)

    def _sure_of(self, pair: int) -> dict[Word, float]:
        """How sure this window and the next are of each word: of the dogs' only the surest."""
        sure = {word: (self._alone(pair, word) + self._alone(pair + 1, word)) / 2 for word in WORDS}
        surest = max(OF_DOGS, key=lambda word: sure[word])
        return {word: one if word == surest or word not in OF_DOGS else 0.0 for word, one in sure.items()}

    def _alone(self, number: int, word: Word) -> float:
        """How sure one window is of a word, less what around it is easily taken for a dog."""
        at = number - self._dropped
        sure = self._windows[at].sure[word]
        if word not in OF_DOGS:
            return sure
        first = max(0, at - _FAR)
        against = (
            window.sure[LOOKALIKE] * (1.0 if abs(number - at) <= _NEAR else _BY_HALF)
            for number, window in enumerate(self._windows[first : at + _FAR + 1], first)
        )
        return sure * (1.0 - max(against))

    def _step(self, word: Word, pair: int, sure: float) -> Sequence[Burst]:
        """Begin, go on with or end the burst of a word."""
        enter, going = self._rules.enter[word], self._open.get(word)
        if sure >= enter * _LEAVE:
            if going is None:
                going = self._open[word] = _Open(pair, pair, pair, sure)
            going.last = pair
            if sure > going.confidence:
                going.best, going.confidence = pair, sure
        if going is None:
            return ()
        is_quiet = (pair - going.last) * HOP_S >= self._rules.quiet_s
        is_long = (pair - going.first) * HOP_S + SPAN_S >= self._rules.longest_s
        if not is_quiet and not is_long:
            return ()
        was_sure = self._is_sure(word)
        del self._open[word]
        return (self._burst(word, going),) if was_sure else ()

    def _is_sure(self, word: Word) -> bool:
        going = self._open.get(word)
        return going is not None and going.confidence >= self._rules.enter[word]

    def _burst(self, word: Word, going: _Open) -> Burst:
        """What is told of it: when it began and ended, to the loudness that it had; how often, and when surest."""
        first = going.first - self._dropped
        windows = self._windows[first : going.last - self._dropped + 4]  # the last pair ends within 1.46 s
        began = windows[0].stamp
        levels = np.concatenate([window.levels for window in windows])
        levels = levels[: round(((going.last - going.first) * HOP_S + HOP_S + SPAN_S) / STEP_S)]
        stretch = bounds(levels)
        overlap = round((going.best - going.first + 1) * HOP_S / STEP_S)
        inner = Stretch(max(stretch.first, overlap), min(stretch.end, overlap + round(HOP_S / STEP_S)))
        return Burst(
            word,
            began.shifted(stretch.first * STEP_S),
            began.shifted(stretch.end * STEP_S),
            began.shifted(loudest_at(levels, inner if inner.first < inner.end else stretch) * STEP_S),
            times(levels, stretch, is_quick=word == "bark"),
            min(1.0, going.confidence),
        )

"""What a dog or a person is doing, by the model of the registry's `action` place: a guess at each, on its own crop.

The contract, which docs/MODELS.md explains: it takes one square picture, uint8 or float32[1, s, s, 3], RGB, from 0 to
255 or from 0 to 1, that shows one being with a fifth of room around it; and gives one score for each of its labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.pixels import letterbox
from smartlogd.base.ports import Model, Tensor
from smartlogd.base.seen import Detection, Guess, Kind, Pixels
from smartlogd.base.time import Stamp
from smartlogd.detect.cadence import Cadence
from smartlogd.detect.crops import square_round
from smartlogd.detect.interpreter import TfliteModel, from_bytes
from smartlogd.detect.options import DetectOptions

if TYPE_CHECKING:
    from smartlogd.detect.registry import Registry

PLACE = "action"
"""The place that such a model takes; nobody stands in it but who was activated."""
UNASKED = Guess("", 0.0)
"""The guess of a frame in which it was not the being's turn: nothing else is to be said of it either."""
_ROOM = 1.2
_KINDS = (Kind.DOG, Kind.PERSON)
_PROBABLE = 0.05
"""Scores from 0 to 1 whose sum is this near to 1 are probabilities already; others become so by softmax."""
_INPUTS = ("uint8", "float32")


@dataclass(frozen=True, slots=True)
class Action:
    """A model of actions, what type its input has, and what its scores are for.

    A label that begins with a kind ("dog sit") counts for that kind alone, any other for all; the kind is no part of
    the word that is told.
    """

    model: Model
    dtype: str
    labels: tuple[str, ...]

    def words(self, kind: Kind) -> tuple[str | None, ...]:
        """The word of each label for a being of this kind; None where the label is another kind's.

        >>> Action(None, "uint8", ("dog sit", "person sit", "lie")).words(Kind.DOG)
        ('sit', None, 'lie')
        """
        return tuple(_word(label, kind) for label in self.labels)


class ActionLook:
    """Guesses at what beings do, in turn; for one thread at a time."""

    def __init__(self, action: Action, options: DetectOptions) -> None:
        self._action, self._size = action, action.model.input_shape[1]
        self._words = {kind: words for kind in _KINDS if any(words := action.words(kind))}
        self._cadence = Cadence(options.points_every_s, options.landmark_people)
        self.calls = 0

    @property
    def name(self) -> str:
        """The model's."""
        return self._action.model.name

    def __call__(self, pixels: Pixels, found: Sequence[Detection], stamp: Stamp | None = None) -> tuple[Detection, ...]:
        """The same detections, those of its kinds with a guess: a fresh one where it is their turn."""
        whom = [place for place, one in enumerate(found) if one.kind in self._words]
        turns = {whom[turn] for turn in self._cadence.chosen(len(whom), stamp)}
        return tuple(
            replace(one, guess=self._guess(pixels, one) if place in turns else UNASKED) if place in whom else one
            for place, one in enumerate(found)
        )

    def _guess(self, pixels: Pixels, one: Detection) -> Guess:
        height, width = pixels.shape[:2]
        square, _ = letterbox(pixels, self._size, square_round(one.box, width, height, _ROOM))
        self.calls += 1
        scores = probable(self._action.model(action_input(square, self._action.dtype))[0])
        best = int(np.argmax(scores))
        return Guess(self._words[one.kind][best] or "", float(scores[best]))


def action_input(square: Pixels, dtype: str) -> Tensor:
    """The square picture as the model wants it: [1, s, s, 3], as it is, or as float32 from 0 to 1."""
    if dtype == "uint8":
        return np.ascontiguousarray(square[None])
    return (square.astype(np.float32) / 255)[None]


def probable(output: Tensor) -> npt.NDArray[np.float64]:
    """The scores of one run as probabilities: bytes count 255 for 1, numbers that are no probabilities are logits."""
    raw = np.asarray(output).reshape(-1)
    scores = raw.astype(np.float64) / (255 if raw.dtype == np.uint8 else 1)
    if scores.min() >= 0 and abs(scores.sum() - 1) < _PROBABLE:
        return scores
    grown = np.exp(scores - scores.max())
    return np.asarray(grown / grown.sum(), np.float64)


def open_action(options: DetectOptions, registry: Registry) -> ActionLook | None:
    """The model that was activated in this place, loaded; None where none was.

    Raises Missing or UnusableInput as `Registry.content` does, and UnusableInput for a model that breaks the contract.
    """
    try:
        spec = registry.in_use(PLACE)
    except Missing:
        return None
    model = from_bytes(registry.content_of(spec), spec.name, options.delegate)
    return ActionLook(checked(model, spec.labels), options)


def checked(model: TfliteModel, labels: tuple[str, ...]) -> Action:
    """The model with its labels; UnusableInput, with the reason, where it breaks the contract."""
    takes = model.takes
    why = ""
    if takes.dtype not in _INPUTS or len(takes.shape) != 4 or takes.shape[3] != 3 or takes.shape[1] != takes.shape[2]:
        why = f"it takes {takes} and not uint8 or float32[1, s, s, 3]"
    elif not labels:
        why = "its labels are not said"
    elif len(model.gives) != 1 or int(np.prod(model.gives[0].shape)) != len(labels):
        gives = ", ".join(map(str, model.gives))
        why = f"it gives {gives} and not one score for each of its {len(labels)} labels"
    if why:
        raise UnusableInput(f"The model {model.name} cannot say what somebody does: {why}.", "Nothing was changed.")
    return Action(model, takes.dtype, labels)


def _word(label: str, kind: Kind) -> str | None:
    first, _, rest = label.strip().lower().partition(" ")
    if first in {each.value for each in Kind} and rest:
        return rest if first == kind.value else None
    return label.strip().lower()

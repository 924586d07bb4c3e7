"""Whether a model can take another's place: the same kinds of tensors, and classes that mean the same (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smartlogd.detect.objects import CLASSES


@dataclass(frozen=True, slots=True)
class Tensors:
    """What a model takes and gives, each as its type and shape; -1 is a size that it leaves open."""

    takes: tuple[str, tuple[int, ...]]
    gives: tuple[tuple[str, tuple[int, ...]], ...]


_FREE: Mapping[str, tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]] = {
    # The picture may be larger or smaller, and more or fewer boxes may come out of it.
    "coco_ssd_mobilenet": ((1, 2), ((1,), (1,), (1,), ())),
}
"""The sizes that are free, by place: of the input, and of each output in their order; all others are as they were."""


def why_not(place: str, candidate: Tensors, standing: Tensors, labels: Sequence[str] = ()) -> str:
    """Why the `candidate` cannot take the place of the `standing` model, in words; empty where it can.

    `labels` are what the candidate's classes are called, where it has any.

    >>> ssd = Tensors(("uint8", (1, 300, 300, 3)), (("float32", (1, 10, 4)),))
    >>> why_not("pose_detector", Tensors(("float32", (1, 224, 224, 3)), ()), ssd)
    'it takes float32[1, 224, 224, 3], and this place gives uint8[1, 300, 300, 3]'
    """
    free_in, free_out = _FREE.get(place, ((), ((),) * len(standing.gives)))
    if not _fits(candidate.takes, standing.takes, free_in):
        return f"it takes {_said(candidate.takes)}, and this place gives {_said(standing.takes)}"
    if len(candidate.gives) != len(standing.gives):
        return f"it gives {len(candidate.gives)} tensors, and this place wants {len(standing.gives)}"
    for number, (one, other, free) in enumerate(zip(candidate.gives, standing.gives, free_out, strict=True), 1):
        if not _fits(one, other, free):
            return f"its output {number} is {_said(one)}, and this place wants {_said(other)}"
    return _misnamed(place, labels)


def _fits(one: tuple[str, tuple[int, ...]], other: tuple[str, tuple[int, ...]], free: tuple[int, ...]) -> bool:
    """Whether the type is the same, and every size that is not free."""
    (dtype, shape), (wanted, sizes) = one, other
    if dtype != wanted or len(shape) != len(sizes):
        return False
    return all(
        axis in free or -1 in (size, due) or size == due
        for axis, (size, due) in enumerate(zip(shape, sizes, strict=True))
    )


def _misnamed(place: str, labels: Sequence[str]) -> str:
    """Which class is not where the decoder looks for it."""
    if place != "coco_ssd_mobilenet" or not labels:
        return ""
    for number, kind in CLASSES.items():
        name = labels[number] if number < len(labels) else "nothing"
        if name.lower() != kind.value:
            return f"its class {number} is {name}, and this place looks for {kind.value} there"
    return ""


def _said(form: tuple[str, tuple[int, ...]]) -> str:
    return f"{form[0]}{list(form[1])}"

"""How well counted crossings agree with hand-counted ones.

Every hand-counted crossing is matched with at most one counted crossing of the same direction within
a tolerance, and every counted one with at most one hand-counted one, so that as many as possible
are matched. Optional crossings (somebody stood on the line) count neither way: each may take up one
counted crossing that nothing required needs, and is not missed when nothing was counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from smartlogd.base.known import Action


@dataclass(frozen=True, slots=True)
class Passing:
    """A line was passed: `t_s` seconds after the clip's first frame, in which direction."""

    t_s: float
    action: Action


@dataclass(frozen=True, slots=True)
class LineScore:
    """How one line of one clip was counted."""

    clip: str
    line: str
    expected: int
    matched: int
    missed: int
    false: int


@dataclass(frozen=True, slots=True)
class EmptyScore:
    """What was counted in a clip where nobody is: both should be 0."""

    clip: str
    passings: int
    person_entered: int


@dataclass(frozen=True, slots=True)
class Total:
    """All lines together; precision and recall are 1 where there was nothing to be wrong about."""

    expected: int
    error: int
    precision: float
    recall: float


def score_line(
    clip: str,
    line: str,
    *,
    required: Sequence[Passing],
    optional: Sequence[Passing],
    counted: Sequence[Passing],
    tolerance_s: float,
) -> LineScore:
    """The score of one line.

    >>> truth, seen = [Passing(3.0, Action.IN)], [Passing(3.2, Action.IN), Passing(9.0, Action.OUT)]
    >>> score_line("hall.mp4", "door", required=truth, optional=[], counted=seen, tolerance_s=0.5)
    LineScore(clip='hall.mp4', line='door', expected=1, matched=1, missed=0, false=1)
    """
    truths = [*required, *optional]
    partners = _matched([_fitting(truth, counted, tolerance_s) for truth in truths])
    matched = sum(partner < len(required) for partner in partners.values())
    return LineScore(clip, line, len(required), matched, len(required) - matched, len(counted) - len(partners))


def total(scores: Iterable[LineScore]) -> Total:
    """All lines together, where error = missed + false.

    >>> total([LineScore("hall.mp4", "door", 4, 3, 1, 1)])
    Total(expected=4, error=2, precision=0.75, recall=0.75)
    """
    lines = tuple(scores)
    expected = sum(line.expected for line in lines)
    matched = sum(line.matched for line in lines)
    missed = sum(line.missed for line in lines)
    false = sum(line.false for line in lines)
    return Total(expected, missed + false, _share(matched, matched + false), _share(matched, expected))


def _fitting(truth: Passing, counted: Sequence[Passing], tolerance_s: float) -> tuple[int, ...]:
    """Which counted crossings could be this one, the nearest in time first.

    A millionth of a second is forgiven, so that 18.75 against 19.25 at 0.5 s does not hang on rounding.
    """
    reach = tolerance_s + 1e-6
    near = [
        (abs(seen.t_s - truth.t_s), n)
        for n, seen in enumerate(counted)
        if seen.action is truth.action and abs(seen.t_s - truth.t_s) <= reach
    ]
    return tuple(n for _, n in sorted(near))


def _matched(choices: Sequence[tuple[int, ...]]) -> dict[int, int]:
    """Counted crossing -> hand-counted one, as many as can be, earlier rows of `choices` first.

    Augmenting paths (Kuhn 1955, Berge 1957): a row that was matched stays matched while later ones are
    added, so that required rows, which come first, never lose to optional ones.
    """
    partners: dict[int, int] = {}
    for row in range(len(choices)):
        _augment(row, choices, partners)
    return partners


def _augment(row: int, choices: Sequence[tuple[int, ...]], partners: dict[int, int]) -> None:
    """Match `row` if that can be done by moving others, without leaving one of them alone."""
    came_from: dict[int, int] = {}
    waiting = deque([row])
    while waiting:
        asking = waiting.popleft()
        for seen in choices[asking]:
            if seen in came_from:
                continue
            came_from[seen] = asking
            if seen not in partners:
                _shift(seen, row, came_from, partners)
                return
            waiting.append(partners[seen])


def _shift(seen: int, row: int, came_from: Mapping[int, int], partners: dict[int, int]) -> None:
    """Walk the path back from the free crossing `seen` to `row`, handing each on to who asked for it."""
    while True:
        asking = came_from[seen]
        before = next((n for n, partner in partners.items() if partner == asking), None)
        partners[seen] = asking
        if asking == row or before is None:
            return
        seen = before


def _share(part: int, whole: int) -> float:
    """`part` of `whole`, to four places; 1 of nothing."""
    return round(part / whole, 4) if whole else 1.0

"""Lines that a command brings along, in place of those of the configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.base.known import Action, Anchor, CrossingLine
from smartlogd.movement.options import MovementOptions, parse_line
from smartlogd.settings import Settings

_COUNTS = {
    frozenset(Action): "both",
    frozenset({Action.IN}): "in",
    frozenset({Action.OUT}): "out",
}


def given_lines(texts: Sequence[str], anchor: Anchor) -> tuple[CrossingLine, ...]:
    """The lines of all `--line NAME=x1,y1,x2,y2:SIDE`; raises SmartlogError (exit 2) for one that cannot be meant.

    >>> [line.name for line in given_lines(["door=0.5,0,0.5,1:left"], Anchor.FEET)]
    ['door']
    """
    lines = tuple(parse_line(text, anchor) for text in texts)
    twice = [name for name, n in Counter(line.name for line in lines).items() if n > 1]
    if twice:
        raise SmartlogError(f"Two lines are named {twice[0]}.", "Give each --line a name of its own.", code=Exit.USAGE)
    return lines


def with_lines(settings: Settings, lines: Sequence[CrossingLine]) -> Settings:
    """The same settings with these lines alone.

    Raises SmartlogError (exit 2) for lines that do not go together: two that lie upon each other.
    """
    rest = settings.movement.model_dump(exclude={"lines", "pair"})
    try:
        movement = MovementOptions.model_validate({**rest, "lines": {line.name: _options(line) for line in lines}})
    except ValueError as wrong:
        raise SmartlogError(f"The lines cannot be meant: {_reason(wrong)}.", code=Exit.USAGE) from wrong
    return settings.model_copy(update={"movement": movement})


def _options(line: CrossingLine) -> dict[str, object]:
    """A line as the [movement] table writes it."""
    start, end = line.segment.start, line.segment.end
    return {
        "start": (start.x, start.y),
        "end": (end.x, end.y),
        "inside": line.inside.value,
        "anchor": line.anchor.value,
        "band": line.band,
        "counts": _COUNTS[line.counts],
    }


def _reason(wrong: ValueError) -> str:
    """The first complaint of pydantic in its own words."""
    errors = getattr(wrong, "errors", None)
    said = str(errors()[0]["msg"]) if errors else str(wrong)
    return said.removeprefix("Value error, ").rstrip(".")

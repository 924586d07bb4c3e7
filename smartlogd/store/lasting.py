"""Which events take time, and how what lasted becomes the numbers of a day. Pure.

Of several beings in view at once the minutes count once: in view is when anybody is, and calm is it while nobody who is
in view is restless.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from smartlogd.store.spans import Span, length_us, union, without

PRESENCE = ("person_entered", "dog_detected")
CALM = "calm"
LASTING = (*PRESENCE, "sit", "stand", "lie", "eating", "drinking", "playing", CALM)
"""Types that are told when they begin, and ended later; all others are over when they are told."""
GAP_US = 5_000_000
"""Whoever is seen again within this was in view in between."""

COUNTED: Mapping[str, str] = {
    "sit": "sit_count",
    "stand": "stand_count",
    "lie": "lie_count",
    "fetch_return": "fetch_count",
    "treat_dispensed": "treats_dispensed",
    "bark": "barks",
    "howl": "howls",
    "whine": "whines",
}
"""Which column counts the events of a type, each once, at its beginning."""
SUCCESS, IN_VIEW, CALM_MINUTES = "fetch_success_count", "time_in_frame_min", "calm_minutes"
COLUMNS = (*COUNTED.values(), SUCCESS, IN_VIEW, CALM_MINUTES)
"""All columns of a day that come from events; those of passings come from `smartlog`."""
TYPES = (*COUNTED, *PRESENCE, CALM)
"""The types that they come from."""
_MINUTE_US = 60_000_000

Numbers: TypeAlias = dict[str, int | float]


def listed(types: Iterable[str]) -> str:
    """Types as SQL lists them.

    >>> listed(("sit", "lie"))
    "'sit', 'lie'"
    """
    return ", ".join(f"'{type_}'" for type_ in types)


class Doing(NamedTuple):
    """One event, when it was (microseconds since 1970; no end: it lasts, or takes no time) and whose (which track)."""

    type: str
    begin: int
    end: int | None
    whose: str
    is_success: bool


def numbers(doings: Iterable[Doing], edges: Sequence[int]) -> list[Numbers]:
    """The columns for each stretch between two neighbouring edges, in order: of a day, or of its hours.

    What lasted is cut at the edges; a gap that lies across one is closed before.

    >>> sit = Doing("sit", 70_000_000, 80_000_000, "t1", False)
    >>> seen = Doing("dog_detected", 0, 90_000_000, "t1", False)
    >>> for found in numbers([sit, seen], [0, 60_000_000, 120_000_000]):
    ...     found["sit_count"], found["time_in_frame_min"]
    (0, 1.0)
    (1, 0.5)
    """
    found: list[Numbers] = [dict.fromkeys(COLUMNS, 0) for _ in edges[1:]]
    lasted: defaultdict[tuple[str, bool], list[Span]] = defaultdict(list)
    for doing in doings:
        if doing.type in COUNTED:
            place = bisect_right(edges, doing.begin) - 1
            if 0 <= place < len(found):
                found[place][COUNTED[doing.type]] += 1
                found[place][SUCCESS] += doing.is_success
        elif doing.end is not None:
            lasted[doing.whose, doing.type == CALM].append((doing.begin, doing.end))
    in_view, calm = _minutes(lasted)
    for place, (begin, end) in enumerate(pairwise(edges)):
        found[place][IN_VIEW] = length_us(in_view, begin, end) / _MINUTE_US
        found[place][CALM_MINUTES] = length_us(calm, begin, end) / _MINUTE_US
    return found


def _minutes(lasted: Mapping[tuple[str, bool], Sequence[Span]]) -> tuple[list[Span], list[Span]]:
    """When anybody was in view, and when nobody of them was restless."""
    present = {whose: union(spans) for (whose, is_calm), spans in lasted.items() if not is_calm}
    in_view = union((span for spans in present.values() for span in spans), GAP_US)
    restless = union(
        span for whose, spans in present.items() for span in without(spans, union(lasted.get((whose, True), ())))
    )
    return in_view, without(in_view, restless)

"""Which events are worth a clip of their own: a table of rules, those built in and those of the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from smartlogd.base.known import Event
from smartlogd.base.time import Stamp
from smartlogd.record.window import Window

Whose: TypeAlias = Literal["anyone", "known", "unknown"]
Moment: TypeAlias = Literal["start", "end"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Events of this type are filmed from `before_s` before them to `after_s` after them.

    `whose` says of whom, as far as that is known when the clip would end: a name may come after the event. Where the
    rule says what it `follows`, such an event of the same being must have been there, over no longer than `within_s`.
    `needs` names what the event's data must say yes to. `at` is which moment counts of an event that takes time.
    """

    event: str
    labels: tuple[str, ...]
    before_s: float = 5.0
    after_s: float = 5.0
    whose: Whose = "anyone"
    follows: str | None = None
    within_s: float = 5.0
    needs: str | None = None
    at: Moment = "start"


BUILT_IN: Mapping[str, Rule] = {
    "unknown_crossing": Rule("crossing", ("crossing", "unknown"), whose="unknown"),
    # Both are over when they are told, and what they show lies before: ten seconds of it.
    "fetch_return": Rule("fetch_return", ("fetch_return",), 8.0, 2.0, needs="success", at="end"),
    "approach_then_eating": Rule("eating", ("approach", "eating"), 6.0, 4.0, follows="approach"),
}
"""Rules that need no configuration, by the names under which it switches them on."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A clip that an event asks for; it is decided when its window is over."""

    rule: Rule
    event: Event
    window: Window


def wishes(rules: Iterable[Rule], event: Event, earlier: Iterable[Event], *, is_end: bool = False) -> tuple[Wish, ...]:
    """What this event asks for, after those that were `earlier`. `is_end`: it was told before, and is over now."""
    known = tuple(earlier)
    return tuple(
        Wish(rule, event, window(rule, event, stamp))
        for rule in rules
        if (stamp := _moment(rule, event, is_end=is_end)) is not None
        if rule.needs is None or event.data.get(rule.needs) is True
        if rule.follows is None or any(_is_followed(rule, other, event) for other in known)
    )


def window(rule: Rule, event: Event, stamp: Stamp) -> Window:
    """What is to be seen of an event at this moment."""
    start_ns, end_ns = stamp.mono_ns - round(rule.before_s * 1e9), stamp.mono_ns + round(rule.after_s * 1e9)
    return Window(start_ns, end_ns, rule.labels, event.id)


def is_granted(wish: Wish, *, is_known: bool) -> bool:
    """Whether the clip is to be cut, now that it is clear who it was."""
    return wish.rule.whose == "anyone" or is_known is (wish.rule.whose == "known")


def _moment(rule: Rule, event: Event, *, is_end: bool) -> Stamp | None:
    """The moment of the event that the rule is about; None where it is about another, or about none of it."""
    if event.type != rule.event:
        return None
    if rule.at == "end":
        return event.ended
    return None if is_end else event.stamp


def _is_followed(rule: Rule, before: Event, event: Event) -> bool:
    if before.type != rule.follows or before.subject != event.subject:
        return False
    over = before.ended or before.stamp
    return event.stamp.since(before.stamp) >= 0 and event.stamp.since(over) <= rule.within_s

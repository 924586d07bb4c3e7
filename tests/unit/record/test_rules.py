from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from filmed import at, event

from smartlogd.base.known import SubjectId
from smartlogd.record.rules import BUILT_IN, Rule, is_granted, wishes

REX, TOM = SubjectId(uuid4()), SubjectId(uuid4())
RULES = tuple(BUILT_IN.values())


def spans(told: tuple) -> list[tuple[float, float, tuple[str, ...]]]:
    return [(wish.window.start_ns / 1e9, wish.window.end_ns / 1e9, wish.window.labels) for wish in told]


def test_a_crossing_is_wished_for_and_granted_only_of_someone_unknown() -> None:
    (wish,) = wishes(RULES, event("crossing", 100), ())
    assert spans((wish,)) == [(95, 105, ("crossing", "unknown"))]
    assert is_granted(wish, is_known=False)
    assert not is_granted(wish, is_known=True)


def test_a_fetch_that_came_back_is_shown_up_to_its_end() -> None:
    brought = replace(event("fetch_return", 100, data={"success": True}), ended=at(107))
    (wish,) = wishes(RULES, brought, ())
    assert spans((wish,)) == [(99, 109, ("fetch_return",))]
    assert is_granted(wish, is_known=True)


@pytest.mark.parametrize("data", [{"success": False}, {}, {"success": "yes"}])
def test_a_fetch_that_did_not_is_not_filmed(data: dict) -> None:
    assert wishes(RULES, replace(event("fetch_return", 100, data=data), ended=at(107)), ()) == ()


@pytest.mark.parametrize(
    ("ended_s", "eats_s", "who", "is_filmed"),
    [(100.0, 104.9, REX, True), (100.0, 105.1, REX, False), (100.0, 99.0, REX, True), (100.0, 101.0, TOM, False)],
)
def test_eating_is_filmed_where_the_same_being_came_just_before(
    ended_s: float, eats_s: float, who: SubjectId, is_filmed: bool
) -> None:
    came = replace(event("approach", 98, subject=REX), ended=at(ended_s))
    told = wishes(RULES, event("eating", eats_s, subject=who), [event("sit", 90, subject=REX), came])
    assert bool(told) is is_filmed


def test_eating_before_the_approach_is_not_what_followed_it() -> None:
    came = replace(event("approach", 98, subject=REX), ended=at(100))
    assert wishes(RULES, event("eating", 97, subject=REX), [came]) == ()


@pytest.mark.parametrize("rule", ["fetch_return", "approach_then_eating"])
def test_what_is_cut_of_itself_lasts_eight_to_twelve_seconds(rule: str) -> None:
    assert 8 <= BUILT_IN[rule].before_s + BUILT_IN[rule].after_s <= 12


def test_a_rule_about_ends_hears_them_when_they_are_told() -> None:
    rule = Rule("sit", ("sat",), at="end")
    begun = event("sit", 100)
    over = replace(begun, ended=at(130))
    assert wishes((rule,), begun, ()) == ()
    assert spans(wishes((rule,), over, (), is_end=True)) == [(125, 135, ("sat",))]


def test_a_rule_about_beginnings_does_not_hear_ends() -> None:
    over = replace(event("sit", 100), ended=at(130))
    assert wishes((Rule("sit", ("sit",)),), over, (), is_end=True) == ()
    assert len(wishes((Rule("sit", ("sit",)),), over, ())) == 1


def test_what_knows_no_rule_is_not_filmed() -> None:
    assert wishes(RULES, event("bark", 100), ()) == ()


def test_a_rule_may_be_about_those_who_are_known() -> None:
    (wish,) = wishes((Rule("sit", ("sit",), whose="known"),), event("sit", 100), ())
    assert is_granted(wish, is_known=True)
    assert not is_granted(wish, is_known=False)

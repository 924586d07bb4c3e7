from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.base.geometry import Point, Segment
from smartlogd.base.known import Action, Anchor, CrossingLine, Side
from smartlogd.movement.options import LineOptions, MovementOptions, PairOptions, parse_line

UPRIGHT = {"start": (0.3, 0.0), "end": (0.3, 1.0), "inside": "right"}


def test_without_settings_one_upright_line_stands_in_the_middle() -> None:
    (door,) = MovementOptions().crossing_lines()
    assert door == CrossingLine("door", Segment(Point(0.5, 0), Point(0.5, 1)), Side.RIGHT)


def test_no_lines_at_all_can_be_meant() -> None:
    assert MovementOptions(lines={}).crossing_lines() == ()


@pytest.mark.parametrize(
    ("counts", "actions"), [("both", {Action.IN, Action.OUT}), ("in", {Action.IN}), ("out", {Action.OUT})]
)
def test_a_line_counts_the_directions_it_is_told_to(counts: str, actions: set[Action]) -> None:
    line = LineOptions.model_validate({**UPRIGHT, "counts": counts, "anchor": "feet", "band": 0.05})
    assert line.crossing_line("hall") == CrossingLine(
        "hall", Segment(Point(0.3, 0), Point(0.3, 1)), Side.RIGHT, Anchor.FEET, 0.05, frozenset(actions)
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"end": (0.3, 0.01)}, "has no length"),
        ({"end": (0.9, 0.0)}, "level line has no right side"),
        ({"inside": "above"}, "upright line has no side above"),
        ({"inside": "inner"}, "'left', 'right', 'above' or 'below'"),
        ({"start": (1.3, 0.0)}, "less than or equal to 1"),
        ({"start": (float("nan"), 0.0)}, "less than or equal to 1|greater than or equal to 0"),
        ({"start": (0.3,)}, "Field required"),
        ({"band": -0.1}, "greater than or equal to 0"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_and_told_why(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        LineOptions.model_validate({**UPRIGHT, **changes})


def test_a_slanting_line_has_both_kinds_of_side() -> None:
    for inside in ("left", "right", "above", "below"):
        LineOptions.model_validate({"start": (0.2, 0.2), "end": (0.8, 0.8), "inside": inside})


def test_the_pair_is_two_upright_lines_that_count_one_way_each() -> None:
    left, right = MovementOptions(pair=PairOptions()).crossing_lines()
    assert (left.name, left.segment.start.x, left.counts) == ("left", 0.3, {Action.IN})
    assert (right.name, right.segment.start.x, right.counts) == ("right", 0.7, {Action.OUT})


def test_a_pair_in_the_wrong_order_is_refused() -> None:
    with pytest.raises(ValidationError, match="must stand left of"):
        PairOptions(left_line_x=0.7, right_line_x=0.3)


def test_the_pair_and_lines_of_ones_own_do_not_go_together() -> None:
    with pytest.raises(ValidationError, match="either lines or pair"):
        MovementOptions.model_validate({"lines": {"door": UPRIGHT}, "pair": {}})


def test_a_weak_score_above_the_strong_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="must not be above"):
        MovementOptions(weak_score=0.6, strong_score=0.5)


@pytest.mark.parametrize(
    ("other", "is_refused"),
    [
        (UPRIGHT, True),
        ({"start": (0.305, 0.2), "end": (0.305, 0.8), "inside": "left"}, True),
        ({"start": (0.3, 0.9), "end": (0.3, 0.1), "inside": "right"}, True),
        ({"start": (0.35, 0.0), "end": (0.35, 1.0), "inside": "right"}, False),
        ({"start": (0.0, 0.5), "end": (1.0, 0.5), "inside": "above"}, False),
        ({"start": (0.2, 0.0), "end": (0.4, 1.0), "inside": "right"}, False),
    ],
)
def test_lines_that_lie_upon_each_other_are_refused_and_lines_that_cross_are_not(
    other: dict[str, object], is_refused: bool
) -> None:
    both = {"lines": {"one": UPRIGHT, "other": other}}
    if not is_refused:
        assert len(MovementOptions.model_validate(both).crossing_lines()) == 2
        return
    with pytest.raises(ValidationError, match="the lines one and other lie upon each other"):
        MovementOptions.model_validate(both)


def test_two_halves_of_one_door_may_follow_each_other() -> None:
    halves = {
        "upper": {"start": (0.3, 0.0), "end": (0.3, 0.5), "inside": "right"},
        "lower": {"start": (0.3, 0.5), "end": (0.3, 1.0), "inside": "right"},
    }
    assert len(MovementOptions.model_validate({"lines": halves}).crossing_lines()) == 2


@pytest.mark.parametrize("name", ["", "-door", "door\n", "a" * 65, "door;drop"])
def test_a_name_that_would_trouble_a_log_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="String should match pattern"):
        MovementOptions.model_validate({"lines": {name: UPRIGHT}})


def test_more_lines_than_anyone_can_mean_are_refused() -> None:
    lines = {f"line {n}": {"start": (n / 40, 0.0), "end": (n / 40, 1.0), "inside": "right"} for n in range(33)}
    with pytest.raises(ValidationError, match="at most 32"):
        MovementOptions.model_validate({"lines": lines})


def test_thresholds_reach_the_rules() -> None:
    given_ = {"strong_score": 0.6, "weak_score": 0.3, "confirm_hits": 5, "confirm_s": 0.5, "keep_lost_s": 3.0}
    rules = MovementOptions.model_validate({**given_, "debounce_known_s": 1.0, "debounce_unknown_s": 2.0}).rules()
    assert {name: getattr(rules, name) for name in given_} == given_
    assert (rules.debounce_known_s, rules.debounce_unknown_s) == (1.0, 2.0)


def test_a_line_is_read_from_the_command_line() -> None:
    line = parse_line(" hall=0.1,0.2, 0.9,0.8 :ABOVE", Anchor.FEET)
    assert line == CrossingLine("hall", Segment(Point(0.1, 0.2), Point(0.9, 0.8)), Side.ABOVE, Anchor.FEET)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ("door", "cannot be read"),
        ("door=0.5,0,0.5,1", "cannot be read"),
        ("=0.5,0,0.5,1:right", "cannot be read"),
        ("door=0.5,0,0.5:right", "four numbers"),
        ("door=a,b,c,d:right", "four numbers"),
        ("door=0.5,0,0.5,1:inward", "inside"),
        ("door=0.5,0,0.5,3:right", "end.1"),
        ("door=nan,0,0.5,1:right", "start.0"),
        ("door=0.5,0,0.5,0:right", "has no length"),
        ("door=0,0.5,1,0.5:left", "level line"),
        ("do/or=0.5,0,0.5,1:left", "match pattern"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_in_one_sentence_with_a_hint(text: str, said: str) -> None:
    with pytest.raises(SmartlogError, match=said) as wrong:
        parse_line(text)
    assert wrong.value.code is Exit.USAGE
    assert "NAME=x1,y1,x2,y2:SIDE" in wrong.value.hint
    assert len(wrong.value.what) < 400


@given(st.text(max_size=60))
def test_whatever_is_typed_as_a_line_is_a_line_or_one_clear_error(text: str) -> None:
    line = None
    with contextlib.suppress(SmartlogError):
        line = parse_line(f"door={text}")
    assert line is None or line.segment.length > 0

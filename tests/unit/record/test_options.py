from __future__ import annotations

import pytest
from pydantic import ValidationError

from smartlogd.record.options import RecordOptions, RuleOptions
from smartlogd.record.rules import Rule


def test_what_is_built_in_cuts_unless_it_is_left_out() -> None:
    assert [rule.event for rule in RecordOptions().clip_rules()] == ["crossing", "fetch_return", "eating"]
    assert RecordOptions(automatic=()).clip_rules() == ()


def test_a_crossing_is_shown_for_as_long_as_the_settings_say() -> None:
    (rule,) = RecordOptions(automatic=("unknown_crossing",), before_s=2, after_s=7).clip_rules()
    assert rule == Rule("crossing", ("crossing", "unknown"), 2, 7, "unknown")


def test_a_rule_of_ones_own_has_the_usual_span_and_its_event_as_label_unless_it_says_more() -> None:
    plain = RecordOptions(automatic=(), before_s=3, rules={"sits": RuleOptions(event="sit")})
    assert plain.clip_rules() == (Rule("sit", ("sit",), 3, 5),)
    given = RuleOptions(
        event="drinking", who="known", follows="approach", within_s=9, at="end", labels=("thirst",), before_s=0,
        after_s=8,
    )  # fmt: skip
    (rule,) = RecordOptions(automatic=(), rules={"drinks": given}).clip_rules()
    assert rule == Rule("drinking", ("thirst",), 0, 8, "known", "approach", 9, at="end")


@pytest.mark.parametrize(
    "wrong",
    [
        {"automatic": ["everything"]},
        {"rules": {"x": {}}},
        {"rules": {"x": {"event": "SIT"}}},
        {"rules": {"x": {"event": "sit", "labels": ["../etc"]}}},
        {"ring_mib": 0},
        {"longest_s": 301},
        {"encoder": "h265"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        RecordOptions.model_validate(wrong)

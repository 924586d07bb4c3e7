from __future__ import annotations

from smartlogd.movement.options import MovementOptions
from smartlogd.movement.rules import Rules


def test_the_rules_nobody_changed_are_those_of_the_settings_nobody_changed() -> None:
    assert MovementOptions().rules() == Rules()


def test_the_rules_are_in_an_order_that_can_be_meant() -> None:
    rules = Rules()
    assert 0 < rules.weak_score <= rules.strong_score < 1
    assert rules.keep_tentative_s <= rules.keep_lost_s
    assert rules.debounce_known_s <= rules.debounce_unknown_s

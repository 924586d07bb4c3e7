from __future__ import annotations

import pytest
from pydantic import ValidationError

from smartlogd.base.geometry import Point
from smartlogd.base.known import Zone, ZoneKind
from smartlogd.movement.conduct_options import BehaviourOptions, ZoneOptions
from smartlogd.movement.options import MovementOptions
from smartlogd.movement.rules import BehaviourRules

SQUARE = {"kind": "bowl_food", "polygon": [(0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3)]}


def test_a_zone_is_a_polygon_with_a_kind() -> None:
    options = MovementOptions.model_validate({"zones": {"Rex's bowl".replace("'", ""): SQUARE}})
    corners = (Point(0.1, 0.1), Point(0.3, 0.1), Point(0.3, 0.3), Point(0.1, 0.3))
    assert options.watched_zones() == (Zone("Rexs bowl", ZoneKind.BOWL_FOOD, corners),)


def test_there_is_no_zone_unless_one_is_given() -> None:
    assert MovementOptions().watched_zones() == ()


@pytest.mark.parametrize("kind", [kind.value for kind in ZoneKind])
def test_every_kind_can_be_given(kind: str) -> None:
    assert ZoneOptions.model_validate({**SQUARE, "kind": kind}).zone("here").kind is ZoneKind(kind)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "garden"}, "'bowl_food', 'bowl_water', 'bed' or 'door'"),
        ({"polygon": [(0.1, 0.1), (0.3, 0.1)]}, "at least 3"),
        ({"polygon": [(i / 40, (i % 2) / 2) for i in range(33)]}, "at most 32"),
        ({"polygon": [(0.1, 0.1), (0.3, 0.1), (1.1, 0.3)]}, "less than or equal to 1"),
        ({"polygon": [(0.1, 0.1), (0.3, 0.1), (float("nan"), 0.3)]}, "equal to"),
        ({"polygon": [(0.1, 0.1), (0.3, 0.1), (0.5, 0.1)]}, "covers nothing"),
        ({"polygon": [(0.1, 0.1), (0.3, 0.4), (0.4, 0.1), (0.1, 0.3)]}, "sides of the zone cross"),
        ({"polygon": [(0.1, 0.1), (0.5, 0.1), (0.3, 0.1), (0.3, 0.5)]}, "sides of the zone cross"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_zone_that_cannot_be_meant_is_refused_and_told_why(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ZoneOptions.model_validate({**SQUARE, **changes})


def test_there_are_at_most_thirty_two_zones_and_their_names_are_those_of_lines() -> None:
    with pytest.raises(ValidationError, match="at most 32"):
        MovementOptions.model_validate({"zones": {f"zone {n}": SQUARE for n in range(33)}})
    with pytest.raises(ValidationError, match="String should match"):
        MovementOptions.model_validate({"zones": {"../bowl": SQUARE}})


def test_the_usual_options_are_the_usual_rules() -> None:
    assert BehaviourOptions().rules() == BehaviourRules() == MovementOptions().behaviour_rules()


def test_every_option_changes_a_rule() -> None:
    changed = {
        "enabled": False, "gap_s": 7.0, "dwell_s": 1.5, "unknown_s": 12.0, "least_confidence": 0.5, "fall_s": 1.0,
        "calm_dwell_s": 4.0, "calm_leave_s": 3.0, "still_pace": 0.2, "rest_pace": 0.4, "bowl_dwell_s": 3.0,
        "bowl_leave_s": 4.0, "play_dwell_s": 3.0, "play_leave_s": 4.0, "quick_person": 1.5, "quick_dog": 3.0,
        "approach_growth": 2.0, "approach_s": 2.0, "fetch_cue_s": 5.0, "fetch_s": 8.0, "fetch_sizes": 3.0,
    }  # fmt: skip
    assert set(changed) == set(BehaviourOptions.model_fields)
    for name, value in changed.items():
        assert BehaviourOptions.model_validate({name: value}).rules() != BehaviourRules(), name


def test_who_is_still_may_not_move_more_than_who_rests() -> None:
    with pytest.raises(ValidationError, match="still_pace"):
        BehaviourOptions(still_pace=0.5, rest_pace=0.4)

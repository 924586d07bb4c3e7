"""Lines that a command brings along."""

from __future__ import annotations

import pytest

from smartlogd.base.errors import SmartlogError
from smartlogd.base.known import Action, Anchor
from smartlogd.cli.lines import given_lines, with_lines
from smartlogd.movement.options import MovementOptions, PairOptions
from smartlogd.settings import Settings

DOOR, GATE = "door=0.5,0,0.5,1:left", "gate=0,0.7,1,0.7:below"


def test_given_lines_keep_their_order_and_have_the_given_anchor() -> None:
    lines = given_lines([GATE, DOOR], Anchor.FEET)
    assert [line.name for line in lines] == ["gate", "door"]
    assert {line.anchor for line in lines} == {Anchor.FEET}


def test_two_lines_of_one_name_are_refused() -> None:
    with pytest.raises(SmartlogError, match="Two lines are named door") as caught:
        given_lines([DOOR, GATE, DOOR], Anchor.CENTRE)
    assert caught.value.code == 2


def test_brought_lines_replace_the_configured_ones_and_nothing_else() -> None:
    settings = Settings(movement=MovementOptions(strong_score=0.6, confirm_hits=5))
    lines = given_lines([DOOR, GATE], Anchor.CENTRE)
    changed = with_lines(settings, lines)
    assert changed.movement.crossing_lines() == lines
    assert (changed.movement.strong_score, changed.movement.confirm_hits) == (0.6, 5)
    assert changed.model_copy(update={"movement": settings.movement}) == settings


def test_brought_lines_replace_a_configured_pair() -> None:
    paired = Settings(movement=MovementOptions(pair=PairOptions()))
    assert [line.name for line in with_lines(paired, given_lines([DOOR], Anchor.CENTRE)).movement.crossing_lines()] == [
        "door"
    ]


def test_a_line_survives_the_way_through_the_settings_whole() -> None:
    pair = PairOptions().crossing_lines()
    assert {line.counts for line in pair} == {frozenset({Action.IN}), frozenset({Action.OUT})}
    assert with_lines(Settings(), pair).movement.crossing_lines() == pair


def test_lines_that_lie_upon_each_other_are_refused() -> None:
    lines = given_lines([DOOR, DOOR.replace("door", "other")], Anchor.CENTRE)
    with pytest.raises(SmartlogError, match="lie upon each other") as caught:
        with_lines(Settings(), lines)
    assert caught.value.code == 2

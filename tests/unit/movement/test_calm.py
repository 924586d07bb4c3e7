from __future__ import annotations

import math
import random

import pytest
from beings import HERE, being, live, span, spans
from walks import at

from smartlogd.base.geometry import Box
from smartlogd.base.known import TrackId
from smartlogd.movement.calm import calmed
from smartlogd.movement.hold import Spell
from smartlogd.movement.rules import BehaviourRules


def moved(box: Box, x: float) -> Box:
    return Box(box.x0 + x, box.y0, box.x1 + x, box.y1)


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0, 30.0])
def test_who_keeps_still_is_calm_from_when_it_began(fps: float) -> None:
    ((start, end),) = spans(live(span(0, 30, lambda t: being(t), fps)), "calm")
    assert start <= 0.5
    assert end == pytest.approx(30, abs=1 / fps + 0.01)


@pytest.mark.parametrize("fps", [3.0, 10.0, 30.0])
def test_calm_is_over_where_the_walk_began(fps: float) -> None:
    def box(t: float) -> Box:
        return moved(HERE, -0.3 + 0.15 * max(0.0, min(t - 20, 4)))

    (first, second) = spans(live(span(0, 40, lambda t: being(t, box(t)), fps)), "calm")
    assert first == (pytest.approx(0, abs=0.5), pytest.approx(20, abs=0.9))
    assert second == (pytest.approx(24, abs=0.9), pytest.approx(40, abs=0.4))


def test_the_trembling_of_a_box_is_no_motion() -> None:
    dice = random.Random(1)

    def box(_: float) -> Box:
        return Box(*(side + dice.gauss(0, 0.01) for side in (HERE.x0, HERE.y0, HERE.x1, HERE.y1)))

    assert len(spans(live(span(0, 60, lambda t: being(t, box(t), "stand"))), "calm")) == 1


@pytest.mark.parametrize(("word", "calm"), [("sit", 1), ("lie", 1), ("stand", 0), (None, 0)])
def test_who_sits_or_lies_may_stir(word: str | None, calm: int) -> None:
    def box(t: float) -> Box:
        return moved(HERE, 0.06 * math.sin(t * math.pi / 1.6))

    assert len(spans(live(span(0, 20, lambda t: being(t, box(t), word))), "calm")) == calm


def test_a_moment_without_a_look_is_no_end_and_what_is_unknown_says_nothing() -> None:
    lost = span(0, 10, lambda t: being(t)) + span(10, 13, lambda t: being(t, last=9.9)) + span(13, 20, being)
    assert spans(live(lost), "calm") == [(0.0, 19.9)]
    assert calmed(Spell(), None, None, TrackId(1), at(0), BehaviourRules()) == (Spell(), ())

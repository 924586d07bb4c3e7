from __future__ import annotations

import pytest
from beings import BOWL, DOG, HERE, Frame, begun, being, live, span, spans
from walks import at

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Zone, ZoneKind
from smartlogd.base.seen import Kind
from smartlogd.movement.behaviour import Conduct, behave
from smartlogd.movement.rules import BehaviourRules

WATER = Zone("water", ZoneKind.BOWL_WATER, tuple(Point(x + 0.3, y) for x, y in ((0, 0.1), (0.4, 0.1), (0.2, 0.5))))
AWAY = Box(0.1, 0.6, 0.25, 0.75)


def at_bowl(t: float) -> bool:
    return 5 <= t < 12 or 14 <= t < 20


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0, 30.0])
def test_a_dog_that_looks_up_to_chew_eats_once(fps: float) -> None:
    def dog(t: float) -> Frame:
        return Frame(t, (being(t, DOG if at_bowl(t) else AWAY, kind=Kind.DOG),))

    said = live([dog(n / fps) for n in range(round(30 * fps))], (BOWL,))
    (meal,) = begun(said, "eating")
    assert meal.data == {"zone": "bowl"}
    ((start, end),) = spans(said, "eating")
    assert (start, end) == (pytest.approx(5, abs=0.5), pytest.approx(20, abs=0.5))


def test_a_sniff_is_no_meal() -> None:
    sniff = span(0, 20, lambda t: being(t, DOG if 5 <= t < 6.5 else AWAY, kind=Kind.DOG))
    assert spans(live(sniff, (BOWL,)), "eating") == []


def test_two_meals_apart_are_two() -> None:
    twice = span(0, 40, lambda t: being(t, DOG if 5 <= t < 10 or 20 <= t < 25 else AWAY, kind=Kind.DOG))
    assert len(spans(live(twice, (BOWL,)), "eating")) == 2


def test_a_person_drinks_where_the_head_is_at_the_water() -> None:
    (drink,) = begun(live(span(0, 10, lambda t: being(t, HERE)), (BOWL, WATER)), "eating", "drinking")
    assert (drink.what, drink.data) == ("drinking", {"zone": "water"})


def test_a_bowl_that_is_taken_off_the_settings_ends_the_meal() -> None:

    conduct, said = Conduct(), []
    for frame in span(0, 20, lambda t: being(t, DOG, kind=Kind.DOG)):
        zones = (BOWL,) if frame.t < 10 else ()
        conduct, told = behave(conduct, frame.tracks, at(frame.t), zones, BehaviourRules(), aspect=1.0)
        said += told
    assert spans(said, "eating") == [(0.0, 9.9)]

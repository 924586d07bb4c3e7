from __future__ import annotations

import pytest
from beings import HERE, Frame, being, live, near, span, spans
from walks import at

from smartlogd.base.geometry import Point
from smartlogd.base.known import Behaviour, TrackId, Zone, ZoneKind
from smartlogd.movement.hold import Spell
from smartlogd.movement.posture import Posed
from smartlogd.movement.postures import postured
from smartlogd.movement.rules import BehaviourRules

EVERYWHERE = (Point(0, 0), Point(1, 0), Point(1, 1), Point(0, 1))
BED = Zone("sofa", ZoneKind.BED, EVERYWHERE)


def told(looks: str, zones: tuple[Zone, ...] = (), fps: float = 10.0, sure: float = 0.9) -> list[Behaviour]:
    """Looks as letters (u up, s sitting, l lying, . unknown), ten a second."""
    words = {"u": "stand", "s": "sit", "l": "lie"}
    frames = [Frame(n / fps, (being(n / fps, HERE, words.get(one), sure=sure),)) for n, one in enumerate(looks)]
    said = live(frames, zones, is_over=False)
    return [one for one in said if one.what in words.values()]


def test_a_posture_is_a_span_and_not_a_frame() -> None:
    sitting, over, standing = told("s" * 50 + "u" * 20)
    assert (sitting.what, sitting.start, sitting.end, sitting.confidence) == ("sit", at(0), None, pytest.approx(0.9))
    assert (over.what, over.start, over.end) == ("sit", at(0), at(4.9))
    assert (standing.what, standing.start, standing.end) == ("stand", at(5.0), None)


def test_what_a_look_is_hardly_sure_of_is_not_known() -> None:
    assert told("s" * 50, sure=0.29) == []
    assert len(told("s" * 50, sure=0.31)) == 1


@pytest.mark.parametrize(("between", "fell"), [("", True), ("s" * 5, True), ("." * 19, True), ("." * 25, False)])
def test_who_lies_within_two_seconds_of_standing_has_fallen(between: str, *, fell: bool) -> None:
    lying = told("u" * 30 + between + "l" * 20)[-1]
    assert lying.what == "lie"
    assert lying.data == ({"fell": True} if fell else {})


def test_who_sits_down_first_has_not_fallen() -> None:
    assert told("u" * 30 + "s" * 15 + "l" * 20)[-1].data == {}


def test_nobody_falls_into_bed_and_the_bed_is_named() -> None:
    lying = told("u" * 30 + "l" * 20, (BED,))[-1]
    assert (lying.what, lying.data) == ("lie", {"zone": "sofa"})


def test_who_lies_from_the_first_look_has_not_fallen() -> None:
    assert told("l" * 20)[-1].data == {}


def test_a_look_without_an_answer_tells_nothing() -> None:
    spell, said = postured(Spell(), None, HERE, TrackId(1), at(0), (), BehaviourRules())
    assert (spell, said) == (Spell(), ())
    spell, said = postured(Spell(), Posed("sit", 0.9), HERE, TrackId(1), at(0), (), BehaviourRules())
    assert said == ()


def test_who_falls_and_is_lost_meanwhile_is_found_lying() -> None:
    # The body that falls is missed for a second and a half; the track that is found on the floor is another one.
    upright, floor = near(2.5), near(2.5, 0.5, size=0.3, wide=4.0)
    stood = span(0, 4, lambda t: being(t, upright, "stand"))
    lost = span(4, 5.4, lambda t: None)
    lies = span(5.4, 9, lambda t: being(t, floor, "lie", id_=2, first=5.4))
    said = live([*stood, *lost, *lies])
    (lying,) = [one for one in said if one.what == "lie" and one.end is None]
    assert (lying.track, lying.data) == (2, {"fell": True})
    assert spans(said, "stand") == [(0.0, 3.9)]

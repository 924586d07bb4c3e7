"""Tracks -> behaviours, small stories made by hand, each with the reason why the answer is right."""

from __future__ import annotations

from beings import BOWL, DOG, HERE, Frame, begun, being, live, near, span, spans

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Zone, ZoneKind
from smartlogd.base.seen import Kind

SOFA = Zone("sofa", ZoneKind.BED, (Point(0.3, 0.2), Point(0.7, 0.2), Point(0.7, 0.95), Point(0.3, 0.95)))


def test_a_long_evening_in_one_chair_is_one_sit() -> None:
    # Somebody sits for ten minutes. Every twenty seconds the answer is "stand" for half a second (an arm goes up),
    # and once a minute the body is lost behind a newspaper for three seconds and found as another track. They sat
    # down once. They were there ten times, for whoever adds up the time closes gaps of up to five seconds.
    frames: list[Frame] = []
    for minute in range(10):
        first = minute * 60.0

        def seated(t: float, first: float = first, id_: int = minute + 1):  # type: ignore[no-untyped-def]
            return being(t, HERE, "stand" if t % 20 < 0.5 else "sit", id_=id_, first=first)

        frames += span(first, first + 57, seated, fps=5) + span(first + 57, first + 60, lambda _: None, fps=5)
    said = live(frames)
    assert [(one.what, one.track) for one in begun(said, "sit", "stand", "lie")] == [("sit", 1)]
    assert spans(said, "sit") == [(0.8, 596.8)]  # the first half second was wrong, and as long outweighs it
    assert len(spans(said, "person_entered")) == len(spans(said, "calm")) == 10


def test_a_fall_is_told_and_a_nap_is_not() -> None:
    # Both lie in the end. The first stood, and a second later lay on the floor. The second stood before the sofa,
    # sat down on it for three seconds, and lay down on it.
    floor = Box(0.45, 0.88, 0.8, 1.0)
    fall = [*span(0, 5, lambda t: being(t, near(2.5), "stand")), *span(5, 5.8, lambda t: being(t, near(2.5)))]
    fall += span(5.8, 10, lambda t: being(t, floor, "lie"))
    nap = span(0, 5, lambda t: being(t, HERE, "stand")) + span(5, 8, lambda t: being(t, HERE, "sit"))
    nap += span(8, 12, lambda t: being(t, HERE, "lie"))
    assert [one.data for one in begun(live(fall, (SOFA,)), "lie")] == [{"fell": True}]
    assert [one.data for one in begun(live(nap, (SOFA,)), "lie")] == [{"zone": "sofa"}]
    assert [one.data for one in begun(live(nap), "lie")] == [{}]


def test_a_dogs_breakfast() -> None:
    # The dog comes running from afar, eats for eight seconds with one look up (a second and a half), and lies down
    # away from the bowl. An approach, one meal that begins where the head came to the bowl, calm for the rest.
    comes = span(0, 4, lambda t: being(t, near(8 - 1.4 * t, 0.0, wide=1.2), "stand", kind=Kind.DOG))
    eats = span(4, 8, lambda t: being(t, DOG, "stand", kind=Kind.DOG))
    looks = span(8, 9.5, lambda t: being(t, Box(0.36, 0.55, 0.5, 0.75), "stand", kind=Kind.DOG))
    more = span(9.5, 12, lambda t: being(t, DOG, "stand", kind=Kind.DOG))
    lies = span(12, 20, lambda t: being(t, Box(0.1, 0.65, 0.28, 0.75), "lie", kind=Kind.DOG))
    said = live([*comes, *eats, *looks, *more, *lies], (BOWL,))
    assert [one.what for one in begun(said, "approach", "eating", "stand", "lie")] == [
        "stand",
        "approach",
        "eating",
        "lie",
    ]
    assert spans(said, "eating") == [(4.0, 11.9)]
    assert spans(said, "stand") == [(0.0, 11.9)]
    assert spans(said, "calm")[-1][1] == 19.9


def test_who_passes_the_door_does_nothing_but_stand_upright() -> None:
    # Somebody walks through the picture at 0.8 of their height a second. They came, they were upright; they were not
    # calm, played nothing, came no nearer and fetched nothing.
    walk = span(0, 4, lambda t: being(t, near(3.0, -1.6 + 0.8 * t), "stand"))
    assert {one.what for one in live(walk)} == {"person_entered", "stand"}

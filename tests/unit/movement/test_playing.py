from __future__ import annotations

import math

import pytest
from beings import DOG, HERE, being, count, live, span, spans

from smartlogd.base.geometry import Box
from smartlogd.base.seen import Kind


def romp(t: float, box: Box, reach: float, period: float) -> Box:
    shift = reach * math.sin(2 * math.pi * t / period)
    return Box(box.x0 + shift, box.y0, box.x1 + shift, box.y1)


@pytest.mark.parametrize("fps", [3.0, 5.0, 10.0, 30.0])
def test_a_dog_that_runs_to_and_fro_plays_once(fps: float) -> None:
    still = span(0, 5, lambda t: being(t, DOG, kind=Kind.DOG), fps)
    play = span(5, 20, lambda t: being(t, romp(t - 5, DOG, 0.3, 2.5), kind=Kind.DOG), fps)
    rest = span(20, 30, lambda t: being(t, DOG, kind=Kind.DOG), fps)
    ((start, end),) = spans(live([*still, *play, *rest]), "playing")
    assert start == pytest.approx(5.5, abs=1.5)
    assert end == pytest.approx(20.5, abs=1.5)


@pytest.mark.parametrize("kind", [Kind.PERSON, Kind.DOG])
def test_who_walks_to_and_fro_does_not_play(kind: Kind) -> None:
    box = HERE if kind is Kind.PERSON else DOG
    size = 0.5 if kind is Kind.PERSON else 0.2
    pacing = span(0, 30, lambda t: being(t, romp(t, box, 0.25, 4 * 0.25 * 4 / 3 / (size * 0.8)), kind=kind))
    assert count(live(pacing), "playing") == 0


def test_who_runs_through_does_not_play() -> None:
    dash = span(0, 4, lambda t: being(t, Box(0.02 + 0.23 * t, 0.6, 0.1 + 0.23 * t, 0.68), kind=Kind.DOG))
    assert count(live(dash), "playing") == 0

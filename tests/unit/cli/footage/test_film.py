"""What everybody is doing, as the annotated video of a replay shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import numpy as np

from smartlogd.base.known import Event, EventId, SubjectId, TrackId
from smartlogd.base.seen import Frame, Pixels
from smartlogd.base.time import Stamp
from smartlogd.cli.film import Film
from smartlogd.cli.footage import Account
from smartlogd.movement.scene import Scene
from smartlogd.settings import Settings

AT = Stamp(2_000_000_000, dt.datetime(2026, 11, 21, tzinfo=dt.UTC), trusted=False)
SAT = Event(EventId(UUID(int=1)), "hall", "sit", AT, SubjectId(UUID(int=2)), data={"track": 4})
GREY = np.full((120, 160, 3), 128, np.uint8)


class Reel:
    """A movie that keeps its pictures."""

    def __init__(self) -> None:
        self.pictures: list[tuple[float, Pixels]] = []

    def add(self, picture: Pixels, t_s: float) -> None:
        self.pictures.append((t_s, picture))


def film(**movement: object) -> tuple[Film, Reel]:
    reel = Reel()
    settings = Settings.model_validate({"movement": {"lines": {}, **movement}})
    return Film(reel, settings, Account(())), reel  # type: ignore[arg-type]


def test_what_has_begun_is_shown_until_it_is_over() -> None:
    shown, _ = film()
    frame = Frame(0, AT, GREY)
    came = replace(SAT, type="person_entered")
    shown.watch(frame, Scene(), (came, SAT, replace(SAT, type="eating"), replace(SAT, data={"track": 5}, type="lie")))
    assert shown.words() == {TrackId(4): "sit, eating", TrackId(5): "lie"}
    shown.over(replace(SAT, ended=AT))
    shown.over(came)
    assert shown.words() == {TrackId(4): "eating", TrackId(5): "lie"}


def test_what_is_over_when_it_is_told_is_not_shown() -> None:
    shown, _ = film()
    shown.watch(Frame(0, AT, GREY), Scene(), (replace(SAT, ended=AT), replace(SAT, type="approach", ended=AT)))
    assert shown.words() == {}


def test_each_frame_is_drawn_at_its_time_with_the_zones() -> None:
    shown, reel = film(zones={"bowl": {"kind": "bowl_food", "polygon": [(0.2, 0.2), (0.8, 0.2), (0.5, 0.7)]}})
    shown.watch(Frame(0, AT, GREY), Scene(), ())
    ((t_s, picture),) = reel.pictures
    assert t_s == 2.0
    assert (picture[24, 40:120] != 128).any()
    plain, bare = film()
    plain.watch(Frame(0, AT, GREY), Scene(), ())
    assert (bare.pictures[0][1] == 128).all()

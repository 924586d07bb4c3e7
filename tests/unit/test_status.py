"""What the daemon says of itself."""

from __future__ import annotations

from collections import Counter

import pytest
from lens import Lens

from smartlogd import status
from smartlogd.pipeline import Tally


def test_before_the_first_frame_nothing_is_made_up() -> None:
    said = status.flow(Tally(), 0.0, 9.0)
    assert (said["fps"], said["people"], said["first_frame_s"], said["last_frame_age_s"]) == (0.0, 0, None, None)


def test_without_new_frames_rate_and_people_are_not_told_as_if_they_were_now() -> None:
    tally = Tally(people=2, frames=50, fps=9.87, first_s=101.5, newest_s=110.0)
    fresh, stale = status.flow(tally, 100.0, 110.2), status.flow(tally, 100.0, 110.0 + status.STALE_S)
    assert (fresh["fps"], fresh["people"], fresh["first_frame_s"], fresh["last_frame_age_s"]) == (9.9, 2, 1.5, 0.2)
    assert (stale["fps"], stale["people"], stale["frames"]) == (0.0, 0, 50)


def test_lines_of_the_settings_come_first_and_those_of_before_are_kept() -> None:
    tally = Tally(passings={"old": Counter({"O": 3}), "door": Counter({"I": 1})})
    assert list(status.passings(tally, ["gate", "door"]).items()) == [
        ("gate", {"I": 0, "O": 0}),
        ("door", {"I": 1, "O": 0}),
        ("old", {"I": 0, "O": 3}),
    ]


def test_what_is_not_open_yet_is_opening() -> None:
    assert status.lens(None) == {"name": "", "status": "opening"}
    assert status.journal(None)["word"] == "opening"


@pytest.mark.parametrize(
    ("word", "is_settled"),
    [("opening", False), ("running", False), ("lost", True), ("absent", True), ("paused", True), ("ended", True)],
)
def test_only_a_camera_that_says_why_it_gives_nothing_is_waited_for_no_more(word: str, is_settled: bool) -> None:
    class Said(Lens):
        status = word  # type: ignore[assignment]

    assert status.is_settled(Said()) is is_settled
    assert not status.is_settled(None)

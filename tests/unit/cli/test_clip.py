"""`smartlogd clip`, asked of a daemon that answers from a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from smartlogd.base.errors import Exit, ServiceAway

Smartlogd = Callable[..., Any]
Desk = Any
ANSWER = {"id": "0190", "path": "/state/clips/0190.mp4", "duration_s": 10.1, "labels": ["ball"]}


def test_a_clip_is_asked_for_with_its_length_and_its_labels(smartlogd: Smartlogd, desk: Desk) -> None:
    desk.answers = {"clip": ANSWER}
    told = smartlogd("clip", "10s", "--label", "ball", "--label", "garden")
    assert (told.code, told.out) == (0, "The clip is /state/clips/0190.mp4 (10.1 s, id 0190).\n")
    assert json.loads(smartlogd("clip", "1m", "--json").out) == ANSWER
    assert smartlogd("clip", "30").code == 0
    assert smartlogd("clip").code == 0
    assert [given for _, given in desk.commands] == [
        {"seconds": 10, "labels": ["ball", "garden"]},
        {"seconds": 60, "labels": []},
        {"seconds": 30, "labels": []},
        {"seconds": 10, "labels": []},
    ]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("span", ["soon", "0s", "-3s", "1.5s", ""])
def test_a_span_that_is_none_is_refused(smartlogd: Smartlogd, span: str) -> None:
    assert smartlogd("clip", "--", span).code == Exit.USAGE


def test_a_daemon_without_video_says_so(smartlogd: Smartlogd, desk: Desk) -> None:
    desk.answers = {"clip": ServiceAway("There is no video yet.", "Look at the camera: smartlogd status")}
    told = smartlogd("clip")
    assert (told.code, "no video yet" in told.err) == (69, True)


@pytest.mark.usefixtures("state")
def test_without_a_daemon_it_says_how_to_start_one(smartlogd: Smartlogd) -> None:
    told = smartlogd("clip", "5s")
    assert (told.code, "smartlogd run" in told.err) == (Exit.SERVICE_AWAY, True)

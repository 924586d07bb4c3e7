"""Happenings become events."""

from __future__ import annotations

import json
from uuid import UUID

import numpy as np
import pytest

from smartlogd.base.geometry import Point
from smartlogd.base.ids import LiveIds, ReplayIds
from smartlogd.base.known import Action, Behaviour, Crossing, Event, Happening, SubjectId, TrackId
from smartlogd.base.time import Stamp
from smartlogd.record.compose import compose

SUBJECT = SubjectId(UUID("11111111-2222-5333-8444-555555555555"))
IDS = ReplayIds("ab" * 32)


def crossing(stamp: Stamp, line: str = "door", action: Action = Action.IN, confidence: float = 0.91) -> Crossing:
    return Crossing(line, action, TrackId(4), stamp, Point(0.35, 0.61803398), confidence)


def test_a_crossing_becomes_the_row_that_the_data_model_describes(stamp: Stamp) -> None:
    event = compose(crossing(stamp), SUBJECT, IDS, "hall")
    assert event == Event(
        id=IDS.event("crossing:door:I", TrackId(4), stamp),
        device="hall",
        type="crossing",
        stamp=stamp,
        subject=SUBJECT,
        ended=None,
        data={"line": "door", "action": "I", "track": 4, "confidence": 0.91, "x": 0.35, "y": 0.618},
    )


def test_a_crossing_outwards_is_an_o(stamp: Stamp) -> None:
    assert compose(crossing(stamp, action=Action.OUT), SUBJECT, IDS, "hall").data["action"] == "O"


def test_a_behaviour_keeps_its_own_word_and_its_end(stamp: Stamp) -> None:
    end = stamp.shifted(2.5)
    event = compose(Behaviour("person_entered", TrackId(7), stamp, end, 0.5), SUBJECT, IDS, "hall")
    assert (event.type, event.stamp, event.ended) == ("person_entered", stamp, end)
    assert event.data == {"track": 7, "confidence": 0.5}


def test_two_lines_passed_in_one_frame_have_two_ids(stamp: Stamp) -> None:
    first, second = (compose(crossing(stamp, line), SUBJECT, IDS, "hall") for line in ("outer", "inner"))
    assert first.id != second.id


def test_replay_gives_the_same_happening_the_same_id_and_live_never_does(stamp: Stamp) -> None:
    assert compose(crossing(stamp), SUBJECT, IDS, "hall").id == compose(crossing(stamp), SUBJECT, IDS, "hall").id
    live = LiveIds()
    assert compose(crossing(stamp), SUBJECT, live, "hall").id != compose(crossing(stamp), SUBJECT, live, "hall").id


@pytest.mark.parametrize("what", ["crossing", "behaviour"])
def test_numpy_numbers_become_plain_json(stamp: Stamp, what: str) -> None:
    sure = np.float32(0.7)
    made: dict[str, Happening] = {
        "crossing": crossing(stamp, confidence=sure),  # type: ignore[arg-type]
        "behaviour": Behaviour("person_entered", TrackId(1), stamp, None, sure),  # type: ignore[arg-type]
    }
    event = compose(made[what], SUBJECT, IDS, "hall")
    assert json.loads(json.dumps(dict(event.data)))["confidence"] == 0.7

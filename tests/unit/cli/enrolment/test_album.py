"""What is said of photographs and people, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from smartlogd.base.seen import Detection, Pixels
from smartlogd.base.who import NETWORK, Embedding
from smartlogd.cli.album import Album, Answer, Kept, looked
from smartlogd.cli.entrust import Acquaintances, Describing, Face
from smartlogd.identify.enrol import Enroller
from smartlogd.identify.options import IdentifyOptions
from smartlogd.identify.quality import Gate, Refusal
from smartlogd.settings import read_settings


class Unasked:
    """An embedder that nobody asks."""

    model = NETWORK

    def embed(self, chip: Pixels) -> Embedding:
        raise AssertionError


SMALL = Refusal("small", "The face is small.", "Come nearer.")


@pytest.mark.parametrize(
    ("answer", "line", "fields"),
    [
        (
            Answer("a.jpg", "Ada", quality=0.834),
            "taken    a.jpg  (quality 0.83)",
            {"taken": True, "quality": 0.834, "like": None, "unlike": False},
        ),
        (
            Answer("a.jpg", "Ada", quality=1.0, like="Bo"),
            "taken    a.jpg  (quality 1.00) It is as like Bo: is it the right photograph?",
            {"taken": True, "quality": 1.0, "like": "Bo", "unlike": False},
        ),
        (
            Answer("a.jpg", "Ada", quality=1.0, is_unlike=True),
            "taken    a.jpg  (quality 1.00) It is unlike Ada's others: is it the right photograph?",
            {"taken": True, "quality": 1.0, "like": None, "unlike": True},
        ),
        (
            Answer("a.jpg", "Ada", refusal=SMALL),
            "refused  a.jpg  The face is small. Come nearer.",
            {"taken": False, "reason": "small", "says": "The face is small.", "hint": "Come nearer."},
        ),
    ],
)
def test_an_answer_is_one_line(answer: Answer, line: str, fields: dict[str, object]) -> None:
    assert answer.as_line() == line
    assert json.loads(answer.as_json()) == {"type": "photo", "photo": "a.jpg", "person": "Ada", **fields}


@pytest.mark.parametrize("name", ["a\nb.jpg", "a\x1b[31mb.jpg", "a\u2028b.jpg", "a\u202eb.jpg", "a\x85b.jpg", "a\r\nb"])
def test_a_hostile_file_name_keeps_to_its_line(name: str) -> None:
    line = Answer(name, "Ada", refusal=Refusal("x", f"{name} is broken.", "")).as_line()
    assert len(line.splitlines()) == 1
    assert line.isprintable()


@pytest.mark.parametrize(
    ("kept", "line"),
    [
        (Kept("ada", 1, 0, 0, {"name": "Ada", "is_new": True}), "Ada is known from now on, by 1 face."),
        (Kept("ada", 2, 1, 1, {"name": "Ada", "is_new": True}), "Ada is known from now on, by 2 faces; 2 refused."),
        (
            Kept("ada", 2, 0, 0, {"name": "Ada", "is_new": False, "templates": 5}),
            "Ada was known already: 2 faces more, 5 in all.",
        ),
        (Kept("Ada", 0, 0, 2, {}), "Ada: nothing new; 2 refused."),
        (Kept("Ada", 0, 2, 0, {}), "Ada: no face could be taken."),
    ],
)
def test_a_person_is_one_line(kept: Kept, line: str) -> None:
    assert kept.as_line() == line


def test_only_who_has_a_face_is_known() -> None:
    assert Kept("Ada", 1, 5, 0, {}).is_known
    assert Kept("Ada", 0, 0, 1, {}).is_known
    assert not Kept("Ada", 0, 3, 0, {}).is_known


@pytest.mark.usefixtures("state")
def test_faces_gather_and_are_kept_once() -> None:
    settings = read_settings()
    known = Acquaintances(settings)
    vector = np.full(128, 0.1, np.float32)
    album = Album("Ada", NETWORK, known, Describing(), IdentifyOptions())
    assert album.add("one", Face(vector, 0.5, "import")).refusal is None
    again = album.add("two", Face(vector, 0.5, "import")).refusal
    assert again is not None
    assert again.word == "double"
    assert not album.add("three", Face(vector + np.float32(0.02), 0.5, "import")).is_unlike
    assert album.take("four", SMALL, "photo").refusal is SMALL
    kept = album.keep(settings)
    assert (kept.taken, kept.refused, kept.doubles, kept.told["templates"]) == (2, 1, 1, 2)
    other = Album("Bo", NETWORK, known, Describing(), IdentifyOptions())
    assert other.add("five", Face(vector, 0.5, "import")).like == "Ada"


def test_a_file_that_cannot_be_read_is_refused_like_a_poor_photograph(tmp_path: Path) -> None:
    def never(_pixels: Pixels) -> tuple[Detection, ...]:
        raise AssertionError

    answer = looked(Enroller(never, Unasked(), Gate()), tmp_path / "none.jpg")
    assert isinstance(answer, Refusal)
    assert answer.word == "unreadable"


@pytest.mark.usefixtures("state")
def test_a_face_far_from_the_others_is_called_unlike() -> None:
    album = Album("Ada", NETWORK, Acquaintances(read_settings()), Describing(), IdentifyOptions())
    vector = np.full(128, 0.1, np.float32)
    assert not album.add("one", Face(vector, 0.5, "import")).is_unlike
    assert album.add("two", Face(vector + np.float32(0.1), 0.5, "import")).is_unlike

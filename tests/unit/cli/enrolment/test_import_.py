"""Taking over a gallery of another library, through the command line."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from smartlogd.store.people import people

Smartlogd = Callable[..., object]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Ten faces of two people, as face_recognition has them: float64, of length 1.4."""
    vectors = np.random.default_rng(3).normal(size=(10, 128))
    vectors *= 1.4 / np.linalg.norm(vectors, axis=1, keepdims=True)
    path = tmp_path / "faces.npz"
    np.savez(path, encodings=vectors, names=np.array(["Ada"] * 7 + ["Bo"] * 3))
    return path


def test_everyone_in_it_is_known_afterwards(smartlogd: Smartlogd, state: Path, library: Path) -> None:
    told = smartlogd("people", "import", library, "--consent")
    assert told.code == 0, told.err
    assert told.out.splitlines() == [
        "Ada is known from now on, by 7 faces.",
        "Bo is known from now on, by 3 faces.",
    ]
    assert [(each.name, each.templates) for each in people(state)] == [("Ada", 7), ("Bo", 3)]


def test_a_second_time_nothing_is_added(smartlogd: Smartlogd, state: Path, library: Path) -> None:
    smartlogd("people", "import", library, "--consent")
    told = smartlogd("people", "import", library, "--json")
    assert told.code == 0
    assert [json.loads(line)["taken"] for line in told.out.splitlines()] == [0, 0]
    assert [each.templates for each in people(state)] == [7, 3]


def test_without_consent_it_is_told_that_none_is_noted(smartlogd: Smartlogd, state: Path, library: Path) -> None:
    told = smartlogd("people", "import", library)
    assert told.code == 0
    assert "of each of these 2 people" in told.err
    assert [each.consent for each in people(state)] == [None, None]


@pytest.mark.usefixtures("state")
def test_a_pickle_is_refused_with_the_way_to_convert_it(smartlogd: Smartlogd, tmp_path: Path) -> None:
    path = tmp_path / "encodings.pickle"
    path.write_bytes(pickle.dumps({"encodings": [], "names": []}))
    told = smartlogd("people", "import", path, "--consent")
    assert told.code == 65
    assert "numpy.savez" in told.err


@pytest.mark.usefixtures("state")
def test_a_name_that_cannot_be_one_is_refused_before_anyone_is_taken_over(
    smartlogd: Smartlogd, tmp_path: Path, library: Path
) -> None:
    path = tmp_path / "odd.npz"
    with np.load(library) as loaded:
        np.savez(path, encodings=loaded["encodings"], names=np.array(["Ada"] * 9 + ["\u202eoB"]))
    told = smartlogd("people", "import", path, "--consent")
    assert told.code == 2
    assert "is no name" in told.err
    assert smartlogd("people", "list").code == 66


@pytest.mark.usefixtures("state")
def test_many_faces_of_one_person_fit_into_several_requests(smartlogd: Smartlogd, tmp_path: Path) -> None:
    vectors = np.random.default_rng(3).normal(size=(200, 128)) / 8
    np.savez(tmp_path / "many.npz", Ada=vectors)
    told = smartlogd("people", "import", tmp_path / "many.npz", "--consent", "--json")
    assert json.loads(told.out)["templates"] == 200

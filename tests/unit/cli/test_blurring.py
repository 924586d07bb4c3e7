"""Sharing a copy in which faces are hidden: a real photograph, the real models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from film import Film

from smartlogd.base.errors import Exit
from smartlogd.record.movie import Movie

Smartlogd = Callable[..., Any]
FACE = np.s_[90:150, 190:260]
"""Where her face is on the photograph."""
REST = np.s_[300:500, 60:460]


@pytest.fixture
def film(state: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Film:
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(models_dir))
    return Film(state)


@pytest.fixture
def astronaut(model: Callable[[str], Path]) -> np.ndarray:
    return np.asarray(cv2.imread(str(model("astronaut"))))[..., ::-1].copy()


def filmed(path: Path, photo: np.ndarray) -> None:
    path.unlink()
    with Movie(path, 5) as movie:
        for n in range(5):
            movie.add(photo, n / 5)


def first(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(float)


def test_a_shared_copy_hides_a_stranger_and_is_a_clip_of_its_own(
    smartlogd: Smartlogd, film: Film, astronaut: np.ndarray
) -> None:
    clip = film.shelve(1)
    original = film.folder / f"clips/{clip.id}.mp4"
    filmed(original, astronaut)
    told = smartlogd("share", "create", clip.id, "--blur-unknown", "--expires", "500w", "--json")
    assert told.code == 0, told.err
    copy = json.loads(told.out)["recording"]
    assert copy != str(clip.id)
    before, after = first(original), first(film.folder / f"clips/{copy}.mp4")
    assert np.abs(before[FACE] - after[FACE]).mean() > 10
    assert np.abs(before[REST] - after[REST]).mean() < 3
    listed = {row["id"]: row for row in map(json.loads, smartlogd("clips", "--json").out.splitlines())}
    assert "blurred" in listed[copy]["labels"]
    assert listed[copy]["phase"] == "kept"
    assert (film.folder / f"clips/{copy}.png").exists()


def test_the_settings_may_ask_for_it(
    smartlogd: Smartlogd, film: Film, astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_RECORD__BLUR_UNKNOWN", "true")
    clip = film.shelve(1)
    filmed(film.folder / f"clips/{clip.id}.mp4", astronaut)
    assert json.loads(smartlogd("share", "create", clip.id, "--json").out)["recording"] != str(clip.id)
    assert json.loads(smartlogd("share", "create", clip.id, "--as-it-is", "--json").out)["recording"] == str(clip.id)


def test_of_a_clip_that_cannot_be_read_there_is_no_copy(smartlogd: Smartlogd, film: Film) -> None:
    clip = film.shelve(1)
    assert smartlogd("share", "create", clip.id, "--blur-unknown").code == Exit.UNUSABLE_INPUT
    assert {path.stem for path in (film.folder / "clips").iterdir()} == {str(clip.id)}
    phases = [json.loads(line)["phase"] for line in smartlogd("clips", "--all", "--json").out.splitlines()]
    assert sorted(phases) == ["kept", "lost"]


def test_without_the_models_it_says_how_to_get_them(
    smartlogd: Smartlogd, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(tmp_path / "none"))
    told = smartlogd("share", "create", film.shelve(1).id, "--blur-unknown")
    assert (told.code, "models fetch" in told.err) == (Exit.MISSING, True)

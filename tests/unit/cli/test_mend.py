"""`smartlogd db check --repair`: each thing that is put right is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from film import Film
from reels import files

Smartlogd = Callable[..., Any]


@pytest.fixture
def film(state: Path) -> Film:
    return Film(state)


def spoil(film: Film) -> tuple[str, str]:
    kept = film.shelve(1)
    film.shelve(2)
    (film.folder / f"clips/{kept.id}.mp4").unlink()
    (film.folder / "clips" / "stray.mp4").touch()
    return f"clips/{kept.id}.mp4", "clips/stray.mp4"


def test_what_is_wrong_is_said_and_put_right_only_when_asked(smartlogd: Smartlogd, film: Film) -> None:
    gone, stray = spoil(film)
    told = smartlogd("db", "check")
    assert told.code == 74
    assert f"{gone}: its file is gone." in told.out
    assert f"{stray}: it belongs to no recording." in told.out
    mended = smartlogd("db", "check", "--repair")
    assert mended.code == 0
    assert mended.out.splitlines() == [
        f"{gone}: its file is gone, and it is lost now.",
        f"{stray}: it belonged to no recording, and was removed.",
        f"The log in {film.folder} is whole.",
    ]
    assert len(files(film.folder)) == 2
    assert smartlogd("db", "check", "--repair").out == f"The log in {film.folder} is whole.\n"


def test_programs_are_told_each_repair_on_a_line(smartlogd: Smartlogd, film: Film) -> None:
    gone, stray = spoil(film)
    told = [json.loads(line) for line in smartlogd("db", "check", "--repair", "--json").out.splitlines()]
    assert [(line["about"], line["repaired"]) for line in told] == [(gone, True), (stray, True)]

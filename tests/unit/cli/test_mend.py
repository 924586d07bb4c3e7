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


@pytest.fixture
def stray(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An object store with an object that no row names; no server is needed for telling of it."""
    from smartlogd.sync.place import Place

    there = [Place("clips", "smartlog/yard/2026/11/22/a.mp4")]

    async def found(_: object) -> tuple[Place, ...]:
        return tuple(there)

    async def erase(_: object, places: tuple[Place, ...]) -> None:
        for place in places:
            there.remove(place)

    monkeypatch.setattr("smartlogd.wiring.stray_objects", found)
    monkeypatch.setattr("smartlogd.wiring.erase_objects", erase)
    return [str(place) for place in there]


def test_objects_without_a_row_are_told_and_erased_when_that_is_asked_for(
    smartlogd: Smartlogd, film: Film, stray: list[str]
) -> None:
    (uri,) = stray
    told = smartlogd("db", "check")
    assert told.code == 0
    assert told.out.startswith(f"objects: {uri}: it belongs to no recording; `smartlogd db check --repair` erases it.")
    assert smartlogd("db", "check", "--repair").out.startswith(f"{uri}: it belonged to no recording, and was erased.")
    assert smartlogd("db", "check", "--json").out == ""


def test_an_object_store_that_is_away_hides_nothing_that_is_wrong_here(
    smartlogd: Smartlogd, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, _ = spoil(film)
    monkeypatch.setenv("SMARTLOG_SYNC__MEDIA__BUCKET", "clips")
    told = smartlogd("db", "check")
    assert f"{gone}: its file is gone." in told.out
    assert "no keys for the object store" in told.err
    assert told.code == 66

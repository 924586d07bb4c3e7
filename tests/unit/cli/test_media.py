"""`smartlogd clips` and `smartlogd snapshots`, without a daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from film import Film
from reels import files

from smartlogd.base.errors import Exit
from smartlogd.base.known import Medium

Smartlogd = Callable[..., Any]


@pytest.fixture
def film(state: Path) -> Film:
    return Film(state)


def test_clips_are_listed_newest_first(smartlogd: Smartlogd, film: Film) -> None:
    assert smartlogd("clips").out == "There are no clips.\n"
    old, new = film.shelve(1), film.shelve(2, phase="uploaded")
    film.shelve(3, medium=Medium.SNAPSHOT)
    head, first, second = smartlogd("clips").out.splitlines()
    assert head.split() == ["id", "at", "length", "size", "phase", "labels", "shared"]
    assert first.split()[0] == str(new.id)
    assert second.split()[3:] == ["10.0", "s", "1.5", "MB", "kept", "by", "hand,", "door", "-"]
    (line,) = smartlogd("clips", "--limit", 1, "--json").out.splitlines()
    told = json.loads(line)
    assert (told["id"], told["what"], told["phase"]) == (str(new.id), "clip", "uploaded")
    assert told["path"] == str(film.folder / f"clips/{new.id}.mp4")
    assert smartlogd("clips", "list").out == smartlogd("clips").out
    assert [json.loads(line)["id"] for line in smartlogd("clips", "list", "--json").out.splitlines()] == [
        str(new.id), str(old.id),
    ]  # fmt: skip


def test_snapshots_are_a_list_of_their_own(smartlogd: Smartlogd, film: Film) -> None:
    assert smartlogd("snapshots").out == "There are no snapshots.\n"
    shot = film.shelve(1, medium=Medium.SNAPSHOT, note="look")
    film.shelve(2)
    (told,) = map(json.loads, smartlogd("snapshots", "--json").out.splitlines())
    assert (told["id"], told["note"], told["duration_s"], told["shared"]) == (str(shot.id), "look", 0.0, None)
    assert smartlogd("snapshots", "list").out == smartlogd("snapshots").out
    assert smartlogd("snapshots").out.splitlines()[1].split()[3] == "-"


def test_one_is_shown_by_some_characters_of_its_id(smartlogd: Smartlogd, film: Film) -> None:
    one = film.shelve(1)
    told = smartlogd("clips", "show", str(one.id)[-8:])
    lines = dict(line.split("  ", 1) for line in told.out.splitlines())
    assert lines["id"].strip() == str(one.id)
    assert lines["file"].strip() == str(film.folder / f"clips/{one.id}.mp4")
    assert "note" not in lines
    assert json.loads(smartlogd("clips", "show", one.id, "--json").out)["labels"] == ["by hand", "door"]
    assert smartlogd("clips", "show", "ffffffff").code == Exit.MISSING


def test_one_is_deleted_for_good(smartlogd: Smartlogd, film: Film) -> None:
    one, sent = film.shelve(1), film.shelve(2, phase="uploaded")
    told = smartlogd("clips", "delete", one.id, "--yes")
    assert (told.code, told.out) == (0, f"{one.id} is deleted.\n")
    assert "object store is erased" in smartlogd("snapshots", "delete", sent.id).out
    assert files(film.folder) == set()
    assert smartlogd("clips").out == "There are no clips.\n"
    assert len(smartlogd("clips", "--all").out.splitlines()) == 3
    assert "lost already" in smartlogd("clips", "delete", one.id).out
    assert json.loads(smartlogd("clips", "delete", one.id, "--json").out)["changed"] is False


def test_nothing_is_deleted_before_somebody_says_yes(
    smartlogd: Smartlogd, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    one = film.shelve(1)
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert smartlogd("clips", "delete", one.id).code == 1
    assert len(files(film.folder)) == 2

"""`smartlogd share`, without a daemon and without a centre."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from film import Film

from smartlogd.base.errors import Exit
from smartlogd.base.known import Medium

Smartlogd = Callable[..., Any]


@pytest.fixture
def film(state: Path) -> Film:
    return Film(state)


def test_a_link_is_made_opened_listed_and_taken_back(smartlogd: Smartlogd, film: Film) -> None:
    one = film.shelve(1)
    # The village's clock stands still at the noon after, the command line's does not: the link outlives both.
    told = smartlogd("share", "create", str(one.id)[-8:], "--expires", "500w", "--uses", 2)
    assert told.code == 0
    token = told.out.strip()
    assert len(token) == 43
    assert f"It opens {one.id} for 500w, 2 times" in told.err
    assert token not in told.err
    opened = smartlogd("share", "open", token)
    assert opened.out == f"{film.folder / f'clips/{one.id}.mp4'}\n"
    (line,) = smartlogd("share", "list", "--json").out.splitlines()
    assert json.loads(line)["shared"]["uses_left"] == 1
    listed = smartlogd("share", "list").out
    assert str(one.id) in listed
    assert token not in listed
    assert token not in smartlogd("clips", "show", one.id).out
    assert smartlogd("share", "revoke", one.id).out == f"No link opens {one.id} any more.\n"
    assert smartlogd("share", "revoke", one.id).out == f"No link opened {one.id}.\n"
    assert smartlogd("share", "list").out == "No link opens anything.\n"
    assert smartlogd("share", "open", token).code == Exit.MISSING


def test_programs_read_the_token_and_what_it_opens(
    smartlogd: Smartlogd, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = film.shelve(1)
    made = json.loads(smartlogd("share", "create", one.id, "--expires", "500w", "--json").out)
    assert (made["recording"], made["uses"], made["replaced"], made["phase"]) == (str(one.id), None, False, "kept")
    monkeypatch.setattr("sys.stdin", io.StringIO(made["token"] + "\n"))
    assert json.loads(smartlogd("share", "open", "-", "--json").out)["uses_left"] is None
    again = json.loads(smartlogd("share", "create", one.id, "--json").out)
    assert again["replaced"] is True
    assert smartlogd("share", "open", made["token"]).code == Exit.MISSING


@pytest.mark.parametrize("span", ["soon", "0h", "-1h", "9999999d"])
def test_a_span_that_is_none_is_refused(smartlogd: Smartlogd, film: Film, span: str) -> None:
    told = smartlogd("share", "create", film.shelve(1).id, "--expires", span)
    assert told.code == Exit.USAGE
    assert "is no span" in told.err


def test_what_is_not_there_cannot_be_shared(smartlogd: Smartlogd, film: Film) -> None:
    assert smartlogd("share", "create", "ffffffff").code == Exit.MISSING
    gone = film.shelve(1)
    smartlogd("clips", "delete", gone.id)
    assert "is lost" in smartlogd("share", "create", gone.id).err


@pytest.fixture
def copied(film: Film, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Copies take no models and no time here: which clips were to be copied; each has another clip as its copy."""
    copied: list[str] = []

    def copy(_: Path | None, clip: str) -> str:
        copied.append(clip)
        return str(film.shelve(9).id)

    monkeypatch.setattr("smartlogd.cli.blurring.blurred_copy", copy)
    return copied


def test_a_copy_without_strangers_faces_is_shared_where_that_is_asked_for(
    smartlogd: Smartlogd, film: Film, copied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, shot = str(film.shelve(1).id), str(film.shelve(2, medium=Medium.SNAPSHOT).id)
    told = json.loads(smartlogd("share", "create", one, "--blur-unknown", "--json").out)
    assert copied == [one]
    assert told["recording"] != one
    assert json.loads(smartlogd("share", "create", one, "--json").out)["recording"] == one
    monkeypatch.setenv("SMARTLOG_RECORD__BLUR_UNKNOWN", "true")
    assert json.loads(smartlogd("share", "create", one, "--json").out)["recording"] != one
    assert json.loads(smartlogd("share", "create", one, "--as-it-is", "--json").out)["recording"] == one
    assert json.loads(smartlogd("share", "create", shot, "--json").out)["recording"] == shot, "only clips are copied"
    assert copied == [one, one]

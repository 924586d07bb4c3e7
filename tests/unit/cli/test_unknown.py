"""`smartlogd unknown`: strangers, and what is said of them, without a daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit

Smartlogd = Callable[..., Any]
Village = Any


@pytest.fixture
def village(state: Path) -> Village:
    """Strangers in the state folder that the command line is told of."""
    from village import Village

    return Village(state)


def test_strangers_are_listed_in_columns_and_local_time(
    smartlogd: Smartlogd, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("TZ", "AAA-3")
    time.tzset()
    assert smartlogd("unknown", "list").out == "No stranger has shown a face.\n"
    one, other = village.stranger(1), village.stranger(5)
    village.stranger(2, into=one, passings=1)
    told = smartlogd("unknown", "list")
    head, first, second = told.out.splitlines()
    assert head.split() == ["uuid", "first", "seen", "last", "seen", "seen", "passings", "picture"]
    crop = village.folder / "faces"
    assert first.split() == [
        other, "2026-11-21", "15:05:00", "2026-11-21", "15:05:00", "1", "2", f"{crop}/{other}.jpg",
    ]  # fmt: skip
    assert second.split() == [
        one, "2026-11-21", "15:01:00", "2026-11-21", "15:02:00", "2", "3", f"{crop}/{one}.jpg",
    ]  # fmt: skip
    monkeypatch.undo()
    time.tzset()


def test_the_ignored_are_listed_when_all_are_asked_for(smartlogd: Smartlogd, village: Village) -> None:
    one, other = village.stranger(1), village.stranger(5)
    told = smartlogd("unknown", "ignore", one)
    assert told.out == f"{one} is ignored.\n  Take it back with: smartlogd unknown unignore {one}\n"
    assert smartlogd("unknown", "ignore", one).out == f"{one} is ignored already.\n"
    assert [json.loads(line)["uuid"] for line in smartlogd("unknown", "list", "--json").out.splitlines()] == [other]
    every = [json.loads(line) for line in smartlogd("unknown", "list", "--all", "--json").out.splitlines()]
    assert [(row["uuid"], row["ignored"]) for row in every] == [(other, False), (one, True)]
    table = smartlogd("unknown", "list", "--all").out.splitlines()
    assert [row.split()[-1] for row in table] == ["ignored", "no", "yes"]
    assert len(smartlogd("unknown", "list", "--all", "--limit", 1).out.splitlines()) == 2
    assert smartlogd("unknown", "unignore", one).out.startswith(f"{one} is asked about.\n")


def test_a_story_of_naming_and_taking_back(smartlogd: Smartlogd, village: Village) -> None:
    uuid = village.stranger(1)
    short = uuid[-6:]
    before = village.dump()
    told = smartlogd("unknown", "assign", short, "Anna")
    assert told.out == f"{uuid} is Anna, who is new.\n  Take it back with: smartlogd unknown unassign {uuid}\n"
    assert [json.loads(row)["who"] for row in smartlogd("log", "--json").out.splitlines()] == ["Anna", "Anna"]
    assert smartlogd("unknown", "assign", short, "anna").out == f"{uuid} is Anna already.\n"
    assert smartlogd("unknown", "list").out == "No stranger has shown a face.\n"
    refused = smartlogd("unknown", "assign", short, "Bert")
    assert refused.code == Exit.UNUSABLE_INPUT
    assert f"smartlogd unknown unassign {uuid}" in refused.err
    assert smartlogd("unknown", "unassign", short).out.startswith(f"{uuid} is not Anna.\n")
    assert smartlogd("unknown", "unassign", short).out == f"{uuid} has no name.\n"
    assert village.dump() == before
    assert json.loads(smartlogd("unknown", "assign", short, "Anna", "--consent", "--json").out)["is_new"] is False
    assert json.loads(smartlogd("people", "show", "Anna", "--json").out)["consent_at"] is not None


def test_a_story_of_merging_and_taking_back(smartlogd: Smartlogd, village: Village) -> None:
    one, other = village.stranger(1), village.stranger(2)
    before = village.dump()
    told = smartlogd("unknown", "merge", one, other)
    assert told.out == f"{other} is the same as {one}.\n  Take it back with: smartlogd unknown unmerge {other}\n"
    assert smartlogd("unknown", "merge", other, one).out == f"{one} is the same as {one} already.\n"
    assert len(smartlogd("unknown", "list", "--json").out.splitlines()) == 1
    assert smartlogd("unknown", "unmerge", other).out.startswith(f"{other} stands alone again.\n")
    assert smartlogd("unknown", "unmerge", other).out == f"{other} was merged into nobody; nothing was changed.\n"
    assert village.dump() == before


def test_a_part_that_is_still_someone_by_the_whole_is_told_of(smartlogd: Smartlogd, village: Village) -> None:
    one, other = village.stranger(1), village.stranger(2)
    for uuid in (one, other):
        smartlogd("unknown", "assign", uuid, "Anna")
    smartlogd("unknown", "merge", one, other)
    told = smartlogd("unknown", "unassign", other).out.splitlines()[0]
    assert told == f"{other} lost its own name, and is Anna still by being one with {one}."
    told = smartlogd("unknown", "assign", other, "Anna", "--as-given").out.splitlines()[0]
    assert told == f"{other} is Anna."


def test_a_purge_says_how_much_went(smartlogd: Smartlogd, village: Village) -> None:
    village.stranger(-60 * 24 * 1200)
    assert smartlogd("unknown", "purge", "--older-than", "36500d").out == "There was nothing to destroy.\n"
    village.stranger(60 * 24 * 40)
    told = smartlogd("unknown", "purge", "--older-than", "1h", "--yes")
    assert told.out == "Destroyed 1 faces, 1 pictures and 1 keys of 1 strangers.\n"
    wrong = smartlogd("unknown", "purge", "--older-than", "soon")
    assert wrong.code == Exit.USAGE
    assert wrong.err == 'smartlogd: --older-than \'soon\' is no span.\n  Write it as "30d", "12h" or "4w".\n'
    assert smartlogd("unknown", "purge").code == Exit.USAGE


@pytest.mark.parametrize("word", ["caf", "%%%%", "caf_", "nobody", "x" * 40, "cafe cafe"])
def test_what_is_no_uuid_is_refused_in_a_sentence(smartlogd: Smartlogd, village: Village, word: str) -> None:
    village.stranger(1)
    told = smartlogd("unknown", "ignore", word)
    assert (told.code, told.out) == (Exit.UNUSABLE_INPUT, "")
    assert told.err.startswith("smartlogd: uuid does not fit: ")


def test_a_beginning_that_several_share_is_refused(smartlogd: Smartlogd, village: Village) -> None:
    one, other = village.stranger(1), village.stranger(2)
    told = smartlogd("unknown", "assign", one[:6], "Anna")
    assert told.code == Exit.UNUSABLE_INPUT
    assert one in told.err
    assert other in told.err
    assert smartlogd("unknown", "assign", "cafe", "Anna").code == Exit.MISSING
    assert smartlogd("people", "show", "Anna").code == Exit.MISSING


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    "words", [("list",), ("assign", "cafe", "Anna"), ("merge", "cafe", "babe"), ("ignore", "cafe")]
)
def test_without_a_log_each_says_so(smartlogd: Smartlogd, words: tuple[str, ...]) -> None:
    told = smartlogd("unknown", *words)
    assert (told.code, told.out) == (Exit.MISSING, "")
    assert "There is no log in" in told.err

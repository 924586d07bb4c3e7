"""`smartlogd people`: who is known, and what is done to them, without a daemon."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit

Smartlogd = Callable[..., Any]
Village = Any


@pytest.fixture
def village(state: Path) -> Village:
    """People in the state folder that the command line is told of."""
    from village import Village

    return Village(state)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Somebody at a terminal, who answers this."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    return lambda answer: monkeypatch.setattr("sys.stdin", Terminal(answer))


def test_everyone_is_listed_in_columns(smartlogd: Smartlogd, village: Village) -> None:
    assert smartlogd("people", "list").out.startswith("Nobody is known yet. Enrol someone: smartlogd people enrol")
    anna, bert = village.enrolled("Anna", 3), village.enrolled("Bert", 1, role="guest")
    village.recognised(anna, 1, passings=2)
    told = smartlogd("people", "list")
    head, first, second = told.out.splitlines()
    assert head.split() == ["name", "uid", "role", "consent", "faces", "seen", "passings", "last", "seen"]
    assert first.split()[:7] == ["Anna", anna, "member", "yes", "3", "1", "2"]
    assert second.split() == ["Bert", bert, "guest", "yes", "1", "0", "0", "-"]
    assert head.index("uid") == first.index(anna) == second.index(bert)


def test_everyone_is_listed_as_json(smartlogd: Smartlogd, village: Village) -> None:
    uid = village.enrolled("Anna", 2, email="a@example.org")
    (line,) = smartlogd("people", "list", "--json").out.splitlines()
    told = json.loads(line)
    assert {key: told[key] for key in ("uid", "name", "email", "role", "templates", "seen", "last_seen")} == {
        "uid": uid, "name": "Anna", "email": "a@example.org", "role": "member", "templates": 2, "seen": 0,
        "last_seen": None,
    }  # fmt: skip
    assert told == json.loads(smartlogd("people", "show", "anna", "--json").out)


def test_one_person_is_shown_by_name_or_uid(smartlogd: Smartlogd, village: Village) -> None:
    uid = village.enrolled("Anna", 2)
    rows = {line.split("  ")[0]: line for line in smartlogd("people", "show", "ANNA").out.splitlines()}
    assert rows["uid"].split()[-1] == uid
    assert rows["faces"].split()[1] == "2,"
    assert "given 20" in rows["consent"]
    assert smartlogd("people", "show", uid).out.splitlines()[0].split() == ["name", "Anna"]
    told = smartlogd("people", "show", "Bert")
    assert (told.code, told.out) == (Exit.MISSING, "")
    assert told.err.startswith("smartlogd: Nobody is called Bert.\n")


def test_a_person_is_called_by_another_name(smartlogd: Smartlogd, village: Village) -> None:
    uid = village.enrolled("Ana")
    told = smartlogd("people", "rename", "Ana", "Anna")
    assert told.out == f"Ana is called Anna now.\n  Take it back with: smartlogd people rename {uid} Ana\n"
    assert smartlogd("people", "rename", "Anna", "Anna").out == "That is what Anna is called.\n"
    assert json.loads(smartlogd("people", "rename", "Anna", "Ana", "--json").out)["was"] == "Anna"


@pytest.mark.parametrize("name", ["", "An\u200bna", "\u202eannA", "?!", "x" * 201, "An\x1b[31mna"])
def test_a_name_that_fools_the_eye_is_refused_in_a_sentence(smartlogd: Smartlogd, village: Village, name: str) -> None:
    village.enrolled("Anna")
    told = smartlogd("people", "rename", "Anna", name)
    assert (told.code, told.out) == (Exit.UNUSABLE_INPUT, "")
    assert told.err.startswith("smartlogd: to does not fit: ")
    assert "\x1b" not in told.err
    assert "\u202e" not in told.err


def test_two_who_are_one_are_merged(smartlogd: Smartlogd, village: Village) -> None:
    village.enrolled("Anna", 2)
    village.enrolled("Anna K.", 3)
    assert smartlogd("people", "merge", "Anna", "Anna K.").out == "Anna has 5 faces now; Anna K. is gone.\n"
    assert smartlogd("people", "merge", "Anna", "anna").out == "Anna and anna are one already.\n"


def test_forgetting_prints_a_receipt_and_a_second_time_changes_nothing(smartlogd: Smartlogd, village: Village) -> None:
    uid = village.enrolled("Anna Perenna", 2)
    village.recognised(uid, 1, passings=3)
    told = smartlogd("people", "forget", "Anna Perenna")
    receipt = json.loads(told.out)
    assert (told.code, told.err) == (0, "")
    assert {key: receipt[key] for key in ("uid", "templates", "keys", "passings", "events", "subjects")} == {
        "uid": uid, "templates": 2, "keys": 1, "passings": 3, "events": 3, "subjects": 1,
    }  # fmt: skip
    assert "Perenna" not in told.out
    before = village.dump()
    again = smartlogd("people", "forget", "Anna Perenna")
    assert (again.code, again.out) == (Exit.MISSING, "")
    assert "nothing was changed" in again.err
    zeros = json.loads(smartlogd("people", "forget", uid).out)
    assert sum(count for count in zeros.values() if isinstance(count, int)) == 0
    assert village.dump() == before


def test_the_receipt_is_written_into_a_file_as_well(smartlogd: Smartlogd, village: Village, tmp_path: Path) -> None:
    village.enrolled("Anna")
    village.enrolled("Bert")
    paper = tmp_path / "receipt.json"
    told = smartlogd("people", "forget", "Anna", "--receipt", paper)
    assert paper.read_text() == told.out
    assert stat.S_IMODE(paper.stat().st_mode) == 0o600
    refused = smartlogd("people", "forget", "Bert", "--receipt", paper)
    assert refused.code == Exit.CANNOT_CREATE
    assert "nothing was changed" in refused.err
    assert paper.read_text() == told.out, "an earlier receipt is not written over"
    assert smartlogd("people", "show", "Bert").code == 0
    none = tmp_path / "none.json"
    assert smartlogd("people", "forget", "Nobody", "--receipt", none).code == Exit.MISSING
    assert not none.exists()


def test_at_a_terminal_one_is_asked_before_anything_is_lost(
    smartlogd: Smartlogd, village: Village, asked: Callable[[str], None]
) -> None:
    uid = village.enrolled("Anna", 2)
    village.recognised(uid, 1, passings=3)
    asked("n\n")
    told = smartlogd("people", "forget", "Anna")
    assert (told.code, told.out) == (1, "")
    assert "Anna: 2 faces are destroyed, and 3 passings lose the person. This cannot be undone." in told.err
    assert "Nothing was changed." in told.err
    asked("n\n")
    assert smartlogd("people", "merge", "Anna", "Bert").code == 1
    asked("")
    assert smartlogd("people", "forget", "Nobody").code == Exit.MISSING, "there is nothing to ask about"
    asked("y\n")
    assert json.loads(smartlogd("people", "forget", "Anna").out)["uid"] == uid
    village.enrolled("Bert")
    asked("")
    assert smartlogd("people", "forget", "Bert", "--yes").code == 0


def test_several_of_one_name_are_told_apart_by_uid(smartlogd: Smartlogd, village: Village) -> None:
    uids = village.enrolled("Anna"), village.enrolled("Anna", new=True)
    told = smartlogd("people", "forget", "Anna")
    assert told.code == Exit.UNUSABLE_INPUT
    assert told.err == f"smartlogd: 2 people are called Anna.\n  Say which by uid: {uids[0]}, {uids[1]}\n"


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    "words", [("list",), ("show", "Anna"), ("rename", "Anna", "Ana"), ("merge", "Anna", "Ana"), ("forget", "Anna")]
)
def test_without_a_log_each_says_so(smartlogd: Smartlogd, words: tuple[str, ...]) -> None:
    told = smartlogd("people", *words)
    assert (told.code, told.out) == (Exit.MISSING, "")
    assert "There is no log in" in told.err

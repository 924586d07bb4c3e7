"""Rows of the log, written out."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from smartlogd.base.errors import SmartlogError
from smartlogd.base.known import Action
from smartlogd.cli.rows import COLUMNS, writer
from smartlogd.store.log import Passing


def passing(**changed: object) -> Passing:
    fields: dict[str, object] = {
        "id": 1, "at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "line": "door", "action": Action.IN, "user_id": None,
        "uuid": "0190-abcdef", "who": None, "device": "yard", "confidence": 0.5, "track": 3, "trusted": True,
        "event_id": "e", "subject": "0190-abcdef",
    }  # fmt: skip
    return Passing(**(fields | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "who"),
    [
        (passing(who="Ann", user_id=7), "Ann"),
        (passing(user_id=7), "user 7"),
        (passing(), "unknown abcdef"),
        (passing(subject="0180-fedcba"), "unknown fedcba"),
    ],
    ids=["named", "numbered", "unknown", "merged"],
)
def test_someone_is_called_by_the_best_name_there_is(
    row: Passing, who: str, capsys: pytest.CaptureFixture[str]
) -> None:
    writer("table")(row)
    assert f"  in   {who}  " in capsys.readouterr().out


def test_a_row_written_by_hand_has_gaps_and_is_shown_nonetheless(capsys: pytest.CaptureFixture[str]) -> None:
    bare = passing(
        line=None,
        uuid=None,
        subject=None,
        user_id=7,
        device=None,
        confidence=None,
        track=None,
        trusted=None,
        event_id=None,
    )
    for form in ("table", "json", "csv"):
        writer(form)(bare)
    assert "user 7" in capsys.readouterr().out


def test_json_and_csv_have_the_same_columns(capsys: pytest.CaptureFixture[str]) -> None:
    writer("json")(passing())
    assert tuple(json.loads(capsys.readouterr().out)) == COLUMNS


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(SmartlogError, match="no format yaml"):
        writer("yaml")

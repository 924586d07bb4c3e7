from __future__ import annotations

import base64
import json

import pytest

from smartlogd.base.wire import Verdicts
from smartlogd.sync.trouble import CentreDiffers
from smartlogd.sync.verdict import LONGEST_ANSWER, concerning, page_of, verdicts_of

CENTRE = "01968f00-0000-7000-8000-000000000001"


def page(**more: object) -> str:
    return json.dumps({"centre": CENTRE, "cursor": 7, "last": True, "rows": [], "device": {}, **more})


def test_each_row_has_the_verdict_that_the_centre_gave() -> None:
    answer = {"wire": 1, "ok": [1], "duplicate": [2], "rejected": [[3, "no such action"]], "held": [4]}
    assert verdicts_of(json.dumps(answer)) == Verdicts((1,), (2,), {3: "no such action"}, (4,))


def test_a_row_that_is_answered_in_two_ways_has_no_verdict_and_stays() -> None:
    answer = {"ok": [1, 2], "duplicate": [2], "rejected": [[1, "but no"]], "held": []}
    assert verdicts_of(json.dumps(answer)) == Verdicts()


def test_what_is_said_of_rows_that_were_not_sent_is_ignored() -> None:
    said = Verdicts((1, 99), (2, 98), {3: "no", 97: "no"}, (4, 96))
    assert concerning(said, {1, 2, 3, 4}) == Verdicts((1,), (2,), {3: "no"}, (4,))


def test_words_and_truths_are_no_numbers_of_rows() -> None:
    assert (
        verdicts_of('{"ok": ["1", true, 1.0, -1, null, [2]], "duplicate": "all", "rejected": [3, [4]]}') == Verdicts()
    )


def test_a_reason_is_one_printable_line() -> None:
    verdicts = verdicts_of(json.dumps({"rejected": [[1, "bad \x1b[31mred\nDETAIL: more"], [2, None], [3, ""]]}))
    assert verdicts.rejected == {1: "bad [31mred", 2: "None", 3: "no reason given"}


@pytest.mark.parametrize("text", [None, 7, "", "[]", "nonsense", "[" * 100_000, "1" * 6000, " " * (LONGEST_ANSWER + 1)])
def test_what_is_no_json_object_is_no_answer(text: object) -> None:
    with pytest.raises(CentreDiffers):
        verdicts_of(text)


def test_a_page_is_taken_as_it_came() -> None:
    key = base64.b64encode(b"wrapped").decode()
    came = page_of(page(rows=[{"kind": "user", "v": 1}], last=False, device={"name": "door"}, fleet_key=key), 3)
    assert (came.centre, came.cursor, came.is_last) == (CENTRE, 7, False)
    assert came.rows == ({"kind": "user", "v": 1},)
    assert came.device == {"name": "door"}
    assert came.fleet_key == b"wrapped"


def test_base64_as_the_server_breaks_it_into_lines_is_read() -> None:
    assert page_of(page(fleet_key="d3Jh\ncHBlZA=="), 3).fleet_key == b"wrapped"


@pytest.mark.parametrize("key", [None, "", "no base64!", "A" * 5000, 7])
def test_what_can_be_no_fleet_key_is_none(key: object) -> None:
    assert page_of(page(fleet_key=key), 3).fleet_key is None


def test_a_page_that_leads_no_further_is_the_last() -> None:
    assert page_of(page(last=False), 7).is_last


def test_what_is_no_row_is_left_out() -> None:
    assert page_of(page(rows=[1, {"no": "kind"}, {"kind": 3}, {"kind": "user"}]), 3).rows == ({"kind": "user"},)


@pytest.mark.parametrize(
    "answer",
    [
        page(cursor="7"),
        page(cursor=2),
        page(rows=None),
        page(rows=[{}] * 2001),
        page(centre="here"),
        page(cursor=2**63),
    ],
)
def test_a_page_that_cannot_be_meant_is_refused(answer: str) -> None:
    with pytest.raises(CentreDiffers, match="cannot be understood"):
        page_of(answer, 3)

"""What is said of a step by whoever did it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.telemetry.deed import LONGEST_BYTES, Deed, deed
from smartlogd.telemetry.request import Unmeant

ID = "019a0000-0000-7000-8000-000000000000"


def said(**more: Any) -> bytes:
    return json.dumps({"id": ID, "result": "done", **more}).encode()


def test_a_deed_is_read_and_told() -> None:
    assert deed(said(), is_retained=False) == Deed(ID, "done")
    failed = deed(said(result="failed", detail="the hopper\nis empty"), is_retained=False)
    assert failed.told() == {"result": "failed", "detail": "the hopper is empty"}
    assert Deed(ID, "done").told() == {"result": "done"}


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "no JSON"),
        (b"done", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[]", 'a JSON object with "id" and "result"'),
        (b"[" * 900, "no JSON"),
        (b'{"id": "x", "id": "y", "result": "done"}', "no JSON"),
        (b'{"id": NaN, "result": "done"}', "no JSON"),
        (said(id=7), '"id" must be'),
        (said(id=ID.upper().replace("A", "G")), '"id" must be'),
        (said(id="../x"), '"id" must be'),
        (said(result="timeout"), '"result" must be done or failed'),
        (said(result=True), '"result" must be'),
        (said(result=["done"]), '"result" must be'),
        (said(detail="x" * 201), '"detail" must be a text of at most 200'),
        (said(detail=None), '"detail" must be'),
        (said(more=1), "nothing but detail, id, result"),
        (said() + b" " * LONGEST_BYTES, f"{LONGEST_BYTES} are the most"),
    ],
)
def test_what_says_nothing_of_a_step_is_refused(payload: bytes, why: str) -> None:
    with pytest.raises(Unmeant, match=why):
        deed(payload, is_retained=False)


def test_what_was_retained_is_refused() -> None:
    with pytest.raises(Unmeant, match="retained"):
        deed(said(), is_retained=True)


@given(st.binary(max_size=2 * LONGEST_BYTES) | st.text(max_size=600).map(str.encode))
def test_nothing_that_comes_does_any_harm(payload: bytes) -> None:
    with contextlib.suppress(Unmeant):
        deed(payload, is_retained=False)

"""Steps as they are written on the command line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.steps import step_of, written


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("treat", ("treat", 0.0, {})),
        ("wait:30", ("wait", 30.0, {})),
        ("wait:1.5", ("wait", 1.5, {})),
        ("wait:30s", ("wait", 30.0, {})),
        ("play:2m,toy=ball", ("play", 120.0, {"toy": "ball"})),
        ("treat,count=3,to=the left", ("treat", 0.0, {"count": 3, "to": "the left"})),
        ("pet,gently=true,speed=-0.5", ("pet", 0.0, {"gently": True, "speed": -0.5})),
        ("pet:1h,note=", ("pet", 3600.0, {"note": ""})),
        ("fetch,n=99999999999999999999", ("fetch", 0.0, {"n": "99999999999999999999"})),
    ],
)  # fmt: skip
def test_a_step_is_read(text: str, step: tuple[str, float, dict[str, Any]]) -> None:
    read = step_of(text)
    assert (read["type"], read["duration_s"], read["params"]) == step


@pytest.mark.parametrize(
    "text", ["", "treat:", "treat:x", ":30", "treat:30d", "treat,", "treat,x", "treat,=1", "Treat"]
)
def test_what_is_no_step_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SmartlogError) as refused:
        step_of(text)
    assert refused.value.code is Exit.USAGE
    assert "--step wait:30" in refused.value.hint


_WORDS = st.text("abcdefgh xyz", min_size=1, max_size=9).map(str.strip).filter(bool)


@given(
    st.sampled_from(["pet", "sit_drill", "wait"]),
    st.integers(0, 3600).map(float),
    st.dictionaries(_WORDS, st.integers(-(10**9), 10**9) | st.booleans() | _WORDS),
)
def test_a_step_is_read_as_it_was_written(type_: str, duration_s: float, params: dict[str, Any]) -> None:
    assert step_of(written(type_, duration_s, params)) == {"type": type_, "duration_s": duration_s, "params": params}

from __future__ import annotations

import pytest

from smartlogd.base.errors import Exit, UnusableInput
from smartlogd.record.words import LONGEST_NOTE, labels, note


@pytest.mark.parametrize("given", [["a" * 65], [""], ["-x"], ["a/b"], [3], "word", 7, None, ["x"] * 17, ["a\nb"]])
def test_labels_that_are_none_are_refused(given: object) -> None:
    with pytest.raises(UnusableInput) as refused:
        labels(given)
    assert refused.value.code is Exit.USAGE


@pytest.mark.parametrize("given", [3, ["x"], "a" * (LONGEST_NOTE + 1), "bell\a", "\x1b[31mred"])
def test_a_note_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(UnusableInput):
        note(given)


def test_a_note_may_have_lines() -> None:
    assert note("one\ntwo é") == "one\ntwo é"

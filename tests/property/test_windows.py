"""Clips show all that was to be seen, once, and none is longer than it may be."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.record.window import Window, extended, merged

LONGEST = 60


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = draw(st.integers(0, 500))
    return Window(start, start + draw(st.integers(0, 150)), (draw(st.sampled_from("abcd")),))


def shown(of: list[Window] | tuple[Window, ...]) -> set[float]:
    """The instants that are to be seen: whole numbers, and the halves between them, where a gap would show."""
    return {half / 2 for window in of for half in range(2 * window.start_ns, 2 * window.end_ns + 1)}


@given(st.lists(windows(), max_size=12))
def test_merged_windows_leave_no_gap_and_add_nothing(wanted: list[Window]) -> None:
    assert shown(merged(wanted, LONGEST)) == shown(wanted)


@given(st.lists(windows(), max_size=12))
def test_merged_windows_come_in_order_and_meet_only_at_their_ends(wanted: list[Window]) -> None:
    clips = merged(wanted, LONGEST)
    assert all(one.end_ns <= other.start_ns for one, other in itertools.pairwise(clips))
    assert all(clip.end_ns - clip.start_ns <= LONGEST for clip in clips)


@given(st.lists(windows(), max_size=12))
def test_every_label_is_on_a_clip_that_shows_what_it_was_given_for(wanted: list[Window]) -> None:
    clips = merged(wanted, LONGEST)
    for window in wanted:
        assert any(set(window.labels) <= set(clip.labels) and clip.overlaps(window) for clip in clips)


@given(st.lists(windows(), max_size=12), st.randoms(use_true_random=False))
def test_the_order_in_which_windows_are_asked_for_does_not_matter(wanted: list[Window], dice: object) -> None:
    mixed = list(wanted)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    spans = [(clip.start_ns, clip.end_ns, frozenset(clip.labels)) for clip in merged(wanted, LONGEST)]
    assert [(clip.start_ns, clip.end_ns, frozenset(clip.labels)) for clip in merged(mixed, LONGEST)] == spans


@given(windows(), windows())
def test_a_begun_clip_and_what_is_left_show_all_that_follows_its_start(begun: Window, more: Window) -> None:
    if not begun.overlaps(more) or begun.end_ns - begun.start_ns > LONGEST:
        return
    grown, rest = extended(begun, more, LONGEST)
    assert grown.start_ns == begun.start_ns
    after = {instant for instant in shown([begun, more]) if instant >= begun.start_ns}
    assert shown([grown, *([rest] if rest else [])]) == after

"""Rows in columns."""

from __future__ import annotations

from smartlogd.cli.columns import columns


def test_columns_are_as_wide_as_their_widest_cell_and_end_without_blanks() -> None:
    assert columns(("a", "long head"), [("wide cell", 1), ("b", "")]) == "a          long head\nwide cell  1\nb"


def test_a_table_without_rows_is_its_head() -> None:
    assert columns(("a", "b"), []) == "a  b"

from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.store.pace import pace


async def test_the_journal_keeps_pace_with_the_bare_database(tmp_path: Path) -> None:
    measured = await pace(tmp_path, rows=1000, rounds=3)
    assert measured.bare_rows_per_s > 100
    assert measured.journal_rows_per_s > 100
    assert measured.ratio > 0.25  # 0.5 is asked of it on a quiet machine (`smartlogd bench`); tests share theirs
    assert list(tmp_path.iterdir()) == []


async def test_in_a_single_round_the_ratio_is_the_journals_share(tmp_path: Path) -> None:
    measured = await pace(tmp_path, rows=200, rounds=1)
    assert measured.ratio == pytest.approx(measured.journal_rows_per_s / measured.bare_rows_per_s)

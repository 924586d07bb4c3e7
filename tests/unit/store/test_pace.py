from __future__ import annotations

from pathlib import Path

from smartlogd.store.pace import Pace, pace


async def test_the_journal_keeps_pace_with_the_bare_database(tmp_path: Path) -> None:
    measured = await pace(tmp_path, rows=1000, rounds=3)
    assert measured.bare_rows_per_s > 100
    assert measured.journal_rows_per_s > 100
    assert measured.ratio > 0.25  # 0.5 is asked of it on a quiet machine (`smartlogd bench`); tests share theirs
    assert list(tmp_path.iterdir()) == []


def test_the_ratio_is_the_journals_share() -> None:
    assert Pace(journal_rows_per_s=50.0, bare_rows_per_s=100.0).ratio == 0.5

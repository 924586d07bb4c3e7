"""What is said of clips that were counted by hand."""

from __future__ import annotations

from smartlogd.cli.eval_clips import Judgement
from smartlogd.cli.score import EmptyScore, LineScore


def test_the_table_shows_every_line_and_every_empty_clip() -> None:
    judgement = Judgement([LineScore("hall.mp4", "door", 6, 5, 1, 2)], [EmptyScore("night.mp4", 0, 1)])
    rows = [row.split() for row in judgement.as_table().splitlines() if row]
    assert ["hall.mp4", "door", "6", "5", "1", "2"] in rows
    assert ["night.mp4", "0", "1"] in rows
    assert rows[-1][:4] == ["error", "3", "of", "6"]

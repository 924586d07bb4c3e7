"""Finding a face among many, and reading them all."""

from __future__ import annotations

from pathlib import Path

from smartlogd.cli.bench.gallery import EACH, gallery


def test_a_small_gallery_is_kept_read_and_asked(tmp_path: Path) -> None:
    measured = gallery(tmp_path, 10 * EACH + 1)
    assert (measured.templates, measured.beings) == (51, 11)
    assert 0 < measured.nearest_s < 1
    assert 0 < measured.load_s < 5
    assert list(tmp_path.iterdir()) == []

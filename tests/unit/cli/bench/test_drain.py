"""The figures of a drain follow from its rounds; the drain itself is tried in tests/services/test_measures.py."""

from __future__ import annotations

import pytest

from smartlogd.cli.bench.drain import Drain


def test_the_ratio_is_the_median_of_the_rounds_own() -> None:
    drain = Drain(1000, 1500, (2.0, 4.0, 10.0), (0.1, 0.1, 0.1), (1.0, 1.0, 9.0))
    assert drain.rows_per_s == 250
    assert drain.copied_per_s == 1000
    assert drain.ratio == pytest.approx(0.5)

"""How many rows are sent together: as many as the network carries in good time."""

from __future__ import annotations

from dataclasses import dataclass, replace

_GROWTH = 2.0
"""A batch at most doubles, and at most halves: one odd round trip should not decide."""


@dataclass(frozen=True, slots=True)
class BatchSize:
    """How many rows the next batch may have: between `least` and `most`, such that an answer takes about `aim_s`."""

    rows: int
    least: int
    most: int
    aim_s: float

    def after(self, sent: int, took_s: float) -> BatchSize:
        """The size after `sent` rows were answered in `took_s`.

        A batch that was not full says nothing about what the network could carry, unless it was slow all the same.

        >>> size = BatchSize(100, 50, 1000, 0.5)
        >>> size.after(100, 0.05).rows, size.after(100, 0.4).rows, size.after(100, 2.0).rows, size.after(3, 0.01).rows
        (200, 125, 50, 100)
        """
        if sent <= 0 or (sent < self.rows and took_s <= self.aim_s):
            return self
        factor = self.aim_s / took_s if took_s > 0 else _GROWTH
        return self._of(round(self.rows * min(_GROWTH, max(1 / _GROWTH, factor))))

    def after_failure(self) -> BatchSize:
        """The size after the answer to a batch never came.

        >>> BatchSize(600, 50, 1000, 0.5).after_failure().rows
        300
        """
        return self._of(self.rows // 2)

    def too_much(self) -> BatchSize:
        """The size after the centre refused so many rows at once: from now on at most half of them.

        >>> BatchSize(600, 50, 1000, 0.5).too_much().after(300, 0.01).rows
        300
        """
        most = max(1, self.rows // 2)
        return replace(self, rows=most, least=min(self.least, most), most=most)

    def _of(self, rows: int) -> BatchSize:
        return replace(self, rows=min(self.most, max(self.least, rows)))

"""Rows that an older centre does not understand yet: they wait, are in nobody's way, and are tried now and then."""

from __future__ import annotations

from collections.abc import Collection

_MOST = 200_000
"""So many numbers are remembered; rows beyond them are simply sent, and held, again."""


class Hold:
    """Which rows the centre held, and when one parcel of them is sent again to see whether it still does."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._seqs: set[int] = set()
        self._next_s = 0.0

    def __len__(self) -> int:
        return len(self._seqs)

    def left_out(self, seqs: Collection[int], now_s: float) -> frozenset[int]:
        """Which of these are not to be sent now; none of them when it is time to try."""
        held = self._seqs.intersection(seqs)
        if not held or now_s < self._next_s:
            return frozenset(held)
        self._next_s = now_s + self._span_s
        return frozenset()

    def answered(self, sent: Collection[int], settled: Collection[int], now_s: float) -> None:
        """Take in what became of rows that were sent: those that were not `settled` are held.

        Once rows that had been held are settled, so may be all the others.
        """
        done, tried = frozenset(settled), self._seqs.intersection(sent)
        if tried and tried <= done:
            self._seqs.clear()
        kept = [seq for seq in sent if seq not in done and seq not in self._seqs]
        if kept and not self._seqs:
            self._next_s = now_s + self._span_s
        self._seqs.difference_update(done)
        self._seqs.update(kept[: max(0, _MOST - len(self._seqs))])

    def release(self) -> None:
        """Try all of them at once."""
        self._seqs.clear()

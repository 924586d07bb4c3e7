"""The numbers movement goes by, as plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds of tracking and counting; spans in seconds, lengths in fractions, scores 0..1."""

    strong_score: float = 0.5
    """A detection of at least this score may begin a track and is matched first."""
    weak_score: float = 0.25
    """A detection of at least this score may carry on a track that no strong one matched."""
    confirm_hits: int = 3
    """A track is believed after it was seen this often ..."""
    confirm_s: float = 0.25
    """... over at least this long."""
    keep_lost_s: float = 2.0
    """A confirmed track that is not seen is predicted for this long before it ends."""
    keep_tentative_s: float = 0.6
    """A track that is not believed yet ends after this long unseen."""
    evidence_gap_s: float = 0.1
    """Evidence for a side of a line counts at most this often, so that 30 fps prove no more than 10."""
    debounce_known_s: float = 5.0
    """A known person is not logged again in the same direction within this span ..."""
    debounce_unknown_s: float = 15.0
    """... and an unknown one within this; unless logged the other way in between."""


@dataclass(frozen=True, slots=True)
class BehaviourRules:
    """Thresholds of what tracks do; spans in seconds, lengths in fractions."""

    dwell_s: float = 1.0
    """A posture is told after it was held this long."""

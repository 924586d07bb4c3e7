"""The numbers movement goes by, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from smartlogd.base.seen import Kind
from smartlogd.movement.hold import Bounds


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


_POSTURE = Bounds(dwell_s=1.0, leave_s=1.0, unknown_s=10.0)
_CALM = Bounds(dwell_s=3.0, leave_s=2.0, unknown_s=5.0, lookback_s=0.8)
_FEED = Bounds(dwell_s=2.0, leave_s=3.0, unknown_s=5.0)
_PLAY = Bounds(dwell_s=2.0, leave_s=3.0, unknown_s=5.0)


@dataclass(frozen=True, slots=True)
class BehaviourRules:
    """Thresholds of what tracks do; spans in seconds, paces in a body's own sizes a second (`trace`)."""

    is_enabled: bool = True
    """Without it only who is there is told."""
    gap_s: float = 5.0
    """Who was not seen for longer is gone, and comes anew; who is seen again within it goes on sitting."""
    posture: Bounds = _POSTURE
    """A posture is told after it was held this long; without an answer for so long it is over."""
    least_sure: float = 0.3
    """A posture that a look is less sure of says nothing."""
    fell_s: float = 2.0
    """Who lies this soon after standing has fallen."""
    calm: Bounds = _CALM
    """Calm is told after so long of it, and over after so long of moving."""
    still_pace: float = 0.12
    """Whose sides move no faster is still ..."""
    rest_pace: float = 0.3
    """... and who sits or lies is calm up to this: they turn their head, and lift an arm."""
    feed: Bounds = _FEED
    """Eating and drinking: the head in a bowl's zone for so long; it may be lifted for so long, to chew."""
    play: Bounds = _PLAY
    """Playing: quick to and fro for so long, over after so long without."""
    quick_person: float = 1.0
    """A person is quick from here on: walking is 0.8 of one's height a second ..."""
    quick_dog: float = 1.5
    """... and a dog's walk 1.3 of its length."""
    straight: float = 0.75
    """Whose way is straighter than this only passes by, however quickly."""
    nearer: float = 1.5
    """Whose body looks so much larger has come markedly nearer: a third of the distance is gone ..."""
    nearer_s: float = 3.0
    """... within this long."""
    cue_s: float = 10.0
    """Who goes out at most this long after an approach (or, a dog, from beside a person) may be fetching ..."""
    fetch_s: float = 10.0
    """... and has fetched if back within this long."""
    out_sizes: float = 2.0
    """Who is this far from where they set out, in their own sizes, and half as far again from the camera, is out."""

    def quick(self, kind: Kind) -> float:
        """The pace from which someone of this kind is quick."""
        return self.quick_dog if kind is Kind.DOG else self.quick_person

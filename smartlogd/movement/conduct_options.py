"""The room's settings of what people and dogs do: zones, and the thresholds of behaviours."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from smartlogd.base.geometry import Point
from smartlogd.base.known import Zone, ZoneKind
from smartlogd.movement.hold import Bounds
from smartlogd.movement.rules import BehaviourRules
from smartlogd.movement.zones import crosses_itself, extent

Fraction = Annotated[float, Field(ge=0, le=1)]

_SMALLEST = 1e-4
"""A hundredth of the picture high and wide."""
_FEWEST, _MOST = 3, 32


class ZoneOptions(BaseModel):
    """One part of the picture that means something."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["bowl_food", "bowl_water", "bed", "door"] = Field(description="What it is: a bowl, a bed or a door.")
    polygon: tuple[tuple[Fraction, Fraction], ...] = Field(
        min_length=_FEWEST,
        max_length=_MOST,
        description="Its corners in order, 3 to 32 of them: x, y as fractions of the picture.",
    )

    @model_validator(mode="after")
    def _has_an_inside(self) -> Self:
        """Refuse a zone that covers nothing, and one whose sides cross."""
        corners = self._corners()
        if extent(corners) < _SMALLEST:
            msg = f"the zone covers nothing; give corners that lie apart, not {list(self.polygon)}"
            raise ValueError(msg)
        if crosses_itself(corners):
            msg = "the sides of the zone cross; give its corners in the order in which one walks round it, each once"
            raise ValueError(msg)
        return self

    def zone(self, name: str) -> Zone:
        """The zone as movement knows it."""
        return Zone(name, ZoneKind(self.kind), self._corners())

    def _corners(self) -> tuple[Point, ...]:
        return tuple(Point(x, y) for x, y in self.polygon)


class BehaviourOptions(BaseModel):
    """When somebody is told to sit, eat, play, come nearer, fetch or be calm; paces are in their own sizes a second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(
        default=True, description="Whether behaviours are told; without it only that somebody is there."
    )
    gap_s: float = Field(
        5.0, ge=1, le=60, description="Who was not seen for longer is gone, and comes anew; their presence ends."
    )
    dwell_s: float = Field(1.0, ge=0.2, le=30, description="A posture counts once it was held this long.")
    unknown_s: float = Field(
        10.0, ge=1, le=600, description="A posture is over when no look knew it, or knew another, for this long."
    )
    least_confidence: float = Field(
        0.3, ge=0, le=0.95, description="A look that is less sure of a posture says nothing of it."
    )
    fall_s: float = Field(2.0, ge=0.2, le=5, description="Who lies this soon after standing is told to have fallen.")
    calm_dwell_s: float = Field(3.0, ge=0.5, le=120, description="Calm is told after it lasted this long.")
    calm_leave_s: float = Field(2.0, ge=0.2, le=60, description="Calm is over after so long of moving.")
    still_pace: float = Field(0.12, ge=0.01, le=2, description="Who moves no faster than this is still, and calm.")
    rest_pace: float = Field(0.3, ge=0.01, le=2, description="Who sits or lies is calm up to this pace.")
    bowl_dwell_s: float = Field(
        2.0, ge=0.2, le=60, description="Eating and drinking: the head in the bowl's zone so long."
    )
    bowl_leave_s: float = Field(3.0, ge=0.2, le=60, description="A meal is over when the head was out for this long.")
    play_dwell_s: float = Field(2.0, ge=0.5, le=60, description="Quick to and fro for so long is playing.")
    play_leave_s: float = Field(3.0, ge=0.2, le=60, description="Playing is over after so long without.")
    quick_person: float = Field(1.0, ge=0.2, le=10, description="From this pace on a person is quick; walking is 0.8.")
    quick_dog: float = Field(1.5, ge=0.2, le=20, description="From this pace on a dog is quick; walking is 1.3.")
    approach_growth: float = Field(
        1.5, ge=1.1, le=5, description="Who looks so many times larger within approach_s has come markedly nearer."
    )
    approach_s: float = Field(3.0, ge=0.5, le=3, description="Within how long somebody must come nearer.")
    fetch_cue_s: float = Field(
        10.0, ge=1, le=60, description="How long after an approach, or beside a person, a going out may be to fetch."
    )
    fetch_s: float = Field(10.0, ge=2, le=60, description="Who is back this soon after setting out has fetched.")
    fetch_sizes: float = Field(2.0, ge=0.5, le=20, description="Who is so many of their own sizes away is out.")

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        """Refuse paces in the wrong order."""
        if self.still_pace > self.rest_pace:
            msg = f"still_pace ({self.still_pace}) must not be above rest_pace ({self.rest_pace})"
            raise ValueError(msg)
        return self

    def rules(self) -> BehaviourRules:
        """The thresholds as plain values."""
        usual = BehaviourRules()
        return BehaviourRules(
            is_enabled=self.enabled,
            gap_s=self.gap_s,
            posture=Bounds(self.dwell_s, self.dwell_s, self.unknown_s),
            least_sure=self.least_confidence,
            fell_s=self.fall_s,
            calm=Bounds(self.calm_dwell_s, self.calm_leave_s, self.gap_s, usual.calm.lookback_s),
            still_pace=self.still_pace,
            rest_pace=self.rest_pace,
            feed=Bounds(self.bowl_dwell_s, self.bowl_leave_s, self.gap_s),
            play=Bounds(self.play_dwell_s, self.play_leave_s, usual.play.unknown_s),
            quick_person=self.quick_person,
            quick_dog=self.quick_dog,
            straight=usual.straight,
            nearer=self.approach_growth,
            nearer_s=self.approach_s,
            cue_s=self.fetch_cue_s,
            fetch_s=self.fetch_s,
            out_sizes=self.fetch_sizes,
        )

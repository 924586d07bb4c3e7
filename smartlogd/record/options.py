"""The [record] table: which clips are cut, how they and annotated videos are written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from smartlogd.record.rules import BUILT_IN, Rule

Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.:-]{0,63}$")]
EventType = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,31}$")]
MOST_LABELS = 16
_SLACK_S = 5.0
"""What happened is told a little after it happened, and writing takes its time."""
LONGEST_BEFORE_S = LONGEST_AFTER_S = 60.0


class RuleOptions(BaseModel):
    """Events that are filmed: one rule of our own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: EventType = Field(description="The type of event, such as sit, bark or person_entered.")
    who: Literal["anyone", "known", "unknown"] = Field("anyone", description="Of whom.")
    follows: EventType | None = Field(
        None, description="Only after an event of this type of the same being; none unless given."
    )
    within_s: float = Field(5.0, ge=0, le=60, description="How soon after that event.")
    at: Literal["start", "end"] = Field("start", description="Which moment counts of an event that takes time.")
    labels: tuple[Label, ...] = Field(
        (), max_length=MOST_LABELS, description="What its clips are labelled with; the event's type unless given."
    )
    before_s: float | None = Field(
        None, ge=0, le=LONGEST_BEFORE_S, description="Seconds before that moment; record.before_s unless given."
    )
    after_s: float | None = Field(
        None, ge=0, le=LONGEST_AFTER_S, description="Seconds after that moment; record.after_s unless given."
    )


class RecordOptions(BaseModel):
    """Which clips are cut, how they and annotated videos are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clips: bool = Field(
        default=True, description="Keep the last seconds of video in memory, so that clips can be cut out of it."
    )
    automatic: tuple[Literal["unknown_crossing", "fetch_return", "approach_then_eating"], ...] = Field(
        default=("unknown_crossing", "fetch_return", "approach_then_eating"),
        description="Which of the rules that are built in cut clips by themselves; none with an empty list.",
    )
    rules: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")], RuleOptions] = Field(
        default_factory=dict, max_length=32, description="Rules of our own, by name."
    )
    before_s: float = Field(
        default=5.0, ge=0, le=LONGEST_BEFORE_S, description="Seconds of a clip before what it shows."
    )
    after_s: float = Field(default=5.0, ge=0, le=LONGEST_AFTER_S, description="Seconds of a clip after what it shows.")
    longest_s: float = Field(
        default=300.0, ge=10, le=300, description="No clip is longer; what goes on after that is another one."
    )
    ring_mib: int = Field(
        default=24, ge=1, le=512, description="The video that is kept in memory takes at most so many MiB."
    )
    ring_s: float = Field(
        default=30.0,
        ge=5,
        le=300,
        description="At least so many seconds of video are kept in memory, as far as ring_mib allows.",
    )
    encoder: Literal["auto", "h264_v4l2m2m", "libx264", "libopenh264", "mpeg4"] = Field(
        default="auto",
        description="What encodes where the camera does not; auto takes the first that works, hardware first.",
    )
    encode_fps: float = Field(
        default=15.0,
        ge=1,
        le=60,
        description="At most so many pictures a second are encoded where the camera does not.",
    )
    encode_longest_px: int = Field(
        default=960, ge=160, le=4096, description="Pictures that are encoded here are shrunk to this longer side."
    )
    encode_crf: int = Field(
        default=26, ge=10, le=40, description="Quality of clips encoded here, as x264's constant rate factor."
    )
    blur_unknown: bool = Field(
        default=False, description="Share a copy of a clip in which the faces of those who are not known are blurred."
    )
    movie_crf: int = Field(
        default=23,
        ge=10,
        le=40,
        description="Quality of annotated videos as x264's constant rate factor; lower is better and larger.",
    )

    def clip_rules(self) -> tuple[Rule, ...]:
        """The rules by which clips are cut, as plain values."""
        built_in = [BUILT_IN[name] for name in self.automatic]
        crossing = [self._ordinary(rule) if rule.event == "crossing" else rule for rule in built_in]
        return (*crossing, *(self._rule(each) for each in self.rules.values()))

    def kept_s(self) -> float:
        """Seconds that must be kept: a clip is decided when its window is over, and may grow for a while after that."""
        rules = self.clip_rules()
        before_s = max((rule.before_s for rule in rules), default=self.before_s)
        after_s = max((rule.after_s for rule in rules), default=self.after_s)
        return max(self.ring_s, 2 * before_s + after_s + _SLACK_S)

    def _ordinary(self, rule: Rule) -> Rule:
        return Rule(rule.event, rule.labels, self.before_s, self.after_s, rule.whose)

    def _rule(self, options: RuleOptions) -> Rule:
        return Rule(
            options.event,
            options.labels or (options.event,),
            self.before_s if options.before_s is None else options.before_s,
            self.after_s if options.after_s is None else options.after_s,
            options.who,
            options.follows,
            options.within_s,
            at=options.at,
        )

"""What may be set about detection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from smartlogd.detect.bursts import BurstRules


class SoundOptions(BaseModel):
    """The [detect.sounds] table: what is told of what the microphone hears."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[Literal["bark", "howl", "whine", "speech", "alarm", "glass"], ...] = Field(
        default=("bark", "howl", "whine", "alarm", "glass"),
        description='What is told of, out of "bark", "howl", "whine", "speech", "alarm", "glass"; '
        'of "speech" only that somebody spoke.',
    )
    sensitivity: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="How little is enough to be told of: 0 only plain sounds, 1 also what is hardly heard.",
    )
    quiet_s: float = Field(
        default=1.5, ge=0.5, le=30.0, description="Seconds of quiet after which the next bark is a burst of its own."
    )
    longest_s: float = Field(
        default=60.0, ge=5.0, le=600.0, description="Seconds after which a burst that goes on is told of, and again."
    )

    def rules(self) -> BurstRules:
        """The same, as plain values."""
        from smartlogd.detect.bursts import ENTER, BurstRules  # with numpy, which reading settings does without

        enter = {word: min(0.95, ENTER[word] * (1.5 - self.sensitivity)) for word in self.words}
        return BurstRules(enter, self.quiet_s, self.longest_s)


class DetectOptions(BaseModel):
    """The [detect] table: which models look at a frame, how closely, and what they must be sure of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Literal["door", "wide"] = Field(
        "door",
        description='"door" finds faces and whole bodies within a few metres; '
        '"wide" finds people, dogs and cats in streets, squares and from above.',
    )
    models_dir: Path | None = Field(
        None, description="The folder that holds the verified model files; by default one beside the database."
    )
    face_score: float = Field(0.5, ge=0.05, le=0.99, description="How sure the face model must be, 0 to 1.")
    person_score: float = Field(
        0.6,
        ge=0.05,
        le=0.99,
        description="How sure the door profile's body model must be, 0 to 1; it gives furniture up to 0.57.",
    )
    object_score: float = Field(
        0.3,
        ge=0.05,
        le=0.99,
        description="How sure the wide profile's model must be, 0 to 1; the tracker wants weak detections too.",
    )
    face_crops: int = Field(
        2, ge=0, le=8, description="Closer looks for small faces in each frame, beside the look at the whole picture."
    )
    body_crops: int = Field(
        default=1,
        ge=0,
        le=8,
        description="Closer looks for far bodies in each frame, beside the look at the whole picture.",
    )
    object_crops: int = Field(
        3, ge=0, le=8, description="Closer looks for small people in each frame, beside the look at the whole picture."
    )
    landmarks: bool = Field(
        default=True,
        description="Whether the 33 points of bodies are found, by which postures are told, also when no line needs "
        "feet; in the wide profile, where the models of bodies are on this device.",
    )
    points_every_s: float = Field(
        default=0.5,
        ge=0.0,
        le=5.0,
        description="How often somebody is looked at for their points, or for what they do, where no line needs feet.",
    )
    landmark_people: int = Field(
        2,
        ge=1,
        le=8,
        description="How many people at most get their 33 points, or a guess at what they do, in one frame.",
    )
    delegate: Path | None = Field(
        None, description="A TFLite delegate library, such as libedgetpu.so.1 for a Coral accelerator."
    )
    sounds: SoundOptions = Field(default=SoundOptions(), description="What is told of what the microphone hears.")

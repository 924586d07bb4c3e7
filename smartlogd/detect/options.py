"""What may be set about detection."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
        default=False,
        description="Whether the door profile finds the 33 points of each body also when no line needs feet.",
    )
    landmark_people: int = Field(2, ge=1, le=8, description="How many people at most get their 33 points in one frame.")
    delegate: Path | None = Field(
        None, description="A TFLite delegate library, such as libedgetpu.so.1 for a Coral accelerator."
    )

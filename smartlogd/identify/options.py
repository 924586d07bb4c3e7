"""What may be set about recognition."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from smartlogd.identify.quality import Gate


class IdentifyOptions(BaseModel):
    """The [identify] table: whether people are recognised, how sure that must be, and what is kept of strangers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether faces are recognised at all.")
    embedder: Literal["tflite", "dlib"] = Field(
        "tflite", description='What runs the face network: "tflite", or "dlib", twenty times slower, for comparison.'
    )
    precision: Literal["float32", "float16"] = Field(
        "float16", description="Which edition of the network; float32 takes twice the room and tells no more."
    )
    known_distance: float = Field(
        0.525,
        ge=0.1,
        le=0.8,
        description="A face this near to a known person's is called by their name; smaller is stricter.",
    )
    doubt_distance: float = Field(
        0.60, ge=0.1, le=1.0, description="At this distance nothing is believed; how sure a name is counts from here."
    )
    margin: float = Field(
        0.05, ge=0, le=0.5, description="By how much the named person must be nearer than every other person."
    )
    stranger_distance: float = Field(
        0.46, ge=0.1, le=0.8, description="A face this near to a recent stranger's is taken for the same stranger's."
    )
    same_distance: float = Field(
        0.52, ge=0.1, le=0.8, description="Two stretches of a track at most this far apart show one face."
    )
    other_distance: float = Field(
        0.62, ge=0.1, le=1.2, description="Two stretches of a track at least this far apart show two faces."
    )
    least_face_px: float = Field(40, ge=20, le=400, description="A smaller face is not looked at.")
    least_sharpness: float = Field(0.58, ge=0, le=2, description="A face less sharp than this is refused as blurred.")
    least_brightness: float = Field(0.12, ge=0, le=1, description="A face darker than this, 0 to 1, is refused.")
    most_brightness: float = Field(0.93, ge=0, le=1, description="A face brighter than this, 0 to 1, is refused.")
    most_yaw_deg: float = Field(45, ge=5, le=90, description="A face turned farther aside than this is refused.")
    most_looks: int = Field(3, ge=1, le=10, description="Embeddings at most in each unambiguous stretch of a track.")
    most_faces: int = Field(2, ge=1, le=16, description="Faces at most that are looked at in one frame.")
    crop: Literal["keep", "blur", "none"] = Field(
        "keep", description="What is kept of a stranger's face to show a person: its picture, a blurred one, or none."
    )
    crop_keep_h: float = Field(72, ge=0, le=8760, description="After this many hours a stranger's picture is erased.")
    stranger_keep_d: float = Field(
        14, ge=0, le=3650, description="After this many days unseen a stranger's templates are forgotten."
    )

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        """Refuse distances in the wrong order."""
        if not self.stranger_distance <= self.known_distance < self.doubt_distance:
            msg = (
                f"stranger_distance ({self.stranger_distance}), known_distance ({self.known_distance}) and "
                f"doubt_distance ({self.doubt_distance}) must rise in this order"
            )
            raise ValueError(msg)
        if self.same_distance > self.other_distance:
            msg = f"same_distance ({self.same_distance}) must not be above other_distance ({self.other_distance})"
            raise ValueError(msg)
        return self

    def gate(self) -> Gate:
        """What a look must have at least, as plain values."""
        return Gate(
            least_px=self.least_face_px,
            least_sharpness=self.least_sharpness,
            least_brightness=self.least_brightness,
            most_brightness=self.most_brightness,
            most_yaw=self.most_yaw_deg,
        )

"""The [record] table: how annotated videos are written."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RecordOptions(BaseModel):
    """How annotated videos are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    movie_crf: int = Field(
        default=23,
        ge=10,
        le=40,
        description="Quality of annotated videos as x264's constant rate factor; lower is better and larger.",
    )

"""The `[routines]` table: whether routines run, what becomes of runs that were missed, how long a step may take."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RoutinesOptions(BaseModel):
    """How routines are run; the rows of `smartlogd routine` say which and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether routines run by themselves; by hand they run in any case.")
    catch_up: Literal["one", "none"] = Field(
        default="one",
        description="Whether a routine that was missed while the device was off runs once, or not; both are logged.",
    )
    catch_up_within_h: float = Field(
        default=1.0, ge=0, le=168, description="A routine that was due longer ago than this is not made up for."
    )
    step_timeout_s: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="How long after its own time a step is waited for, before it counts as failed.",
    )
    trust_within_s: float = Field(
        default=60.0,
        ge=0,
        le=86400,
        description="How long after its start the device waits for a clock that is set, before it goes by what it has.",
    )

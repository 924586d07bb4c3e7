"""Settings of the store: how long rows may wait, how many, what is kept in reserve, and what goes when."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from smartlogd.base.cron import cron


def _times(text: str) -> str:
    """The five fields, or nothing; ValueError, with the reason and an example, for anything else."""
    return cron(text).text if text else text


class StoreOptions(BaseModel):
    """How the one writer of the database works; the defaults suit an SD card."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group_commit_s: float = Field(
        1.0, gt=0, le=1, description="Longest time an event waits for others before all are written in one transaction."
    )
    group_rows: int = Field(100, ge=1, le=1000, description="So many waiting events are written without more waiting.")
    queue_rows: int = Field(
        10_000, ge=100, le=1_000_000, description="So many events may wait for the disk before the camera is held back."
    )
    reserve_mib: int = Field(
        8, ge=0, le=1024, description="Size of the file that is given up when the disk is full; 0 keeps none."
    )
    acknowledged_keep_d: float = Field(
        30.0, ge=1, le=3650, description="How long a row stays on the device after the centre has it, by its own date."
    )
    keep_free_mib: int = Field(
        200,
        ge=0,
        le=1_048_576,
        description="When less room is left on the disk, the oldest recordings go; 0 keeps all.",
    )
    media_keep_d: float = Field(
        30.0,
        ge=0,
        le=3650,
        description="How long clips and snapshots stay on the device; what waits for the object store stays. 0: ever.",
    )
    media_most_mib: int = Field(
        4096,
        ge=0,
        le=16_777_216,
        description="Clips and snapshots take no more room than this, the oldest go; 0 sets no bound.",
    )
    backup_cron: Annotated[str, AfterValidator(_times)] = Field(
        "30 3 * * 0",
        max_length=100,
        description="When the log is copied beside itself, as the five fields of cron; never where it is empty.",
    )
    backup_keep: int = Field(2, ge=1, le=50, description="So many of these copies stay.")
    retry_s: float = Field(0.25, gt=0, le=5, description="Pause after a failed write; it doubles with each failure.")
    retry_roof_s: float = Field(
        5.0, gt=0, le=5, description="Longest pause between two tries on a full or broken disk."
    )
    busy_s: float = Field(5.0, ge=0, le=30, description="How long a write waits for another program's lock.")
    stop_s: float = Field(5.0, gt=0, le=8, description="How long a stop waits for the disk to take what still waits.")

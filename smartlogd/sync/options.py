"""The [sync] table: how rows travel to the centre, and how often the centre is asked for news."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from smartlogd.sync.bundle import Address


class SyncOptions(BaseModel):
    """How a device that has joined a centre talks with it; without a centre none of this matters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether rows are sent to the centre that this device has joined.")
    url: str = Field(
        "",
        max_length=1024,
        description="Where the centre is, instead of what the enrolment says; never with a login or a password.",
    )
    gather_s: float = Field(2.0, ge=0.1, le=60, description="How long rows gather before they are sent together.")
    interval_s: float = Field(60.0, ge=1, le=3600, description="The centre is asked for news at least this often.")
    pull_beside_s: float = Field(
        10.0, ge=0, le=3600, description="Whoever sends rows asks for news as well, when the last time is so long ago."
    )
    batch_rows_least: int = Field(50, ge=1, le=1000, description="Rows sent together where the network is slow.")
    batch_rows_most: int = Field(1000, ge=1, le=1000, description="Rows sent together where it is quick.")
    batch_kib: int = Field(1024, ge=16, le=1024, description="Largest size of what is sent together.")
    round_trip_s: float = Field(
        0.5, ge=0.05, le=30, description="A batch grows while its answer comes sooner than this, and shrinks if later."
    )
    page_rows: int = Field(500, ge=1, le=1000, description="Rows of news that are asked for at once.")
    idle_s: float = Field(30.0, ge=0, le=3600, description="A connection that was not used for this long is closed.")
    connect_s: float = Field(10.0, ge=2, le=60, description="How long connecting may take.")
    answer_s: float = Field(30.0, ge=1, le=300, description="How long the centre may take over one answer.")
    retry_s: float = Field(1.0, gt=0, le=60, description="Longest first pause after a failure; it doubles with each.")
    retry_roof_s: float = Field(300.0, gt=0, le=300, description="Longest pause between two tries.")
    refused_s: float = Field(
        300.0, ge=1, le=3600, description="Pause after the centre refused this device, or speaks another version."
    )
    client_certificate: str = Field(
        "", max_length=1024, description="File of this device's certificate (PEM), where the centre asks for one."
    )
    client_key: str = Field(
        "", max_length=1024, description="File of its private key (PEM), readable by its user only."
    )

    @field_validator("url")
    @classmethod
    def _names_no_secret(cls, url: str) -> str:
        """Refuse what is no address of a centre, and one with a password: settings are shown and copied."""
        if url:
            Address.of(url)
        return url

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        """Refuse sizes in the wrong order, and half a client certificate."""
        if self.batch_rows_least > self.batch_rows_most:
            msg = (
                f"batch_rows_least ({self.batch_rows_least}) must not be above batch_rows_most ({self.batch_rows_most})"
            )
            raise ValueError(msg)
        if bool(self.client_certificate) != bool(self.client_key):
            raise ValueError("client_certificate and client_key belong together: set both, or neither")
        return self

"""The [sync] table: how rows travel to the centre, how often it is asked for news, and where recordings go."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from smartlogd.sync.bundle import Address

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class MediaOptions(BaseModel):
    """Where recordings are uploaded: a bucket of any S3. Without a bucket they stay on this device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bucket: str = Field(
        "",
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])?$",
        description="The bucket that takes clips and snapshots; empty: they are not uploaded.",
    )
    endpoint: str = Field(
        "", max_length=512, description="Where the object store is, https://host:port; empty: Amazon's, by the region."
    )
    region: str = Field("us-east-1", pattern=r"^[a-z0-9-]{1,32}$", description="Its region, as it calls it.")
    prefix: str = Field(
        "smartlog",
        pattern=r"^([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?$",
        max_length=200,
        description="What keys begin with; then come device, date and event.",
    )
    addressing: Literal["auto", "path", "virtual"] = Field(
        "auto", description="Whether the bucket is in the path or in the host name; auto: the latter at Amazon only."
    )
    ca_file: Path | None = Field(
        None, description="File (PEM) with who signed the server's certificate, where the system does not trust them."
    )
    allow_http: bool = Field(
        default=False, description="Whether recordings may travel in the clear to an endpoint on another machine."
    )
    part_mib: int = Field(8, ge=5, le=64, description="Larger files than two of these travel in parts of this size.")
    look_s: float = Field(10.0, ge=0.2, le=3600, description="How often is looked whether there is a new recording.")
    connect_s: float = Field(10.0, ge=1, le=60, description="How long connecting, or sending some KiB, may take.")
    answer_s: float = Field(60.0, ge=1, le=600, description="How long the object store may take over one answer.")
    rows_first_s: float = Field(
        30.0, ge=0, le=3600, description="How long a part waits, at most, for rows that are being sent to the centre."
    )
    link_s: int = Field(900, ge=10, le=604800, description="How long a link to a shared recording opens.")

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, endpoint: str) -> str:
        """Refuse what is no address of a server, and one with a login in it: settings are shown and copied."""
        if not endpoint:
            return endpoint
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("must be https://host or https://host:port")
        if parts.username is not None or parts.password is not None:
            raise ValueError("must hold no login and no password")
        if parts.port is not None and not 0 < parts.port < 65536:
            raise ValueError("must name a port from 1 to 65535")
        return endpoint.rstrip("/")

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        """Refuse to send faces in the clear over a network, unless told that it may be."""
        parts = urlsplit(self.endpoint)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.allow_http:
            raise ValueError("endpoint must begin with https://, for it is not on this machine (or set allow_http)")
        return self

    @property
    def is_on(self) -> bool:
        """Whether recordings are uploaded."""
        return bool(self.bucket)


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
    media: MediaOptions = Field(default_factory=MediaOptions, description="Where recordings are uploaded.")

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

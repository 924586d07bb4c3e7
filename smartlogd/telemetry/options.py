"""The room's settings: heartbeats, the broker, metrics, heat, and how far the daemon goes to heal itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_TOPIC = r"^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,3}$"
"""A few plain words: no wildcard and no $ may reach a topic."""
_HOST = r"^$|^[A-Za-z0-9._:-]{1,253}$"
_LISTEN = r"^$|^(127\.0\.0\.1|\[::1\]):[0-9]{1,5}$|^unix:/.{1,100}$"


def _host(name: str) -> str:
    """The name again; ValueError where it cannot be a host's."""
    if not re.fullmatch(_HOST, name):
        raise ValueError(f"{name!r} is no host name or address, as for example broker.example.org is")
    return name


def _listening(place: str) -> str:
    """The place again; ValueError where it is not on this machine."""
    if not re.fullmatch(_LISTEN, place):
        raise ValueError(f"{place!r} is no place on this machine, as for example 127.0.0.1:9464 or unix:/run/x.sock is")
    return place


class MqttOptions(BaseModel):
    """Which broker hears of this device, and how it is reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, AfterValidator(_host)] = Field(
        default="", max_length=253, description="The broker's host name or address; none without it."
    )
    port: int | None = Field(default=None, ge=1, le=65535, description="Its port; 8883 with TLS and 1883 without.")
    protocol: Literal["3.1.1", "5"] = Field(default="5", description="The version of MQTT that is spoken.")
    tls: bool = Field(default=True, description="Whether the connection is encrypted and the broker's name checked.")
    ca_file: Path | None = Field(
        default=None, description="Who signed the broker's certificate (PEM), unless the system knows."
    )
    cert_file: Path | None = Field(default=None, description="The client certificate that this device shows, PEM.")
    key_file: Path | None = Field(
        default=None, description="Its key, PEM; the credential smartlogd-mqtt-key is used where there is one."
    )
    username: str = Field(
        default="", max_length=128, description="Who logs in; the credential smartlogd-mqtt-username wins over it."
    )
    password_file: Path | None = Field(
        default=None,
        description="File of the password; the credential smartlogd-mqtt-password wins over it.",
    )
    topic: str = Field(default="smartlogd", pattern=_TOPIC, description="What every topic of ours begins with.")
    discovery: bool = Field(default=True, description="Whether Home Assistant is told what this device offers.")
    discovery_topic: str = Field(
        default="homeassistant", pattern=_TOPIC, description="What Home Assistant's discovery topics begin with."
    )
    names: bool = Field(default=True, description="Whether the names of people are told, or only that somebody came.")
    commands: bool = Field(default=True, description="Whether commands are taken from the broker.")
    late_h: float = Field(
        default=168.0, ge=0, le=8760, description="Events older than this are not told when the broker was long away."
    )
    keepalive_s: int = Field(
        default=20, ge=5, le=600, description="Silence after which the broker believes that this device is gone."
    )
    retry_s: float = Field(default=1.0, ge=0.05, le=60, description="Pause before the first attempt to connect again.")
    retry_roof_s: float = Field(
        default=60.0, ge=0.1, le=3600, description="Longest pause between two attempts; the pause doubles up to it."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse what cannot be meant: a certificate without TLS, a key without a certificate."""
        if not self.tls and (self.ca_file or self.cert_file or self.key_file):
            raise ValueError("ca_file, cert_file and key_file need tls = true")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        return self

    @property
    def reached_port(self) -> int:
        """The port, the usual one unless given.

        >>> MqttOptions().reached_port, MqttOptions(tls=False).reached_port
        (8883, 1883)
        """
        return self.port or (8883 if self.tls else 1883)


class HeatOptions(BaseModel):
    """What becomes of the frame rate when the device gets hot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hot_c: float = Field(default=80.0, ge=30, le=120, description="From this temperature on, fewer frames are used.")
    cool_c: float = Field(default=72.0, ge=20, le=119, description="Below this one, more are used again.")
    dwell_s: float = Field(default=30.0, ge=1, le=3600, description="Least time between two steps of the frame rate.")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """Refuse a step down and a step up at the same temperature: it would flutter."""
        if self.hot_c - self.cool_c < 1:
            raise ValueError("cool_c must be at least 1 degree below hot_c")
        return self


class HealOptions(BaseModel):
    """How long each rung of the ladder is waited for, when no frames come that should."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rebuild_s: float = Field(
        default=60.0, ge=1, le=3600, description="After so long without a frame, camera and models are set up anew."
    )
    exit_s: float = Field(
        default=600.0, ge=2, le=86400, description="After so long, the daemon ends, for systemd to start it again."
    )
    hardware_watchdog: Path | None = Field(
        default=None,
        description="The machine's watchdog (/dev/watchdog), which restarts it where three starts brought no frame.",
    )


class TelemetryOptions(BaseModel):
    """The `[telemetry]` table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heartbeat_s: float = Field(default=30.0, ge=1, le=3600, description="How often a heartbeat is sent.")
    metrics: Annotated[str, AfterValidator(_listening)] = Field(
        default="",
        max_length=107,
        description='Where Prometheus may ask: "127.0.0.1:9464" or "unix:/run/smartlogd/metrics.sock"; else nowhere.',
    )
    mqtt: MqttOptions = Field(default_factory=MqttOptions, description="Which broker hears of this device.")
    heat: HeatOptions = Field(default_factory=HeatOptions, description="What is done when the device gets hot.")
    heal: HealOptions = Field(default_factory=HealOptions, description="What is done when no frames come.")

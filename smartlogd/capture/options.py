"""What can be set about the camera and the motion gate."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PixelFormat = Literal["rgb24", "bgr24", "i420", "nv12", "gray8"]
"""How a program lays out the pixels that it writes."""


class MotionOptions(BaseModel):
    """When a change in the picture counts as movement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensitivity: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="How little change counts as movement: 0 only plain movement, 1 almost any.",
    )
    smallest_height: float = Field(
        default=0.03,
        gt=0.0,
        le=1.0,
        description="Height of the smallest person to be noticed, as a fraction of the picture.",
    )
    memory_s: float = Field(
        default=2.0,
        ge=0.5,
        le=600.0,
        description="Seconds until someone who keeps still begins to belong to the background.",
    )
    heartbeat_s: float = Field(
        default=5.0, ge=0.2, le=3600.0, description="Seconds between looks at a scene in which nothing moves."
    )


class MicrophoneOptions(BaseModel):
    """The [capture.microphone] table: whether the device listens, and by what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(
        default=False, description="Whether the device listens for dogs and alarms. No sound is ever kept."
    )
    device: str = Field(
        default="auto",
        min_length=1,
        max_length=200,
        description='Which microphone: "auto" for the usual one, part of a name as PortAudio has it, or its number.',
    )
    stall_s: float = Field(
        default=5.0, ge=0.5, le=120.0, description="Seconds without sound after which a microphone is lost."
    )
    backoff_s: float = Field(
        default=1.0, ge=0.01, le=60.0, description="Pause before a lost microphone is first opened again."
    )
    backoff_roof_s: float = Field(
        default=30.0, ge=0.01, le=3600.0, description="Longest pause between two attempts; the pause doubles up to it."
    )


class CaptureOptions(BaseModel):
    """Which camera to use, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(
        default="auto",
        min_length=1,
        max_length=4096,
        description=(
            'Where frames come from: "auto", "picamera", /dev/videoN, an rtsp:// address, the path of a video, '
            '"demo", or "command:" and the command line of a program that writes raw frames.'
        ),
    )
    width_px: int = Field(
        default=640, ge=64, le=4096, description="Width asked of the camera; larger pictures are shrunk."
    )
    height_px: int = Field(
        default=480, ge=64, le=4096, description="Height asked of the camera; larger pictures are shrunk."
    )
    fps: float = Field(
        default=10.0, gt=0.0, le=120.0, description="Frames a second asked of the camera, and at most used."
    )
    rotate_deg: Literal[0, 90, 180, 270] = Field(
        default=0, description="How far to turn the picture clockwise, in degrees."
    )
    loop: bool = Field(default=False, description="Whether a video begins again at its end.")
    stall_s: float = Field(
        default=5.0, ge=0.1, le=120.0, description="Seconds without a frame after which a camera is lost."
    )
    open_s: float = Field(
        default=15.0, ge=0.1, le=300.0, description="Seconds that a camera may take to give its first frame."
    )
    backoff_s: float = Field(
        default=1.0, ge=0.01, le=60.0, description="Pause before a lost camera is first opened again."
    )
    backoff_roof_s: float = Field(
        default=5.0, ge=0.01, le=3600.0, description="Longest pause between two attempts; the pause doubles up to it."
    )
    command_format: PixelFormat = Field(
        default="rgb24", description="How the program of a command: source lays out its pixels."
    )
    motion: MotionOptions = Field(
        default=MotionOptions(), description="When a change in the picture counts as movement."
    )
    microphone: MicrophoneOptions = Field(
        default=MicrophoneOptions(), description="Whether the device listens, and by what."
    )

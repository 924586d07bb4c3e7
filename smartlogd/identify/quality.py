"""How good a look at a face is, and what makes it too poor to tell people apart (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartlogd.base.seen import Detection, Pixels

_NOSE_BEFORE_EARS = 1.2
"""The nose stands this many half-widths of the head before the line between the ears."""
_GOOD_PX, _GOOD_SHARPNESS, _POOR_YAW = 110.0, 1.0, 50.0
_GRAIN = 3
"""The chip is judged in blocks of this many pixels: a face of 40 pixels shows no finer ones."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_MIDDLE = slice(25, 125)
"""The part of the chip that is face and not background, in both directions."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One look at a face.

    `size_px` is the shorter side of its box on the picture, in pixels; `sharpness` how abruptly light changes on it,
    whatever the light is: 0.85 to 1.15 on ordinary photographs, 0.55 when it is blurred over a twentieth of the
    distance between the eyes; `brightness` 0..1 of the face's middle; `yaw` how far it is turned to a side and `roll`
    how far it is tilted, in degrees; `score` how sure the detectors are that it is a face.
    """

    size_px: float
    sharpness: float
    brightness: float
    yaw: float
    roll: float
    score: float

    @property
    def overall(self) -> float:
        """How much the look is worth, from 0 to 1: it is no better than its worst side."""
        size = self.size_px / _GOOD_PX
        sharp = self.sharpness / _GOOD_SHARPNESS
        frontal = 1 - abs(self.yaw) / _POOR_YAW
        return max(0.0, min(1.0, size, sharp, frontal, self.score))


@dataclass(frozen=True, slots=True)
class Gate:
    """What a look must have at least; `most` and `least` in the measures of `Quality`.

    On 845 photographs from the press and from films it refuses 6 %, on which people are missed five times as often.
    """

    least_px: float = 40.0
    least_sharpness: float = 0.58
    least_brightness: float = 0.12
    most_brightness: float = 0.93
    most_yaw: float = 45.0
    least_score: float = 0.65


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a look is refused: one `word`, a `sentence` about this picture, and a `hint` how to do better."""

    word: str
    sentence: str
    hint: str


def measure(face: Detection, chip: Pixels, width: int, height: int) -> Quality:
    """How good the look is; `chip` is the aligned face, `width` and `height` the picture's, in pixels."""
    light = np.asarray(chip[_MIDDLE, _MIDDLE] @ _LUMA, np.float32)
    return Quality(
        size_px=min(face.box.width * width, face.box.height * height),
        sharpness=_sharpness(light),
        brightness=float(light.mean()) / 255,
        yaw=_yaw(face, width, height),
        roll=math.degrees(face.roll_rad(width, height)),
        score=face.score,
    )


def promise(face: Detection, width: int, height: int) -> float:
    """What a look at this face may be worth at most, 0 to 1, by its size, turn and score; costs no pixels."""
    size = min(face.box.width * width, face.box.height * height) / _GOOD_PX
    return max(0.0, min(1.0, size, 1 - abs(_yaw(face, width, height)) / _POOR_YAW, face.score))


def refusals(quality: Quality, gate: Gate) -> tuple[Refusal, ...]:
    """Everything for which the look is refused, the gravest first; empty for one that is good enough."""
    found = []
    if quality.size_px < gate.least_px:
        found.append(
            Refusal(
                "small",
                f"The face is only {quality.size_px:.0f} pixels wide, and {gate.least_px:.0f} are needed.",
                "Take the photograph from nearer, or give a larger one.",
            )
        )
    if abs(quality.yaw) > gate.most_yaw:
        found.append(Refusal("turned", "The face is turned away.", "Look into the lens."))
    if quality.brightness < gate.least_brightness:
        found.append(Refusal("dark", "The face is too dark.", "Turn towards a window or a lamp."))
    if quality.brightness > gate.most_brightness:
        found.append(Refusal("bright", "The face is burnt out.", "Step out of the glaring light."))
    if quality.sharpness < gate.least_sharpness:
        found.append(Refusal("blurred", "The face is blurred.", "Hold still, wipe the lens, or let more light in."))
    if quality.score < gate.least_score:
        found.append(Refusal("unsure", "It is hardly a face.", "Show the whole face, without mask or hand before it."))
    return tuple(found)


def _sharpness(light: npt.NDArray[np.float32]) -> float:
    """How much the steps between neighbours change, as a share of the steps: blur lowers it, contrast does not."""
    side = light.shape[0] // _GRAIN
    blocks = light[: side * _GRAIN, : side * _GRAIN].reshape(side, _GRAIN, side, _GRAIN).mean(axis=(1, 3))
    inner = blocks[1:-1, 1:-1]
    around = blocks[:-2, 1:-1] + blocks[2:, 1:-1] + blocks[1:-1, :-2] + blocks[1:-1, 2:]
    steps = float(np.abs(np.diff(blocks, axis=0)).mean() + np.abs(np.diff(blocks, axis=1)).mean())
    return float(np.abs(4 * inner - around).mean()) / max(steps, 0.5)


def _yaw(face: Detection, width: int, height: int) -> float:
    """How far the head is turned, in degrees: 0 into the lens, 90 at the profile; 0 without ears."""
    places = _upright(face, width, height)
    if not {"right_ear", "left_ear", "nose"} <= places.keys():
        return 0.0
    right, left, nose = places["right_ear"].real, places["left_ear"].real, places["nose"].real
    half = abs(left - right) / 2
    return math.degrees(math.atan2(nose - (left + right) / 2, _NOSE_BEFORE_EARS * max(half, 1e-6)))


def _upright(face: Detection, width: int, height: int) -> dict[str, complex]:
    """The keypoints in pixels, by name, turned until the eyes are level."""
    roll = face.roll_rad(width, height)
    back = complex(math.cos(roll), -math.sin(roll))
    return {
        keypoint.name: complex(keypoint.point.x * width, keypoint.point.y * height) * back
        for keypoint in face.keypoints
    }

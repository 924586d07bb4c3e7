"""What one frame shows."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartlogd.base.geometry import Box, Point
from smartlogd.base.time import Stamp

Pixels = npt.NDArray[np.uint8]
"""uint8[h, w, 3], RGB, row-major."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Encoded video that a camera gives beside its frames, so that clips need no second encoding.

    `pts_s` is the presentation time in seconds on the stream's own clock, `codec` its name as FFmpeg
    writes it (h264, hevc, mjpeg), `data` the bytes of one access unit. `dts_s` is when it is to be decoded, on the
    same clock: None where that is when it is shown, as with every camera that looks only back.
    """

    pts_s: float
    is_key: bool
    codec: str
    data: bytes
    dts_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture: `seq` counts every frame the lens gave, also those dropped before this one.

    `pixels` is uint8[h, w, 3] RGB and read-only. `packets` are the encoded packets that arrived since
    the frame before this one (those of dropped frames included), oldest first. `glance` is what moved,
    where the camera has had the motion gate look already, in the time that decoding ahead leaves it. `pts_s` is when
    the packets' own clock shows this frame, where that is known: by it their times become ours. Packets show what
    the frame shows: a camera whose pictures are turned gives none.
    """

    seq: int
    stamp: Stamp
    pixels: Pixels
    packets: tuple[Packet, ...] = ()
    glance: Glance | None = None
    pts_s: float | None = None

    @property
    def aspect(self) -> float:
        """Width divided by height, in pixels."""
        height, width = self.pixels.shape[:2]
        return float(width) / float(height)


class Kind(enum.Enum):
    """What a detector can find."""

    FACE = "face"
    PERSON = "person"
    DOG = "dog"
    CAT = "cat"


@dataclass(frozen=True, slots=True)
class Keypoint:
    """A named place on a body or face: `point` on the picture, and how sure it is seen, 0..1.

    `world` is where it is in space, where the model says so: metres from the middle of the hips, x to the right and
    y down as the picture shows them (not as the body lies), z away from the camera.
    """

    name: str
    point: Point
    visibility: float = 1.0
    world: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """What a classifier takes someone to be doing: a word of the data model (sit, stand, lie, ...), and how surely."""

    what: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing found in one frame: what, where, how sure (0..1), its keypoints if it has any, and what it does.

    `guess` is that of the model of the registry's `action` slot, None where there is none.
    """

    kind: Kind
    box: Box
    score: float
    keypoints: tuple[Keypoint, ...] = ()
    guess: Guess | None = None

    def keypoint(self, name: str) -> Keypoint | None:
        """The keypoint of this name, if the detector gave one."""
        return next((keypoint for keypoint in self.keypoints if keypoint.name == name), None)

    def roll_rad(self, width: int, height: int) -> float:
        """How far a face is tilted, on a picture of this size in pixels: positive clockwise, 0 without both eyes."""
        right, left = self.keypoint("right_eye"), self.keypoint("left_eye")
        if right is None or left is None:
            return 0.0
        return math.atan2((left.point.y - right.point.y) * height, (left.point.x - right.point.x) * width)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What belongs to one being in one frame: its body, and its face where one was found.

    `body` is never missing: where only a face was seen, its box is what a body under that face would
    cover. `kind` and `score` are the body's.
    """

    body: Detection
    face: Detection | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A piece of sound: float32[n] mono at 16 kHz, -1 to 1, whose first sample was heard at `stamp`; gapless by `seq`.

    `seq` counts pieces; where one is missing, sound was lost between the two.
    """

    seq: int
    stamp: Stamp
    samples: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heard:
    """What one window of sound is like: how sure each word is (bark, howl, whine, speech, alarm, glass), 0..1.

    The window begins at `stamp` and lasts `span_s`. One more word, `lookalike`, says how sure it is of something else
    that is easily taken for a dog.
    """

    stamp: Stamp
    span_s: float
    scores: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """What the motion gate saw before any model ran.

    `moving` is the share of the picture that changed, `regions` the boxes around what moved (largest
    first), `light_changed` whether the whole picture became brighter or darker at once (which is no
    movement: `moving` is then 0).
    """

    moving: float
    regions: tuple[Box, ...]
    light_changed: bool

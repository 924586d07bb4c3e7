"""Where a face lies, as the embedder wants it laid: eyes, nose and mouth always in the same places (pure)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smartlogd.base.seen import Detection

CHIP = 150
"""The embedder's picture is this many pixels wide and high."""
KEYPOINTS = ("right_eye", "left_eye", "nose", "mouth")
"""What is laid upon `PLACES`, in their order; right and left are the person's own."""
PLACES = np.array([[47.8, 48.2], [104.8, 48.2], [79.3, 80.6], [77.8, 109.6]])
"""Where the four keypoints of a face lie on the chip, in its pixels."""

Matrix = npt.NDArray[np.float64]


def alignment(face: Detection, width: int, height: int) -> Matrix | None:
    """The turn, scale and shift, float64[2, 3], that takes picture pixels to the chip's pixels.

    It is the similarity without reflection that brings the keypoints nearest to their places by least squares
    (Umeyama 1991). `width` and `height` are the picture's, in pixels. None when a keypoint is missing, or when
    all lie in one place.
    """
    found = [face.keypoint(name) for name in KEYPOINTS]
    points = [keypoint.point for keypoint in found if keypoint is not None]
    if len(points) < len(KEYPOINTS):
        return None
    # A plane's similarities are z -> turn * z + shift over the complex numbers; least squares is one division there.
    seen = np.array([complex(point.x * width, point.y * height) for point in points])
    wanted = PLACES[:, 0] + 1j * PLACES[:, 1]
    from_middle, to_middle = seen - seen.mean(), wanted - wanted.mean()
    spread = float(np.vdot(from_middle, from_middle).real)
    if not spread > 0 or not np.isfinite(spread):
        return None
    turn = np.vdot(from_middle, to_middle) / spread
    if turn == 0:
        return None
    shift = wanted.mean() - turn * seen.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def scale(matrix: Matrix) -> float:
    """How many pixels of the chip one pixel of the picture becomes.

    >>> scale(np.array([[.3, -.4, 10], [.4, .3, 20]]))
    0.5
    """
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))

"""Picture maths: fitting, cutting, warping and encoding pixels. No files."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box, Fit
from smartlogd.base.seen import Pixels

_PLAIN_SHRINK = 0.5
"""Down to this scale, bilinear interpolation sees every pixel."""

_COARSE, _BRIGHT_SHARE = 4, 99
"""How bright a picture is, is judged by every fourth pixel of every fourth row, of which 99 in 100 are darker."""


def letterbox(pixels: Pixels, size: int, part: Box | None = None) -> tuple[Pixels, Fit]:
    """The picture (or `part` of it) scaled into a black size x size square, its shape kept.

    Plain bilinear without antialiasing: it is how the BlazeFace and BlazePose models were trained.
    """
    height, width = pixels.shape[:2]
    cut = (part or Box(0, 0, 1, 1)).clipped()
    x0, y0 = int(cut.x0 * width), int(cut.y0 * height)
    x1, y1 = max(x0 + 1, round(cut.x1 * width)), max(y0 + 1, round(cut.y1 * height))
    across, down = x1 - x0, y1 - y0
    scale = size / max(across, down)
    wide, high = max(1, round(across * scale)), max(1, round(down * scale))
    left, top = (size - wide) // 2, (size - high) // 2
    square = np.zeros((size, size, 3), np.uint8)
    cv2.resize(pixels[y0:y1, x0:x1], (wide, high), dst=square[top : top + high, left : left + wide])
    part_x0 = (x0 - left * across / wide) / width
    part_y0 = (y0 - top * down / high) / height
    fit = Fit(Box(part_x0, part_y0, part_x0 + size * across / wide / width, part_y0 + size * down / high / height))
    return square, fit


def squeezed(pixels: Pixels, size: int) -> tuple[Pixels, Fit]:
    """The whole picture scaled into a size x size square without padding, its shape given up."""
    return np.asarray(cv2.resize(pixels, (size, size)), np.uint8), Fit(Box(0, 0, 1, 1))


def scaled(pixels: Pixels, longest: int) -> Pixels:
    """The picture shrunk until its longer side is at most `longest` pixels; never enlarged."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def resampled(pixels: Pixels, matrix: npt.NDArray[np.float64], size: int) -> Pixels:
    """As `warped`, for a turn, scale and shift that may shrink much: then with antialiasing.

    What the square shows is cut out, shrunk by areas until half its scale is left at most, and warped from there.
    """
    shrunk = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if shrunk >= _PLAIN_SHRINK:
        return warped(pixels, matrix, size)
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64)
    seen = np.linalg.solve(matrix[:, :2], (corners - matrix[:, 2]).T).T
    low, high = np.floor(seen.min(axis=0)) - 1, np.ceil(seen.max(axis=0)) + 2
    x0, y0 = (int(np.clip(side, 0, most - 1)) for side, most in zip(low, (width, height), strict=True))
    x1, y1 = (int(np.clip(s, b + 1, most)) for s, b, most in zip(high, (x0, y0), (width, height), strict=True))
    cut = pixels[y0:y1, x0:x1]
    small = scaled(cut, max(1, int(np.ceil(max(cut.shape[:2]) * shrunk))))
    across, down = cut.shape[1] / small.shape[1], cut.shape[0] / small.shape[0]
    # Pixel i of the shrunk cut has its middle at (i + 1/2) * across - 1/2 of the cut.
    back = np.array([[across, 0, x0 + (across - 1) / 2], [0, down, y0 + (down - 1) / 2], [0, 0, 1]])
    return warped(small, matrix @ back, size)


def brightened(pixels: Pixels, white: int = 200) -> Pixels:
    """A picture so dark that hardly anything in it is above `white`, as bright as it can be; others as they are.

    All colours grow by one factor, so that the brightest hundredth becomes white.
    """
    brightest = float(np.percentile(pixels[::_COARSE, ::_COARSE], _BRIGHT_SHARE))
    if brightest >= white:
        return pixels
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=255 / max(brightest, 1.0)), np.uint8)


def mosaic(pixels: Pixels, blocks: int) -> Pixels:
    """The picture as `blocks` x `blocks` plain squares: what they average away cannot be brought back."""
    height, width = pixels.shape[:2]
    few = cv2.resize(pixels, (blocks, blocks), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def warped(pixels: Pixels, matrix: npt.NDArray[np.float64], size: int) -> Pixels:
    """A size x size square seen through `matrix` (2x3, picture pixels -> square pixels), edges repeated."""
    return np.asarray(
        cv2.warpAffine(pixels, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def jpeg(pixels: Pixels, quality: int = 85) -> bytes:
    """The picture as a JPEG file's bytes."""
    return _encoded(pixels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def unpacked(encoded: bytes) -> Pixels:
    """The picture, uint8[h, w, 3] RGB, in the bytes of a JPEG or PNG file that this program made itself.

    Raises UnusableInput where they hold none. Photographs from outside are opened by `identify.photo`.
    """
    found = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR) if encoded else None
    if found is None:
        raise UnusableInput("The bytes hold no picture.")
    return np.ascontiguousarray(found[..., ::-1], np.uint8)


def png(pixels: Pixels) -> bytes:
    """The picture as a PNG file's bytes."""
    return _encoded(pixels, ".png")


def _encoded(pixels: Pixels, ending: str, *parameters: int) -> bytes:
    try:
        done, data = cv2.imencode(ending, pixels[..., ::-1], parameters)
    except cv2.error:
        done = False
    if not done:
        raise UnusableInput(f"The picture could not be written as {ending}.", f"Its shape is {pixels.shape}.")
    return data.tobytes()

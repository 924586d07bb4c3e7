"""A photograph from anywhere becomes pixels, or a sentence: the one file that decodes pictures of others' making.

A file is read only if it is an ordinary one of at most 64 MiB; its first bytes decide which of six decoders sees it,
and its header's size is judged before anything of it is unpacked.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.seen import Pixels

LARGEST_FILE = 64 * 1024**2
MOST_PIXELS = 50_000_000
LONGEST_PX = 4096
_LARGE = 24_000_000
"""Above so many pixels a picture is worth nothing more whole than at half its size."""
FORMATS = tuple(
    plugin.format
    for plugin in (
        BmpImagePlugin.BmpImageFile,
        GifImagePlugin.GifImageFile,
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        TiffImagePlugin.TiffImageFile,
        WebPImagePlugin.WebPImageFile,
    )
)
_KINDS = "JPEG, PNG, WEBP, BMP, TIFF and GIF"
_ORIENTATION = 0x0112  # EXIF 2.32, 4.6.4: how the camera was held
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_SEE_THROUGH = ("RGBA", "LA", "PA", "RGBa", "La")
_PLAIN = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")

# What Pillow's decoders raise for bytes that are not what they claim to be: they parse first and check as they go.
_FOREIGN = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError, RuntimeError,
    struct.error, zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def read_photo(path: Path) -> Pixels:
    """The photograph in the file at `path`, upright, at most 4096 pixels long.

    JPEG, PNG, WEBP, BMP, TIFF and GIF (of several pictures the first); whatever its colours, they become RGB, and what
    one can see through stands on white. Raises Missing where there is no file, and UnusableInput for what is no file,
    no picture, broken, larger than 64 MiB or than 50 megapixels.
    """
    return _decoded(_content(path), path.name)


def _content(path: Path) -> bytes:
    """The file's bytes; a pipe or a device is never waited for."""
    try:
        _refuse_unless_file(path.stat(), path)
        # Whoever swaps the file for a pipe between the two looks gets no waiting either.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _refuse_unless_file(os.fstat(descriptor), path)
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise Missing(f"There is no file {path}.", "Check the name.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UnusableInput(f"{path} cannot be read: {reason}.", "Check its owner and permissions.") from error
    if len(content) > LARGEST_FILE:
        raise UnusableInput(f"{path.name} is larger than {LARGEST_FILE // 1024**2} MiB.", "Save it smaller.")
    return content


def _refuse_unless_file(about: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise UnusableInput(f"{path} is a folder.", "Name the photographs in it.")
    if not stat.S_ISREG(about.st_mode):
        raise UnusableInput(f"{path} is no ordinary file.", "Name a photograph.")


def _decoded(content: bytes, name: str) -> Pixels:
    with warnings.catch_warnings():
        # Pillow also warns of odd metadata, which is no matter here.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _pixels(content, name)
        except UnidentifiedImageError as error:
            hint = f"{_KINDS} are read; save photographs of other kinds as JPEG."
            raise UnusableInput(f"{name} is no picture of a kind that is read here.", hint) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many(name) from error
        except MemoryError as error:
            raise UnusableInput(f"{name} needs more memory than there is.", "Save it smaller.") from error
        except _FOREIGN as error:
            hint = "Copy it again from where it came from, or save it again as JPEG."
            raise UnusableInput(f"{name} is broken: its picture cannot be decoded.", hint) from error


def _pixels(content: bytes, name: str) -> Pixels:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise _too_many(name)
        # A large JPEG is unpacked at half its size or less, which takes a quarter of the room.
        image.draft(None, (LONGEST_PX // 2, LONGEST_PX // 2) if image.width * image.height > _LARGE else image.size)
        image.load()
        turn = _UPRIGHT.get(_orientation(image))
        coloured = _coloured(image, name)
        coloured.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.BILINEAR)  # first: a large copy less in memory
        flat = _on_white(coloured)
        return np.array(flat if turn is None else flat.transpose(turn))


def _orientation(image: Image.Image) -> int:
    """How the picture lies, 1 to 8; broken notes of the camera say nothing, and the picture is taken as it lies."""
    try:
        said = image.getexif().get(_ORIENTATION, 1)
    except _FOREIGN:
        return 1
    return said if isinstance(said, int) else 1


def _coloured(image: Image.Image, name: str) -> Image.Image:
    """The picture in RGB, or in RGBA where one can see through it, whatever kind of pixels the file has."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in _SIXTEEN_BIT:
        grey = np.clip(np.asarray(image), 0, 0xFFFF) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.mode in _SEE_THROUGH or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in _PLAIN:
        return image.convert("RGB")
    raise UnusableInput(f"{name} has pixels that are no photograph's ({image.mode}).", "Save it again as JPEG.")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _too_many(name: str) -> UnusableInput:
    return UnusableInput(f"{name} has more than {MOST_PIXELS // 1_000_000} megapixels.", "Save it smaller.")

"""Pictures from anywhere: the odd ones are read right, the hostile ones cost a sentence and nothing else."""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from smartlogd.base.errors import Missing, SmartlogError, UnusableInput
from smartlogd.base.seen import Pixels
from smartlogd.identify.photo import LONGEST_PX, read_photo

ADDRESS_SPACE = 1024**3


def scene(width: int = 96, height: int = 64) -> Pixels:
    """A picture whose corners differ, smooth enough to survive a JPEG: redder to the right, greener downwards."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([across, down, np.full_like(across, 60)], axis=2).astype(np.uint8)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes bytes, or a picture of a kind, to a file and gives its path."""

    def write(what: bytes | Image.Image, kind: str = "PNG", **options: object) -> Path:
        path = tmp_path / "photo"
        if isinstance(what, bytes):
            path.write_bytes(what)
        else:
            what.save(path, kind, **options)
        return path

    return write


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk (PNG specification, 5.3)."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, bits: int = 8, colour: int = 2, data: bytes = b"", extra: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """So many zero bytes, packed, in blocks that are all the same: packing them one after the other takes long."""
    packer, block = zlib.compressobj(9), bytes(1_000_000)
    first, again = (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (count // len(block) - 1) + packer.flush()


def near(one: Pixels, other: Pixels, by: float = 6.0) -> bool:
    return one.shape == other.shape and float(np.abs(one.astype(int) - other.astype(int)).mean()) < by


# Kinds of pictures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"compression": "packbits"}),
        ("TIFF", {"compression": "jpeg"}),
        ("TIFF", {"compression": "zstd"}),
        ("JPEG", {"quality": 90}),
        ("JPEG", {"quality": 90, "progressive": True}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
    ],
    ids=str,
)
def test_every_kind_gives_the_same_picture(written: Callable[..., Path], kind: str, options: dict[str, object]) -> None:
    seen = read_photo(written(Image.fromarray(scene()), kind, **options))
    assert seen.dtype == np.uint8
    assert near(seen, scene(), by=12 if kind == "GIF" else 6)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "LAB", "I;16", "I", "RGBA", "LA", "PA"])
def test_pixels_of_every_kind_become_rgb(written: Callable[..., Path], mode: str) -> None:
    grey = Image.fromarray(scene()).convert("L")
    image = {
        "I;16": lambda: Image.fromarray(np.asarray(grey).astype(np.uint16) << 8),
        "I": lambda: Image.fromarray(np.asarray(grey).astype(np.int32) << 8),
        "LAB": lambda: Image.new("LAB", (96, 64), (128, 0, 0)),
        "PA": lambda: Image.fromarray(scene()).convert("P").convert("PA"),
    }.get(mode, lambda: Image.fromarray(scene()).convert(mode))()
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "LAB", "I") else "PNG"
    seen = read_photo(written(image if mode != "PA" else image.convert("LA"), kind))
    assert seen.shape == (64, 96, 3)
    if mode in ("L", "I;16", "I", "LA"):
        assert near(seen, np.asarray(grey.convert("RGB")))


def test_a_cmyk_jpeg_keeps_its_colours(written: Callable[..., Path]) -> None:
    seen = read_photo(written(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95))
    assert near(seen, scene())


def test_sixteen_bits_of_grey_and_of_colour_are_shrunk_to_eight_not_cut(written: Callable[..., Path]) -> None:
    wide = scene().astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    assert near(read_photo(written(png(96, 64, bits=16, colour=2, data=rows))), scene(), by=1.5)
    rows = b"".join(b"\0" + row.tobytes() for row in wide[..., 0])
    seen = read_photo(written(png(96, 64, bits=16, colour=0, data=rows)))
    assert near(seen, np.repeat(scene()[..., :1], 3, axis=2), by=1.5)


def test_one_bit_a_pixel_is_black_and_white(written: Callable[..., Path]) -> None:
    half = Image.fromarray(np.where(scene()[..., 0] > 127, 255, 0).astype(np.uint8)).convert("1")
    seen = read_photo(written(half))
    assert seen[0, 0].tolist() == [0, 0, 0]
    assert seen[0, -1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["P", "RGB", "L"])
def test_a_transparent_colour_becomes_white(written: Callable[..., Path], mode: str) -> None:
    image = Image.new("RGB", (8, 8), (10, 10, 10)).convert(mode)
    at = image.getpixel((0, 0))
    seen = read_photo(written(image, "PNG", transparency=at))
    assert seen[4, 4].tolist() == [255, 255, 255]


def test_what_one_can_see_through_stands_on_white(written: Callable[..., Path]) -> None:
    clear = np.dstack([scene(), np.zeros((64, 96), np.uint8)])
    clear[:, 48:, 3] = 255
    seen = read_photo(written(Image.fromarray(clear)))
    assert (seen[:, :48] == 255).all()
    assert near(seen[:, 48:], scene()[:, 48:])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_however_the_camera_was_held_the_picture_is_upright(
    written: Callable[..., Path], orientation: int, kind: str
) -> None:
    """The picture is laid down the other way round first: the inverse of each turn, by hand."""
    upright = scene()
    laid = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(kind, {})
    path = written(Image.fromarray(np.ascontiguousarray(laid)), kind, exif=exif, **options)
    assert near(read_photo(path), upright)


@pytest.mark.parametrize("value", [0, 9, 77])
def test_an_orientation_that_means_nothing_changes_nothing(written: Callable[..., Path], value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert near(read_photo(written(Image.fromarray(scene()), "JPEG", quality=95, exif=exif)), scene())


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0nothing", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"]
)
def test_a_broken_exif_does_not_spoil_the_picture(written: Callable[..., Path], exif: bytes) -> None:
    assert near(read_photo(written(Image.fromarray(scene()), "JPEG", quality=95, exif=exif)), scene())


def test_a_huge_exif_does_not_spoil_the_picture(written: Callable[..., Path]) -> None:
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    assert near(read_photo(written(Image.fromarray(scene()), "JPEG", quality=95, exif=exif)), scene())
    exif[0x010E] = "x" * 8_000_000
    assert near(read_photo(written(Image.fromarray(scene()), "PNG", exif=exif)), scene())


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_a_moving_picture_the_first_is_read(written: Callable[..., Path], kind: str) -> None:
    first, second = Image.new("RGB", (32, 32), (200, 0, 0)), Image.new("RGB", (32, 32), (0, 0, 200))
    seen = read_photo(written(first, kind, save_all=True, append_images=[second]))
    assert near(seen, np.asarray(first))


def test_one_pixel_is_a_picture(written: Callable[..., Path]) -> None:
    assert read_photo(written(Image.new("RGB", (1, 1), (1, 2, 3)))).tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize(("kind", "size"), [("PNG", (6000, 3000)), ("JPEG", (9000, 300)), ("PNG", (1, 9000))])
def test_a_large_picture_is_scaled_down(written: Callable[..., Path], kind: str, size: tuple[int, int]) -> None:
    seen = read_photo(written(Image.new("RGB", size, (9, 99, 199)), kind))
    assert max(seen.shape) == LONGEST_PX
    assert seen[0, 0] == pytest.approx([9, 99, 199], abs=3)


# Hostile ones --------------------------------------------------------------------------------------------------------


def test_a_bomb_of_30_000_by_30_000_is_refused_without_being_unpacked(tmp_path: Path) -> None:
    """In a process with a roof over its memory: unpacked it would need 2.7 GB."""
    bomb = tmp_path / "bomb.png"
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zeros(30_000 * (1 + 30_000 * 3) // 1_000_000 * 1_000_000 + 1_000_000))
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b""))
    assert bomb.stat().st_size < 4 * 1024**2
    assert "has more than 50 megapixels" in refused_under_a_roof(bomb)


def test_the_worst_that_is_let_in_is_read_within_bounds(tmp_path: Path) -> None:
    """Just under 50 megapixels, see-through, tiny as a file."""
    path = tmp_path / "worst.png"
    Image.new("RGBA", (7000, 7000), (1, 2, 3, 128)).save(path)
    assert refused_under_a_roof(path) == "(4096, 4096, 3)"


def refused_under_a_roof(path: Path) -> str:
    """What reading `path` gives in a process that may use 1 GiB in all."""
    told = (
        "import resource, sys; from pathlib import Path\n"
        "from smartlogd.base.errors import SmartlogError\n"
        "from smartlogd.identify.photo import read_photo\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({ADDRESS_SPACE},) * 2)\n"
        "try: print(read_photo(Path(sys.argv[1])).shape)\n"
        "except SmartlogError as error: print(error.what)\n"
    )
    done = subprocess.run([sys.executable, "-c", told, path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_truncated_file_is_refused(written: Callable[..., Path], kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    whole = encoded(Image.fromarray(noise), kind)
    with pytest.raises(UnusableInput):
        read_photo(written(whole[: int(len(whole) * share)]))


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"iCCP", b"profile\0\0" + zeros(200_000_000)),
        chunk(b"zTXt", b"Comment\0\0" + zeros(200_000_000)),
    ],
    ids=["iCCP", "zTXt"],
)
def test_a_giant_note_in_a_png_is_not_unpacked(tmp_path: Path, extra: bytes) -> None:
    path = tmp_path / "note.png"
    path.write_bytes(png(8, 8, data=(b"\0" + bytes(24)) * 8, extra=extra))
    assert "is broken" in refused_under_a_roof(path)


def test_many_notes_in_a_png_are_not_gathered_without_bound(tmp_path: Path) -> None:
    note = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000), 9))
    path = tmp_path / "notes.png"
    path.write_bytes(png(8, 8, data=(b"\0" + bytes(24)) * 8, extra=note * 500))
    assert "is broken" in refused_under_a_roof(path)


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"GIF89a", b"not a picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%PDF-1.4"]
)
def test_what_is_no_picture_is_refused(written: Callable[..., Path], content: bytes) -> None:
    with pytest.raises(UnusableInput):
        read_photo(written(content))


def test_a_picture_of_a_kind_that_is_not_read_says_which_are(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    Image.new("RGB", (8, 8)).save(path, "PPM")
    with pytest.raises(UnusableInput, match=r"picture.jpg is no picture of a kind") as refusal:
        read_photo(path)
    assert "JPEG" in refusal.value.hint


def test_floating_point_pixels_are_no_photographs(written: Callable[..., Path]) -> None:
    with pytest.raises(UnusableInput, match="no photograph"):
        read_photo(written(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF"))


@pytest.mark.parametrize("compression", [9, 34661, 50001, 65000])
def test_a_tiff_packed_in_a_way_nobody_knows_is_refused(written: Callable[..., Path], compression: int) -> None:
    whole = bytearray(encoded(Image.fromarray(scene()), "TIFF"))
    at = whole.index(struct.pack("<HHI", 259, 3, 1)) + 8
    whole[at : at + 2] = struct.pack("<H", compression)
    with pytest.raises(UnusableInput):
        read_photo(written(bytes(whole)))


def test_a_file_that_is_too_long_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "long.jpg"
    with path.open("wb") as file:
        file.truncate(64 * 1024**2 + 1)
    with pytest.raises(UnusableInput, match="larger than 64 MiB"):
        read_photo(path)


def test_a_pipe_a_device_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    link = tmp_path / "link.jpg"
    link.symlink_to("/dev/zero")
    for path, said in ((pipe, "no ordinary file"), (link, "no ordinary file"), (tmp_path, "is a folder")):
        with pytest.raises(UnusableInput, match=said):
            read_photo(path)


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        read_photo(tmp_path / "nobody.jpg")
    for name in ("n\0ul.jpg", "x" * 300):
        with pytest.raises(UnusableInput, match="cannot be read"):
            read_photo(tmp_path / name)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_bytes_gone_wrong_give_pixels_or_a_sentence(written: Callable[..., Path], kind: str) -> None:
    """Every third try also damages the header, where the sizes and offsets are."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("a", "b" * 100, zip=True)
    whole = encoded(Image.fromarray(scene()), kind, **({"pnginfo": notes} if kind == "PNG" else {}))
    chance, told = random.Random(7), []
    for turn in range(150):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(min(len(broken), 120 if turn % 3 else len(broken)))] = chance.randrange(256)
        try:
            assert read_photo(written(bytes(broken))).ndim == 3
        except SmartlogError as error:
            told.append(error.what)
    assert all(what.endswith(".") for what in told)

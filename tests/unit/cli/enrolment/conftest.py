"""A device with the face models and nobody known yet, and photographs made of one astronaut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from smartlogd.base.seen import Pixels

MODELS = ("face_short_range", "face_full_range", "face_embedder")
PHOTOS = Path(__file__).parents[4].parent / "shared" / "data" / "faces"


@pytest.fixture
def device(state: Path, model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of a device that can enrol."""
    paths = [model(name) for name in MODELS]
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(paths[0].parent))
    return state


@pytest.fixture
def astronaut(model: Callable[[str], Path]) -> Image.Image:
    """A photograph of one woman (NASA, public domain), 512 pixels square."""
    with Image.open(model("astronaut")) as image:
        return image.convert("RGB")


@pytest.fixture
def album(tmp_path: Path, astronaut: Image.Image) -> dict[str, Path]:
    """Photographs by what is to be seen in them."""
    pixels = np.asarray(astronaut)
    made = {
        "good": astronaut,
        "mirrored": astronaut.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "brighter": ImageEnhance.Brightness(astronaut).enhance(1.3).rotate(8),
        "two": Image.fromarray(np.hstack([pixels, pixels])),
        "nobody": Image.fromarray(np.full_like(pixels, 90)),
        "small": astronaut.resize((150, 150)),
        "night": ImageEnhance.Brightness(astronaut).enhance(0.08),
    }
    folder = tmp_path / "album"
    folder.mkdir()
    for name, image in made.items():
        image.save(folder / f"{name}.png")
    return {name: folder / f"{name}.png" for name in made}


@pytest.fixture
def closer(astronaut: Image.Image) -> Callable[[float, int], Pixels]:
    """The astronaut's head and shoulders, `zoom` times as large and shifted by some pixels: 640 by 480."""

    def seen(zoom: float, shift: int) -> Pixels:
        side = 300 / zoom
        part = (225 - side / 2 + shift, 120 - side * 0.375, 225 + side / 2 + shift, 120 + side * 0.375)
        return np.asarray(astronaut.transform((640, 480), Image.Transform.EXTENT, part, Image.Resampling.BILINEAR))

    return seen

"""Videos made on the spot, cameras that misbehave, and a clock that a test can set."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from smartlogd.base.time import Stamp

HERE = Path(__file__).parent
DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

Film = Callable[..., Path]


def stamp(t_s: float) -> Stamp:
    return Stamp(round(t_s * 1e9), DAY + dt.timedelta(seconds=t_s), trusted=True)


@pytest.fixture
def fake_lenses(monkeypatch: pytest.MonkeyPatch) -> str:
    """The module of misbehaving cameras, importable here and in a camera's child process."""
    monkeypatch.syspath_prepend(str(HERE))
    yield "fake_lenses"
    sys.modules.pop("fake_lenses", None)


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Write a video whose picture number n is in shade 8 n, at the given times."""

    def write(
        name: str = "clip.mp4",
        *,
        times_s: Sequence[float] = tuple(n / 10 for n in range(20)),
        size: tuple[int, int] = (160, 120),
        codec: str = "libx264",
        format_: str | None = None,
        options: dict[str, str] | None = None,
        pixel_format: str = "yuv420p",
        tags: dict[str, str] | None = None,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", format=format_, options=options or {}) as container:
            container.metadata.update(tags or {})
            stream = container.add_stream(codec, rate=10)
            stream.width, stream.height = size
            stream.pix_fmt = pixel_format
            stream.codec_context.gop_size = 5
            stream.codec_context.time_base = Fraction(1, 1000)
            for number, t_s in enumerate(times_s):
                picture = np.full((size[1], size[0], 3), 8 * number % 256, np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)
                frame.pts, frame.time_base = round(t_s * 1000), Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """A file with sound and no pictures."""
    path = tmp_path / "tone.m4a"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        for number in range(4):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, number * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path

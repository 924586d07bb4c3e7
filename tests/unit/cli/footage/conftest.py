"""A made clip, and a detector that sees what is made in it: so that replays run without models."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from smartlogd import wiring
from smartlogd.__main__ import code
from smartlogd.base.geometry import Box
from smartlogd.base.seen import Detection, Frame, Kind

FPS = 10
WIDTH, HEIGHT = 160, 120


class BlobDetector:
    """Finds the bright thing on a dark ground and takes it for a person; a detector like any other."""

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        rows, columns = np.nonzero(frame.pixels[..., 0] > 150)
        if len(rows) < 20:
            return ()
        height, width = frame.pixels.shape[:2]
        box = Box(columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height)
        return (Detection(Kind.PERSON, box, 0.9),)

    async def close(self) -> None:
        return


@dataclass(frozen=True)
class Said:
    """What a command left behind: exit code, standard output and standard error."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def seen_as_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "detector", lambda settings: BlobDetector())


@pytest.fixture
def smartlogd(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Runs the command line in this process, in an empty folder and without anyone's configuration."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(home)

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["smartlogd", *(str(word) for word in words)])
        ended = code()
        said = capsys.readouterr()
        return Said(ended, said.out, said.err)

    return run


def make_clip(path: Path, centres: Sequence[float | None], *, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """A clip at 10 fps in which something bright stands at these fractions of the width; None shows nothing."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, FPS)
        for number, centre in enumerate(centres):
            picture = np.full((height, width, 3), 40, np.uint8)
            if centre is not None:
                left, right = round((centre - 0.1) * width), round((centre + 0.1) * width)
                picture[height // 4 : height * 3 // 4, max(0, left) : max(0, right)] = 230
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


RIGHTWARDS = tuple(n / 30 for n in range(2, 29))
LEFTWARDS = RIGHTWARDS[::-1]


@pytest.fixture
def there_and_back(tmp_path: Path) -> Path:
    """Someone walks to the right, stays a while, and walks back."""
    return make_clip(tmp_path / "there_and_back.mp4", (*RIGHTWARDS, *[RIGHTWARDS[-1]] * 8, *LEFTWARDS))


@pytest.fixture
def nobody(tmp_path: Path) -> Path:
    """An empty scene of 2 s."""
    return make_clip(tmp_path / "nobody.mp4", [None] * 20)


@pytest.fixture
def someone(tmp_path: Path) -> Path:
    """Someone stands at a quarter of the width for half a second."""
    return make_clip(tmp_path / "someone.mp4", [0.25] * 5)


@pytest.fixture
def two_sizes(tmp_path: Path) -> Path:
    """Someone walks to the right, and half way through the pictures become twice as large."""
    half = len(RIGHTWARDS) // 2
    path = tmp_path / "two_sizes.ts"
    with path.open("wb") as whole:
        for number, (centres, scale) in enumerate(((RIGHTWARDS[:half], 1), (RIGHTWARDS[half:], 2))):
            part = tmp_path / f"part{number}.ts"
            _mpeg_part(part, centres, (WIDTH * scale, HEIGHT * scale), number * half)
            whole.write(part.read_bytes())
    return path


def _mpeg_part(path: Path, centres: Sequence[float], size: tuple[int, int], first: int) -> None:
    """A piece of an MPEG-2 transport stream whose clock goes on from frame `first`."""
    width, height = size
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for number, centre in enumerate(centres):
            picture = np.full((height, width, 3), 40, np.uint8)
            picture[height // 4 : height * 3 // 4, round((centre - 0.1) * width) : round((centre + 0.1) * width)] = 230
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = (number + first) * 2, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

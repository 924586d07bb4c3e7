"""Draw README's picture: film the demo, let `smartlogd replay --out` count in it, keep one annotated frame.

usage: python scripts/draw_picture.py MODELS_FOLDER docs/picture.png
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import av

from smartlogd.base.pixels import png
from smartlogd.capture.demo import Doorway
from smartlogd.detect.registry import Registry, read_catalogue
from smartlogd.record.movie import Movie

FPS = 15
SHOWN_S = 22.4
"""Someone is in the doorway, and the counts above are no longer zero."""


def main(models: Path, picture: Path) -> None:
    """Film, count, and keep the frame at `SHOWN_S`."""
    registry = Registry(read_catalogue(), models)
    doorway = Doorway((registry.path("astronaut"), registry.path("camera")))
    with tempfile.TemporaryDirectory() as folder:
        plain, annotated = Path(folder) / "demo.mp4", Path(folder) / "annotated.mp4"
        with Movie(plain, FPS) as movie:
            for number in range(round((SHOWN_S + 1) * FPS)):
                movie.add(doorway.picture(number / FPS, number), number / FPS)
        command = [str(Path(sys.executable).parent / "smartlogd"), "replay", str(plain), "--out", str(annotated)]
        subprocess.run(
            [*command, "--line", "door=0.5,0,0.5,1:right"],
            check=True,
            env={**os.environ, "SMARTLOG_DETECT__MODELS_DIR": str(models)},
        )
        with av.open(str(annotated)) as video:
            shown = next(frame for frame in video.decode(video=0) if frame.time >= SHOWN_S)
    picture.write_bytes(png(shown.to_ndarray(format="rgb24")))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""A camera program that can be frozen: writes the demo as raw frames, but stands still while a file is there.

Arguments: that file, the two photographs, width, height, frames a second, and how it freezes: `thaws` goes on when the
file has gone, `stuck` never does again. It takes no notice of being asked to end.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from smartlogd.capture.demo import film
from smartlogd.capture.options import CaptureOptions


def main(flag: Path, photos: tuple[Path, ...], options: CaptureOptions, *, is_stuck: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for shot in film(options, photos):
        while flag.exists():
            time.sleep(3600 if is_stuck else 0.02)
        sys.stdout.buffer.write(shot.pixels.tobytes())
        sys.stdout.buffer.flush()
        time.sleep(1 / options.fps)


if __name__ == "__main__":
    flag, astronaut, cameraman, width, height, fps, how = sys.argv[1:]
    main(
        Path(flag),
        (Path(astronaut), Path(cameraman)),
        CaptureOptions(width_px=int(width), height_px=int(height), fps=float(fps)),
        is_stuck=how == "stuck",
    )

"""The Jetson's camera line of docs/JETSON.md, word for word, with a made picture in the place of NVIDIA's elements."""

from __future__ import annotations

import re
import shutil
import tomllib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from smartlogd.capture.command import film
from smartlogd.capture.options import CaptureOptions

PAGE = Path(__file__).parents[2] / "docs" / "JETSON.md"

pytestmark = pytest.mark.services


@pytest.fixture
def documented() -> CaptureOptions:
    """The settings that the page shows, with red pictures of GStreamer's own, and its remarks not hushed."""
    if shutil.which("gst-launch-1.0") is None:
        pytest.skip("needs gst-launch-1.0, which `make test-deps` brings")
    block = next(text for text in re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL) if "nvargus" in text)
    options = CaptureOptions(**tomllib.loads(block)["capture"])
    line, swapped = re.subn(
        r"-q nvarguscamerasrc.*?! nvvidconv", "videotestsrc pattern=red ! videoconvert", options.source
    )
    assert swapped == 1
    return options.model_copy(update={"source": line})


def is_red(options: CaptureOptions) -> bool:
    """Whether the first three pictures that the real capture makes of the line are red all over."""
    with closing(film(options)) as shots:  # type: ignore[type-var]
        pictures = [next(shots).pixels.astype(int) for _ in range(3)]
    assert {picture.shape for picture in pictures} == {(options.height_px, options.width_px, 3)}
    return all(np.abs(picture - (254, 0, 0)).max() < 8 for picture in pictures)


def test_the_documented_line_gives_frames_whatever_is_said_beside_them(documented: CaptureOptions) -> None:
    assert is_red(documented)


def test_on_plain_standard_output_what_is_said_would_be_in_the_frames(documented: CaptureOptions) -> None:
    plain = documented.source.replace("fdsink fd=3 3>&1 1>&2", "fdsink fd=1")
    assert not is_red(documented.model_copy(update={"source": plain}))

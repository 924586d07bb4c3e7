"""Running TFLite, and what is said when it cannot."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from smartlogd.base.errors import Exit, Missing, UnusableInput
from smartlogd.detect.interpreter import from_bytes, load


@pytest.fixture
def face(model):
    return load(model("face_short_range"), "face_short_range")


def test_a_model_says_its_name_and_shape(face) -> None:
    assert face.name == "face_short_range"
    assert face.input_shape == (1, 128, 128, 3)


def test_the_outputs_come_in_the_model_s_order_and_are_copies(face) -> None:
    black = np.full(face.input_shape, -1, np.float32)
    offsets, logits = face(black)
    assert (offsets.shape, logits.shape) == ((1, 896, 16), (1, 896, 1))
    before = offsets.copy()
    face(-black)
    assert np.array_equal(offsets, before)


def test_the_same_tensor_gives_the_same_numbers(face) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, face.input_shape).astype(np.float32)
    assert np.array_equal(face(noise)[0], face(noise)[0])


def test_a_tensor_that_does_not_fit_is_refused_in_words(face) -> None:
    with pytest.raises(UnusableInput, match="face_short_range was given uint8"):
        face(np.zeros((1, 128, 128, 3), np.uint8))
    with pytest.raises(UnusableInput, match=r"takes float32\(1, 128, 128, 3\)"):
        face(np.zeros((1, 64, 64, 3), np.float32))


def test_other_threads_run_while_a_model_does(model) -> None:
    landmark = load(model("pose_landmark_full"), "pose_landmark_full")
    picture = np.zeros(landmark.input_shape, np.float32)
    inside, counted = threading.Event(), 0

    def run() -> None:
        inside.set()
        for _ in range(5):
            landmark(picture)

    thread = threading.Thread(target=run)
    thread.start()
    inside.wait()
    while thread.is_alive():
        counted += 1
    thread.join()
    assert counted > 100  # a model that held the interpreter lock would let this thread run once in 5 ms


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x1c\x00\x00\x00TFL3" + bytes(200)])
def test_bytes_that_are_no_model_are_refused_by_the_model_s_name(content) -> None:
    with pytest.raises(UnusableInput, match="pose_detector") as refused:
        from_bytes(content, "pose_detector")
    assert "models fetch" in refused.value.hint


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="face_full_range") as missing:
        load(tmp_path / "nothing.tflite", "face_full_range")
    assert missing.value.code == Exit.MISSING


def test_a_delegate_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="delegate"):
        from_bytes(b"", "face", tmp_path / "libedgetpu.so.1")


def test_a_delegate_that_is_no_library_is_told_so(tmp_path: Path) -> None:
    library = tmp_path / "libedgetpu.so.1"
    library.write_bytes(b"no library")
    with pytest.raises(UnusableInput, match="cannot be used"):
        from_bytes(b"", "face", library)


def test_without_any_runtime_the_hint_says_what_to_install(monkeypatch) -> None:
    for name in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(Missing, match="No TFLite runtime") as missing:
        from_bytes(b"", "face")
    assert "ai-edge-litert" in missing.value.hint


def test_models_loaded_by_two_threads_leave_standard_error_where_it_was(model) -> None:
    content, before = model("face_short_range").read_bytes(), os.fstat(2)
    threads = [threading.Thread(target=from_bytes, args=(content, "face_short_range")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = os.fstat(2)
    assert (after.st_dev, after.st_ino) == (before.st_dev, before.st_ino)

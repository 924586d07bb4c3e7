"""A converted model gives dlib's numbers before it is used, or is not used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dlibmade import convolution, dat

from smartlogd.base.errors import UnusableInput
from smartlogd.detect import proof
from smartlogd.detect.catalogue import Precision
from smartlogd.detect.resnet import MATRIX, kernels


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_the_real_weights_are_proved(model: Callable[[str], Path], precision: Precision) -> None:
    file = proof.made(model("dlib_face_resnet").read_bytes(), precision, "one")
    assert file[4:8] == b"TFL3"


def test_a_network_of_the_right_shape_with_other_numbers_is_refused() -> None:
    layers = [convolution(kernel, seed) for seed, kernel in enumerate(kernels())]
    with pytest.raises(UnusableInput, match="one was made, but does not give dlib's numbers"):
        proof.made(dat(layers, np.full(MATRIX, 0.01, np.float32)), "float32", "one")


def test_the_numbers_in_the_code_are_those_of_dlib(model: Callable[[str], Path]) -> None:
    dlib = pytest.importorskip("dlib")
    network = dlib.face_recognition_model_v1(str(model("dlib_face_resnet")))
    np.testing.assert_allclose(network.compute_face_descriptor(proof.pattern()), proof.EXPECTED, atol=1e-5)

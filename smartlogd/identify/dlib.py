"""The same network as face_recognition runs it: by dlib, twenty times slower than TFLite, for comparison."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.seen import Pixels
from smartlogd.base.who import NETWORK, Embedding

WEIGHTS = "dlib_face_recognition_resnet_model_v1.dat"
WEIGHTS_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"

_INSTALL = 'Install it: pip install "smartlogd[face-recognition]".'


class DlibEmbedder:
    """face_recognition's network, run by dlib."""

    def __init__(self, weights: Path | None = None) -> None:
        """`weights` is the network's file; without it, the one that the package face_recognition_models brings.

        Raises Missing, with the way to install it, without dlib or the file, and UnusableInput when the file
        is another one: the points of two networks are not to be compared.
        """
        path = weights or installed_weights()
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise Missing(f"The network's file {path} cannot be read: {error.strerror}.", _INSTALL) from error
        if digest != WEIGHTS_SHA256:
            raise UnusableInput(f"{path} is not the network of face_recognition.", f"Its SHA-256 is {digest}.")
        self._network = _opened(path)

    @property
    def model(self) -> str:
        """Which network makes the points: the one that TFLite runs, too."""
        return NETWORK

    def embed(self, chip: Pixels) -> Embedding:
        """The embedding, float32[128], of one aligned chip, uint8[150, 150, 3] RGB.

        Raises UnusableInput for a picture of another size or type.
        """
        try:
            vector = self._network.compute_face_descriptor(np.ascontiguousarray(chip))
        except (RuntimeError, TypeError) as error:
            raise UnusableInput(
                f"dlib was given a picture of {chip.dtype}{chip.shape}.", "It takes uint8(150, 150, 3)."
            ) from error
        return np.asarray(vector, np.float32)


def installed_weights() -> Path:
    """Where the package face_recognition_models keeps the network.

    The package is found, not imported: importing it wants pkg_resources, which newer setuptools lack.
    Raises Missing where it is not installed.
    """
    spec = importlib.util.find_spec("face_recognition_models")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        return Path(place) / "models" / WEIGHTS
    raise Missing("The package face_recognition_models is not installed.", _INSTALL)


def _opened(path: Path) -> Any:
    try:
        import dlib
    except ImportError as absent:
        raise Missing("The Python package dlib is not installed.", _INSTALL) from absent
    return dlib.face_recognition_model_v1(str(path))

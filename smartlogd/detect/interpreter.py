"""The one file that runs TFLite: ai-edge-litert, else tflite-runtime.

`invoke` lets other Python threads run, so that two models in two threads work side by side; inside a
model one thread is used, because with two the slow tail grew to 0.8 s under load.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.ports import Tensor

log = logging.getLogger("smartlogd.detect")

_RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
_FOREIGN = (ValueError, RuntimeError, OSError)  # what the runtimes raise for bytes or delegates they cannot use


@dataclass(frozen=True, slots=True)
class Form:
    """The type and the shape of one tensor: ("float32", (1, 256, 256, 3))."""

    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


class TfliteModel:
    """A TFLite file ready to run: one input, one thread."""

    def __init__(self, name: str, interpreter: Any) -> None:
        self._name = name
        self._interpreter = interpreter
        details = interpreter.get_input_details()[0]
        self._input = int(details["index"])
        self._shape = tuple(int(side) for side in details["shape"])
        self._dtype = np.dtype(details["dtype"])
        self._outputs = tuple(int(output["index"]) for output in interpreter.get_output_details())
        self.takes = _form(details)
        self.gives = tuple(_form(output) for output in interpreter.get_output_details())

    @property
    def name(self) -> str:
        """Name and version as the registry writes them."""
        return self._name

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the one input, batch included."""
        return self._shape

    def __call__(self, tensor: Tensor) -> tuple[Tensor, ...]:
        """Run once; the outputs are copies, in the model's own order.

        Raises UnusableInput when the tensor has another shape or type than the model's input.
        """
        if tensor.shape != self._shape or tensor.dtype != self._dtype:
            raise UnusableInput(
                f"The model {self._name} was given {tensor.dtype}{tensor.shape}.",
                f"It takes {self._dtype}{self._shape}.",
            )
        try:
            self._interpreter.set_tensor(self._input, tensor)
            self._interpreter.invoke()
        except _FOREIGN as error:
            raise UnusableInput(f"The model {self._name} failed while running: {_first_line(error)}.") from error
        return tuple(self._interpreter.get_tensor(index) for index in self._outputs)


def _form(details: Mapping[str, Any]) -> Form:
    """A tensor's type and shape; where a model leaves sizes open, they are -1 in its `shape_signature`."""
    shape = details.get("shape_signature", details["shape"])
    return Form(np.dtype(details["dtype"]).name, tuple(int(side) for side in shape))


def load(path: Path, name: str, delegate: Path | None = None) -> TfliteModel:
    """The model in the file at `path`, planned and ready; `delegate` is a shared library such as Coral's libedgetpu.

    The file is read here and handed over as bytes, so that what was verified is what runs even if the
    file is replaced meanwhile. Raises Missing without the file, the runtime or the delegate, and
    UnusableInput when the bytes are no TFLite model of one input.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Missing(f"The model {name} cannot be read from {path}.", "Fetch it: smartlogd models fetch.") from error
    return from_bytes(content, name, delegate)


def from_bytes(content: bytes, name: str, delegate: Path | None = None) -> TfliteModel:
    """The model whose file's bytes are `content`; errors as in `load`."""
    interpreter_class, load_delegate = _runtime()
    extra = [] if delegate is None else [_delegate(load_delegate, delegate)]
    try:
        with _aside():
            interpreter = interpreter_class(model_content=content, num_threads=1, experimental_delegates=extra)
            interpreter.allocate_tensors()
    except _FOREIGN as error:
        raise UnusableInput(
            f"The file of the model {name} is no TFLite model that this machine can run: {_first_line(error)}.",
            "Fetch it again: smartlogd models fetch.",
        ) from error
    if len(interpreter.get_input_details()) != 1:
        raise UnusableInput(f"The model {name} has more than one input.", "Only models of one input are run here.")
    return TfliteModel(name, interpreter)


_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def _aside() -> Iterator[None]:
    """What the runtime's C++ writes to standard error goes to our log instead, at debug level.

    It greets every model with a line of its own, and no setting of its keeps it from that. Standard error is the
    whole process's: two threads that load models take turns, or one would put the other's aside for good.
    """
    with _ONE_AT_A_TIME:
        sys.stderr.flush()
        said, stderr = os.memfd_create("smartlogd-tflite"), os.dup(2)
        os.dup2(said, 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    with os.fdopen(said, "rb") as notes:
        notes.seek(0)
        for line in notes.read(64 * 1024).decode(errors="replace").splitlines():
            log.debug("the runtime says", extra={"line": line})


def _runtime() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The interpreter class and the delegate loader of the first TFLite runtime that is installed."""
    for module in _RUNTIMES:
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError:
            continue
        return found.Interpreter, found.load_delegate
    raise Missing("No TFLite runtime is installed.", "Install it: pip install ai-edge-litert.")


def _delegate(load_delegate: Callable[..., Any], path: Path) -> Any:
    if not path.is_file():
        raise Missing(f"The delegate {path} is not there.", "Correct [detect] delegate, or leave it out.")
    try:
        ctypes.CDLL(
            str(path)
        )  # first by ourselves: the runtime's own failure prints a traceback later, from a destructor
        return load_delegate(str(path))
    except _FOREIGN as error:
        raise UnusableInput(
            f"The delegate {path} cannot be used: {_first_line(error)}.",
            "Is the accelerator plugged in, and the library built for this machine?",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")

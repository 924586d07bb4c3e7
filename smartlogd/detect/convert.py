"""Writing a network as a TFLite file, which is a tree of FlatBuffers tables.

Each table is written here field by field, in an order that depends on nothing: so the bytes are the same
on every machine, and the file's hash can be known before it is made.
Source: the numbers of fields and operators are those of TFLite's schema.fbs, where they never change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import flatbuffers
import numpy as np

from smartlogd.detect.catalogue import Precision
from smartlogd.detect.network import Constant, Network, Shape, Step, halved
from smartlogd.detect.resnet import face_network

_IDENTIFIER, _VERSION = b"TFL3", 3
_TYPES = {np.dtype(np.float32): 0, np.dtype(np.float16): 1, np.dtype(np.int32): 2}
_ALIGNED = 16
_SAME, _VALID = 0, 1

_OPERATORS = {
    "ADD": 0, "AVERAGE_POOL_2D": 1, "CONV_2D": 3, "DEQUANTIZE": 6,
    "FULLY_CONNECTED": 9, "MAX_POOL_2D": 17, "PAD": 34, "MEAN": 40,
}  # fmt: skip
_OPTIONS = {
    "CONV_2D": 1, "AVERAGE_POOL_2D": 5, "MAX_POOL_2D": 5, "FULLY_CONNECTED": 8,
    "ADD": 11, "PAD": 22, "MEAN": 27, "DEQUANTIZE": 38,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a table: its number, what it is, and its value, or where that was written before."""

    number: int
    kind: Literal["Int8", "Uint8", "Int32", "Uint32", "UOffsetTRelative"]
    value: int


def convert(content: bytes, precision: Precision) -> bytes:
    """A TFLite file of dlib's face recognition network, `content` being the bytes of dlib's file.

    It takes float32[1, 150, 150, 3], RGB from 0 to 255, and gives float32[1, 128]; `precision` is that of the
    weights in the file. Raises UnusableInput when `content` is anything else than that network.
    """
    network = face_network(content)
    return written(halved(network) if precision == "float16" else network)


def written(network: Network) -> bytes:
    """The network as a TFLite file."""
    return _Writer().model(network)


class _Writer:
    """Each method writes one thing and gives its place; what it refers to must have been written before."""

    def __init__(self) -> None:
        self._builder = flatbuffers.Builder(1 << 20)

    def model(self, network: Network) -> bytes:
        """The whole file."""
        constants = list(network.constants)
        empty = self._table()  # by convention; a value without a constant names this one
        buffers = self._places([empty, *(self._buffer(network.constants[number]) for number in constants)])
        does = sorted({step.does for step in network.steps})
        codes = self._places([self._operator_code(_OPERATORS[word]) for word in does])
        operators = self._places([self._operator(step, does.index(step.does)) for step in network.steps])
        tensors = self._places(
            [
                self._tensor(network, number, constants.index(number) + 1 if number in constants else 0)
                for number in range(len(network.shapes))
            ]
        )
        graphs = self._places([self._graph(tensors, operators, network.steps[-1].gives)])
        told = (_Field(0, "Uint32", _VERSION), _at(1, codes), _at(2, graphs), _at(4, buffers))
        self._builder.Finish(self._table(*told), file_identifier=_IDENTIFIER)
        return bytes(self._builder.Output())

    def _graph(self, tensors: int, operators: int, output: int) -> int:
        takes, gives = self._numbers([0]), self._numbers([output])
        return self._table(_at(0, tensors), _at(1, takes), _at(2, gives), _at(3, operators))

    def _buffer(self, numbers: Constant) -> int:
        """A constant's bytes, where the processor likes to read them."""
        content = numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()
        self._builder.Prep(_ALIGNED, len(content))
        return self._table(_at(0, self._builder.CreateByteVector(content)))

    def _tensor(self, network: Network, number: int, buffer: int) -> int:
        shape = self._numbers(network.shapes[number])
        name = self._builder.CreateString(f"value {number}")
        kind = _TYPES[network.constants[number].dtype] if buffer else _TYPES[np.dtype(np.float32)]
        return self._table(_at(0, shape), _Field(1, "Int8", kind), _Field(2, "Uint32", buffer), _at(3, name))

    def _operator_code(self, code: int) -> int:
        return self._table(_Field(0, "Int8", code), _Field(3, "Int32", code))

    def _operator(self, step: Step, code: int) -> int:
        takes, gives, options = self._numbers(step.takes), self._numbers([step.gives]), self._table(*_options(step))
        kind = _Field(3, "Uint8", _OPTIONS[step.does])
        return self._table(_Field(0, "Uint32", code), _at(1, takes), _at(2, gives), kind, _at(4, options))

    def _table(self, *fields: _Field) -> int:
        """A table, begun where every table can begin: tables of one layout are then of one size, and share it."""
        self._builder.Prep(4, 0)
        self._builder.StartObject(max((field.number + 1 for field in fields), default=0))
        for field in fields:
            getattr(self._builder, f"Prepend{field.kind}Slot")(field.number, field.value, 0)
        return int(self._builder.EndObject())

    def _numbers(self, numbers: Sequence[int] | Shape) -> int:
        return int(self._builder.CreateNumpyVector(np.array(numbers, "<i4")))

    def _places(self, places: Sequence[int]) -> int:
        self._builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            self._builder.PrependUOffsetTRelative(place)
        return int(self._builder.EndVector())


def _at(number: int, place: int) -> _Field:
    return _Field(number, "UOffsetTRelative", place)


def _options(step: Step) -> tuple[_Field, ...]:
    """What TFLite must know of the operation beside its inputs; what is left out is none, or zero."""
    strides = (_Field(1, "Int32", step.stride), _Field(2, "Int32", step.stride))
    relu = int(step.relu)
    if step.does == "CONV_2D":
        return (_Field(0, "Int8", _SAME if step.padded else _VALID), *strides, _Field(3, "Int8", relu))
    if step.does in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        window = (_Field(3, "Int32", step.side), _Field(4, "Int32", step.side))
        return (_Field(0, "Int8", _VALID), *strides, *window)
    return (_Field(0, "Int8", relu),) if step.does == "ADD" else ()

"""A converted model is proved before it is used: on a made-up picture it must give the numbers that dlib gives."""

from __future__ import annotations

import numpy as np

from smartlogd.base.errors import UnusableInput
from smartlogd.base.seen import Pixels
from smartlogd.detect.catalogue import Precision
from smartlogd.detect.convert import convert
from smartlogd.detect.interpreter import from_bytes
from smartlogd.detect.resnet import SIDE

TOLERANCE: dict[Precision, float] = {"float32": 1e-4, "float16": 2e-3}
"""How far the two embeddings may be apart; two pictures of one face are about 0.4 apart."""


def made(content: bytes, precision: Precision, name: str) -> bytes:
    """The TFLite file of the network in `content`, the bytes of dlib's file, converted and proved.

    Raises UnusableInput when the bytes are not that network, or this machine makes other numbers of it.
    """
    file = convert(content, precision)
    (given,) = from_bytes(file, name)(pattern().astype(np.float32)[None])
    distance = float(np.linalg.norm(given[0] - np.array(EXPECTED, np.float32)))
    if not distance <= TOLERANCE[precision]:
        raise UnusableInput(
            f"The model {name} was made, but does not give dlib's numbers: it is {distance:.2g} away.",
            "The TFLite runtime may be broken on this machine: pip install --force-reinstall ai-edge-litert.",
        )
    return file


def pattern() -> Pixels:
    """The picture on which a converted model is proved, uint8[150, 150, 3]."""
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.stack(((2 * x + y) % 256, (x + 2 * y) % 256, (x * y // 64) % 256), axis=-1).astype(np.uint8)


EXPECTED = (
    -0.0504136, 0.0883385, 0.0577591, -0.0395502, -0.0637382, -0.009894, -0.0898134, 0.0074394, 0.1213647, -0.0164965,
    0.2330969, 0.0153597, -0.2548636, -0.0354599, 0.0224285, 0.0857585, -0.159735, -0.0329042, -0.0766945, -0.1154245,
    0.0456464, 0.0318117, 0.0061945, 0.0037363, -0.1187478, -0.2914129, -0.0798094, -0.126219, 0.11691, -0.1674603,
    -0.0046952, 0.0229938, -0.0907859, 0.0194018, -0.0024889, 0.0104366, 0.0013514, -0.0943085, 0.1614557, -0.0258051,
    -0.1513113, -0.0409783, -0.006882, 0.2602832, 0.1748439, -0.0051445, 0.0530211, -0.0454379, 0.0608719, -0.231879,
    0.0637029, 0.1589057, 0.0452484, 0.0746332, 0.0814263, -0.2011361, 0.0087236, 0.1163578, -0.1527754, 0.0842228,
    0.0435832, -0.0654198, -0.0344702, -0.0919758, 0.1872611, 0.0768812, -0.1211473, -0.1687149, 0.0983864,
    -0.1465368, -0.0082116, 0.1119344, -0.1448802, -0.1907862, -0.2102718, 0.0869025, 0.3854536, 0.1627883,
    -0.1665017, 0.0553429, -0.0789463, -0.095456, 0.057432, 0.0734829, -0.0713628, -0.0061727, -0.0758326, 0.0820207,
    0.1846799, -0.0614108, 0.0293535, 0.1900177, -0.0324963, 0.0263754, -0.0183625, 0.0170803, -0.0888713, 0.0349914,
    -0.0253585, 0.0121874, 0.077372, -0.1806449, 0.011105, 0.0830282, -0.17886, 0.1557154, 0.0319282, -0.0161719,
    0.0306651, 0.0175779, -0.0640161, -0.0263304, 0.2403379, -0.2613479, 0.2237948, 0.2243608, 0.1193837, 0.1346871,
    0.0217827, 0.1229323, -0.0019557, -0.0329574, -0.1526098, 0.0043173, -0.0204217, -0.0624635, -0.0395548,
    0.0123377,
)  # fmt: skip
"""What dlib 20.0.1 gives for `pattern`."""

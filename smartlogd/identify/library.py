"""Galleries that were made with face_recognition: their embeddings are those of our own embedder.

Only .npz files are read, and those without pickled objects: loading a pickle runs whatever program it holds.
An .npz is a ZIP archive, so what it says it unpacks to is judged before any of it is.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.who import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_UNPACKED = 64 * 1024**2
MOST_ARRAYS = 10_000
MOST_FACES = 50_000
LONGEST_NAME = 200
LEAST_LENGTH, MOST_LENGTH = 0.5, 3.0
"""The network's embeddings have lengths round 1.4; what is far outside is no embedding of it."""
_PICKLES = (".pkl", ".pickle", ".dat", ".p", ".joblib")
_FOREIGN = (OSError, ValueError, TypeError, EOFError, LookupError, ArithmeticError, SyntaxError, RuntimeError,
            MemoryError, UnicodeError, zipfile.BadZipFile)  # fmt: skip
CONVERT = (
    "Write it as .npz where it was made: "
    "numpy.savez('faces.npz', encodings=numpy.array(encodings), names=numpy.array(names))"
)


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """One person of such a gallery: `vectors` is float32[n, 128]."""

    name: str
    vectors: npt.NDArray[np.float32]


def read_library(path: Path) -> tuple[Remembered, ...]:
    """The people of an .npz gallery, in the order in which it names them.

    It holds `encodings`, (n, 128) numbers, and `names`, n texts; or one array of (n, 128) or (128,) for each person,
    by the person's name. Raises Missing without the file, and UnusableInput for pickles, archives that unpack to
    more than 64 MiB, more than 50,000 faces, and anything that is no embedding.
    """
    if path.suffix.lower() in _PICKLES:
        raise UnusableInput(f"{path.name} is a pickle: reading one runs whatever program is in it.", CONVERT)
    arrays = _arrays(path)
    if "encodings" in arrays or "names" in arrays:
        found = _listed(arrays, path)
    else:
        found = [(name, vector) for name, array in arrays.items() for vector in _vectors(array, name, path)]
    if not found:
        raise UnusableInput(f"{path.name} holds nobody.", CONVERT)
    if len(found) > MOST_FACES:
        raise UnusableInput(f"{path.name} holds more than {MOST_FACES} faces.", "Import it in parts.")
    return _gathered(found, path)


def _arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Everything in the archive, unpacked."""
    if path.is_dir():
        raise UnusableInput(f"{path} is a folder.", "Name an .npz file.")
    if path.exists() and not path.is_file():
        raise UnusableInput(f"{path} is no ordinary file.", "Name an .npz file.")
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(archive, path)
        with np.load(path, allow_pickle=False, max_header_size=10_000) as loaded:
            return {name: loaded[name] for name in loaded.files}
    except FileNotFoundError as error:
        raise Missing(f"There is no file {path}.", "Check the name.") from error
    except zipfile.BadZipFile as error:
        raise UnusableInput(f"{path.name} is no .npz file.", CONVERT) from error
    except _FOREIGN as error:
        if "pickle" in str(error).lower():
            what = f"{path.name} holds Python objects: reading them would run whatever program is in them."
            raise UnusableInput(what, CONVERT) from error
        raise UnusableInput(f"{path.name} cannot be read as an .npz file.", CONVERT) from error


def _refuse_bomb(archive: zipfile.ZipFile, path: Path) -> None:
    """By what the archive says of itself; zipfile unpacks no more of a member than that."""
    members = archive.infolist()
    if len(members) > MOST_ARRAYS:
        raise UnusableInput(f"{path.name} holds more than {MOST_ARRAYS} arrays.", "Import it in parts.")
    if sum(member.file_size for member in members) > LARGEST_UNPACKED:
        raise UnusableInput(f"{path.name} unpacks to more than {LARGEST_UNPACKED // 1024**2} MiB.", CONVERT)


def _listed(arrays: dict[str, npt.NDArray[np.generic]], path: Path) -> list[tuple[str, npt.NDArray[np.float32]]]:
    """Who is who in the two arrays `encodings` and `names`."""
    if "encodings" not in arrays or "names" not in arrays:
        raise UnusableInput(f"{path.name} has only one of the arrays encodings and names.", CONVERT)
    vectors, names = _vectors(arrays["encodings"], "encodings", path), arrays["names"]
    if names.dtype.kind not in "US" or names.ndim != 1 or len(names) != len(vectors):
        raise UnusableInput(f"{path.name}: names are not {len(vectors)} texts, one for each of the encodings.", CONVERT)
    return [(_text(name), vector) for name, vector in zip(names.tolist(), vectors, strict=True)]


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name


def _vectors(array: npt.NDArray[np.generic], name: str, path: Path) -> npt.NDArray[np.float32]:
    """float32[n, 128] of one array, judged."""
    told = f"{path.name}: {_shown(name)}"
    if array.dtype.kind not in "f" or array.ndim not in (1, 2) or array.shape[-1] != DIMENSIONS:
        raise UnusableInput(f"{told} is {array.dtype}{array.shape}, and no list of {DIMENSIONS} numbers each.", CONVERT)
    vectors = np.asarray(array, np.float64).reshape(-1, DIMENSIONS)
    if not np.isfinite(vectors).all():
        raise UnusableInput(f"{told} has numbers that are none (nan or infinite).", "Make the gallery anew.")
    lengths = np.linalg.norm(vectors, axis=1)
    if lengths.size and not (lengths.min() >= LEAST_LENGTH and lengths.max() <= MOST_LENGTH):
        what = f"{told} has embeddings of lengths {lengths.min():.2g} to {lengths.max():.2g}; a face's is round 1.4."
        raise UnusableInput(what, "Were they made by another library than face_recognition?")
    return vectors.astype(np.float32)


def _shown(name: str) -> str:
    """A name from a file, fit for a sentence."""
    return re.sub(r"[^\w .'-]", "?", name)[:40]


def _gathered(found: Sequence[tuple[str, npt.NDArray[np.float32]]], path: Path) -> tuple[Remembered, ...]:
    """Each person once, by name."""
    people: dict[str, list[npt.NDArray[np.float32]]] = {}
    for name, vector in found:
        if not 0 < len(name.strip()) <= LONGEST_NAME:
            raise UnusableInput(f"{path.name} has a name of {len(name.strip())} letters.", "A name has 1 to 200.")
        people.setdefault(name.strip(), []).append(vector)
    return tuple(Remembered(name, np.stack(vectors)) for name, vectors in people.items())

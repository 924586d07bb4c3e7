"""Galleries from elsewhere: what is one is read, what could run or burst is not."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.identify.library import read_library

Vectors = npt.NDArray[np.float64]


def faces(count: int, seed: int = 1) -> Vectors:
    """Points as long as embeddings are."""
    vectors = np.random.default_rng(seed).normal(size=(count, 128))
    return 1.4 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_encodings_and_names_are_gathered_by_person(tmp_path: Path) -> None:
    path, vectors = tmp_path / "faces.npz", faces(5)
    np.savez(path, encodings=vectors, names=np.array(["Ada", "Bo", "Ada", " Ada ", "Émile"]))
    people = read_library(path)
    assert [person.name for person in people] == ["Ada", "Bo", "Émile"]
    assert np.allclose(people[0].vectors, vectors[[0, 2, 3]])
    assert people[0].vectors.dtype == np.float32


def test_an_array_for_each_person_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    np.savez_compressed(path, Ada=faces(3), Bo=faces(1)[0])
    assert [(person.name, len(person.vectors)) for person in read_library(path)] == [("Ada", 3), ("Bo", 1)]


def test_names_may_be_bytes(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, encodings=faces(1), names=np.array([b"Ada"]))
    assert read_library(path)[0].name == "Ada"


@pytest.mark.parametrize("ending", ["pkl", "pickle", "dat", "PKL"])
def test_a_pickle_is_never_opened(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"encodings.{ending}"
    path.write_bytes(pickle.dumps({"encodings": [], "names": []}))
    with pytest.raises(UnusableInput, match="runs whatever program is in it") as refusal:
        read_library(path)
    assert "numpy.savez" in refusal.value.hint


class Trap:
    """What a hostile pickle does: call something while it is read."""

    sprung: list[str] = []  # noqa: RUF012

    def __reduce__(self) -> tuple[object, ...]:
        return (Trap.sprung.append, ("sprung",))


def test_objects_within_an_npz_are_refused_and_nothing_of_them_runs(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, encodings=faces(1), names=np.array([Trap()], dtype=object))
    with pytest.raises(UnusableInput, match="holds Python objects"):
        read_library(path)
    assert Trap.sprung == []


def test_a_pickle_by_another_name_is_no_npz(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    path.write_bytes(pickle.dumps([Trap()]))
    with pytest.raises(UnusableInput, match=r"no \.npz file"):
        read_library(path)
    assert Trap.sprung == []


def test_what_unpacks_to_too_much_is_refused_packed(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as member:
        for _ in range(80):
            member.write(bytes(1024**2))
    assert path.stat().st_size < 200_000
    with pytest.raises(UnusableInput, match="unpacks to more than 64 MiB"):
        read_library(path)


def test_an_array_that_claims_more_than_it_has_is_refused(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10_000_000_000, 128)}
    )
    path = tmp_path / "liar.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("encodings.npy", header.getvalue() + bytes(1024))
    with pytest.raises(UnusableInput, match="cannot be read"):
        read_library(path)


def test_an_archive_of_very_many_arrays_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(10_001):
            archive.writestr(f"{index}.npy", b"")
    with pytest.raises(UnusableInput, match="more than 10000 arrays"):
        read_library(path)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"encodings": faces(2)}, "only one of the arrays"),
        ({"names": np.array(["Ada"])}, "only one of the arrays"),
        ({"encodings": faces(2), "names": np.array(["Ada"])}, "not 2 texts"),
        ({"encodings": faces(2), "names": np.array([1, 2])}, "not 2 texts"),
        ({"encodings": faces(2)[:, :64], "names": np.array(["a", "b"])}, "no list of 128 numbers"),
        ({"encodings": np.ones((2, 128), np.int64), "names": np.array(["a", "b"])}, "no list of 128 numbers"),
        ({"encodings": np.ones(()), "names": np.array("a")}, "no list of 128 numbers"),
        ({"encodings": faces(2) * np.nan, "names": np.array(["a", "b"])}, "nan or infinite"),
        ({"encodings": faces(2) * 50, "names": np.array(["a", "b"])}, "lengths 70 to 70"),
        ({"encodings": faces(2) * 0, "names": np.array(["a", "b"])}, "lengths 0 to 0"),
        ({"encodings": faces(1), "names": np.array([" "])}, "0 letters"),
        ({"encodings": faces(1), "names": np.array(["a" * 201])}, "201 letters"),
        ({"encodings": faces(0), "names": np.array([], dtype="<U1")}, "holds nobody"),
        ({}, "holds nobody"),
        ({"Ada\x1b[31m": np.ones(3)}, r"Ada\?\?31m is float64"),
    ],
)
def test_what_is_no_gallery_is_refused_in_a_sentence(
    tmp_path: Path, arrays: dict[str, npt.NDArray[np.generic]], said: str
) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, **arrays)
    with pytest.raises(UnusableInput, match=said):
        read_library(path)


def test_more_faces_than_a_gallery_has_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, Ada=np.repeat(faces(1).astype(np.float32), 50_001, axis=0))
    with pytest.raises(UnusableInput, match="more than 50000 faces"):
        read_library(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "faces.npz"
    path.write_bytes(content)
    with pytest.raises(UnusableInput):
        read_library(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, encodings=faces(20), names=np.array(["Ada"] * 20))
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.99):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(UnusableInput):
            read_library(path)


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, encodings=faces(20), names=np.array(["Ada"] * 20))
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(bytes(whole))
    with pytest.raises(UnusableInput):
        read_library(path)


def test_a_file_that_is_not_there_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        read_library(tmp_path / "nothing.npz")
    with pytest.raises(UnusableInput, match="is a folder"):
        read_library(tmp_path)
    with pytest.raises(UnusableInput, match="no ordinary file"):
        read_library(Path("/dev/null"))

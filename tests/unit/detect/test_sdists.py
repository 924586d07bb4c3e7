"""Members of source archives: got by the real pip, which runs nothing of them, and read as a stream."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from fetching import CONTENT, OTHER, sdist_file, spec

from smartlogd.base.errors import ServiceAway, UnusableInput
from smartlogd.detect.catalogue import Sdist
from smartlogd.detect.sdists import inert_backend, unpacked
from smartlogd.detect.wheels import take

ONE, TWO = "smalldemo-1.0/smalldemo/one.dat", "smalldemo-1.0/smalldemo/two.dat"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip looks for archives in, and nowhere else: no setuptools can come from anywhere."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_members_come_out_of_an_archive_whose_setup_is_never_run(shelf: Path, tmp_path: Path) -> None:
    sdist = sdist_file(shelf, {ONE: CONTENT, TWO: OTHER})
    told: list[int] = []
    members = {ONE: spec(), TWO: spec(name="two", content=OTHER)}
    one, two = take(sdist, members, tmp_path / "models", told.append)
    assert (one.read_bytes(), two.read_bytes()) == (CONTENT, OTHER)
    assert sorted((tmp_path / "models").iterdir()) == sorted([one, two])
    assert all(0 <= bytes_ <= sdist.bytes for bytes_ in told)


def test_an_archive_with_another_hash_is_refused_by_pip(shelf: Path, tmp_path: Path) -> None:
    sdist = replace(sdist_file(shelf, {ONE: CONTENT}), sha256="ab" * 32)
    with pytest.raises(ServiceAway, match=r"smalldemo 1\.0"):
        take(sdist, {ONE: spec()}, tmp_path / "models", lambda _: None)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("content", [OTHER, CONTENT + b"more"])
def test_a_member_with_other_bytes_is_refused(tmp_path: Path, content: bytes) -> None:
    sdist_file(tmp_path, {ONE: content})
    with pytest.raises(UnusableInput, match="other bytes"):
        unpacked(tmp_path / "smalldemo-1.0.tar.gz", {ONE: spec()}, tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_an_archive_without_the_member_is_refused_with_its_name(tmp_path: Path) -> None:
    sdist_file(tmp_path, {TWO: CONTENT})
    with pytest.raises(UnusableInput, match="does not hold") as refused:
        unpacked(tmp_path / "smalldemo-1.0.tar.gz", {ONE: spec()}, tmp_path / "models")
    assert ONE in refused.value.hint


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(CONTENT)
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo(ONE)
        entry.type, entry.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
        archive.addfile(entry)
    with pytest.raises(UnusableInput, match="does not hold"):
        unpacked(tmp_path / "x.tar.gz", {ONE: spec()}, tmp_path / "models")


@pytest.mark.parametrize("left", [0, 10, 200])
def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path, left: int) -> None:
    sdist_file(tmp_path, {ONE: CONTENT})
    path = tmp_path / "smalldemo-1.0.tar.gz"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UnusableInput):
        unpacked(path, {ONE: spec()}, tmp_path / "models")
    assert not (tmp_path / "models").exists() or list((tmp_path / "models").iterdir()) == []


def test_bytes_that_are_no_archive_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"not an archive at all" * 100)
    with pytest.raises(UnusableInput, match="cannot be read"):
        unpacked(tmp_path / "x.tar.gz", {ONE: spec()}, tmp_path / "models")


def test_what_lies_behind_the_last_member_is_not_read(tmp_path: Path) -> None:
    sdist_file(tmp_path, {ONE: CONTENT, TWO: bytes(range(256)) * 40_000})
    path = tmp_path / "smalldemo-1.0.tar.gz"
    path.write_bytes(path.read_bytes()[:-1000])
    (placed,) = unpacked(path, {ONE: spec()}, tmp_path / "models")
    assert placed.read_bytes() == CONTENT


def test_the_backend_says_name_and_version_and_builds_nothing(tmp_path: Path) -> None:
    folder = inert_backend(Sdist("small_demo", "1.0", 1, "ab" * 32), tmp_path / "backend")
    told: dict[str, object] = {}
    exec((folder / "setuptools" / "build_meta.py").read_text(), told)
    legacy = told["__legacy__"]
    assert [name for name in dir(legacy) if not name.startswith("__")] == ["prepare_metadata_for_build_wheel"]
    name = legacy.prepare_metadata_for_build_wheel(str(tmp_path))  # type: ignore[attr-defined]
    assert (tmp_path / name / "METADATA").read_text() == "Metadata-Version: 2.1\nName: small_demo\nVersion: 1.0\n"

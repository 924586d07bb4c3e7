"""`people eval`: the figures on real photographs, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.cli.trial import read_people

Smartlogd = Callable[..., object]
Album = dict[str, Path]


@pytest.fixture
def people(tmp_path: Path) -> Callable[..., Path]:
    """A folder of photographs with its list of people."""

    def made(content: object) -> Path:
        folder = tmp_path / "people"
        folder.mkdir()
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / "IDENTITIES.json").write_text(text)
        return folder

    return made


def test_people_are_told_apart_on_real_photographs(smartlogd: Smartlogd, device: Path, shared: Path) -> None:
    told = smartlogd("people", "eval", shared / "faces", "--json")
    assert told.code == 0, told.err
    said = json.loads(told.out)
    assert said["single"]["identified"] >= 0.95
    assert said["voted"]["identified"] >= 0.98
    assert said["single"]["strangers_named"] <= 0.002
    assert said["voted"]["strangers_named"] <= 0.001
    assert said["refused"] <= 0.1
    assert said["wrong"] == 0
    assert said["rounds"] == 20
    assert told.err == ""


def test_every_photograph_is_looked_at_once_but_partial_ones(
    smartlogd: Smartlogd, device: Path, album: Album, people: Callable[..., Path]
) -> None:
    names = {"eileen": ["good", "mirrored", "brighter"], "nobody": ["nobody", "small"]}
    folder = people({who: [f"{who}/{name}.png" for name in [*files, "partial"]] for who, files in names.items()})
    for who, files in names.items():
        (folder / who).mkdir()
        for name in files:
            shutil.copy(album[name], folder / who / f"{name}.png")
    told = smartlogd("people", "eval", folder, "--json", "--rounds", 2, "--seed", 7)
    said = json.loads(told.out)
    assert (said["people"], said["photos"], said["rounds"], said["seed"]) == (2, 5, 2, 7)
    assert said["reasons"] == {"no face": 1, "small": 1}
    assert said["refused"] == 0.4
    assert said["single"]["identified"] is None  # nobody has four photographs


def test_a_person_reads_a_table(smartlogd: Smartlogd, device: Path, album: Album, people: Callable[..., Path]) -> None:
    folder = people({"nobody": ["nobody.png"]})
    shutil.copy(album["nobody"], folder / "nobody.png")
    told = smartlogd("people", "eval", folder, "--rounds", 1)
    assert told.code == 0
    assert "three looks" in told.out
    assert told.out.endswith("people: 1; photographs: 1; refused: 100.0% (1 no face)\n")


def test_the_same_seed_prints_the_same(
    smartlogd: Smartlogd, device: Path, album: Album, people: Callable[..., Path]
) -> None:
    folder = people({"eileen": ["good.png", "mirrored.png"]})
    for name in ("good", "mirrored"):
        shutil.copy(album[name], folder / f"{name}.png")
    first, again = (smartlogd("people", "eval", folder, "--json", "--seed", 3).out for _ in range(2))
    assert first == again


def test_a_folder_without_a_list_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"IDENTITIES\.json"):
        read_people(tmp_path)


@pytest.mark.parametrize("content", ["no json", ["a.jpg"], {"anna": "a.jpg"}, {"anna": [1]}, "\udcff"])
def test_a_list_of_another_shape_is_refused(people: Callable[..., Path], content: object) -> None:
    if content == "\udcff":
        folder = people("{}")
        (folder / "IDENTITIES.json").write_bytes(b"\xff\xfe\x00")
    else:
        folder = people(content)
    with pytest.raises(UnusableInput):
        read_people(folder)


@pytest.mark.parametrize("file", ["/etc/passwd", "../other.jpg", "a/../../b.jpg"])
def test_no_photograph_outside_the_folder_is_read(people: Callable[..., Path], file: str) -> None:
    with pytest.raises(UnusableInput, match="outside"):
        read_people(people({"anna": [file]}))


def test_the_command_says_what_is_wrong_in_a_sentence(smartlogd: Smartlogd, device: Path, tmp_path: Path) -> None:
    told = smartlogd("people", "eval", tmp_path / "nowhere")
    assert told.code == 66
    assert "There is no list of people" in told.err

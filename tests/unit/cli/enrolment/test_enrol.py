"""Enrolling through the command line: from real photographs to sealed faces, one line each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from smartlogd.base.errors import SmartlogError
from smartlogd.cli.enrol import whom
from smartlogd.store.people import people, person

Smartlogd = Callable[..., object]
Album = dict[str, Path]


def test_each_photograph_is_taken_or_refused_in_one_line(smartlogd: Smartlogd, device: Path, album: Album) -> None:
    told = smartlogd("people", "enrol", "Eileen", *album.values(), "--consent", "--email", "e@example.org")
    lines = told.out.splitlines()
    assert told.code == 0, told.err
    assert [line.split()[0] for line in lines] == ["taken"] * 3 + ["refused"] * 4 + ["Eileen"]
    assert lines[0].startswith(f"taken    {album['good']}  (quality 0.")
    assert "There are 2 faces" in lines[3]
    assert "There is no face to be found. Show the whole face" in lines[4]
    assert lines[-1] == "Eileen is known from now on, by 3 faces; 4 refused."
    found = person(device, "Eileen")
    assert (found.templates, found.email, found.role) == (3, "e@example.org", "member")
    assert found.consent is not None


def test_nothing_of_a_face_is_logged_or_lies_open_on_the_disk(
    smartlogd: Smartlogd, device: Path, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    import smartlogd.cli.album as module

    seen: list[bytes] = []

    class Kept(module.Face):
        """A face that leaves its bytes with the test."""

        def __init__(self, vector: object, quality: float, source: str) -> None:
            seen.append(vector.tobytes())
            super().__init__(vector, quality, source)

    monkeypatch.setattr(module, "Face", Kept)
    told = smartlogd("people", "enrol", "Eileen", album["good"], "--consent")
    assert told.err == ""
    (vector,) = seen
    assert vector[:8].hex() not in told.out
    for path in device.rglob("*"):
        assert not path.is_file() or vector[:32] not in path.read_bytes()


@pytest.mark.usefixtures("device")
def test_more_photographs_are_added_and_the_same_ones_are_known_again(smartlogd: Smartlogd, album: Album) -> None:
    smartlogd("people", "enrol", "Eileen", album["good"], "--consent")
    told = smartlogd("people", "enrol", "eileen", album["good"], album["mirrored"], album["brighter"])
    assert told.out.splitlines()[0].startswith(f"refused  {album['good']}  This photograph is taken already.")
    assert told.out.splitlines()[-1] == "Eileen was known already: 2 faces more, 3 in all; 1 refused."
    again = smartlogd("people", "enrol", "Eileen", *list(album.values())[:3])
    assert (again.code, again.out.splitlines()[-1]) == (0, "Eileen: nothing new; 3 refused.")


@pytest.mark.usefixtures("device")
def test_the_same_photograph_twice_in_one_go_is_taken_once(smartlogd: Smartlogd, album: Album, tmp_path: Path) -> None:
    copy = tmp_path / "copy.png"
    copy.write_bytes(album["good"].read_bytes())
    told = smartlogd("people", "enrol", "Eileen", album["good"], copy, album["good"], "--consent")
    assert [line.split()[0] for line in told.out.splitlines()] == ["taken", "refused", "Eileen"]


def test_with_new_another_person_of_the_same_name_is_made(smartlogd: Smartlogd, device: Path, album: Album) -> None:
    smartlogd("people", "enrol", "Eileen", album["good"], "--consent")
    told = smartlogd("people", "enrol", "Eileen", album["mirrored"], "--consent", "--new", "--role", "guest")
    assert "is known from now on" in told.out
    assert sorted((each.name, each.role) for each in people(device)) == [("Eileen", "guest"), ("Eileen", "member")]
    unclear = smartlogd("people", "enrol", "Eileen", album["brighter"], "--consent")
    assert unclear.code == 65
    assert "2 people are called Eileen" in unclear.err
    uid = people(device)[0].uid
    assert smartlogd("people", "enrol", uid, album["brighter"]).code == 0


@pytest.mark.usefixtures("device")
def test_a_photograph_that_is_rather_another_persons_is_told_of(smartlogd: Smartlogd, album: Album) -> None:
    smartlogd("people", "enrol", "Eileen", album["good"], "--consent")
    told = smartlogd("people", "enrol", "Sally", album["mirrored"], "--consent")
    assert told.out.splitlines()[0].endswith("It is as like Eileen: is it the right photograph?")
    assert told.code == 0


def test_without_consent_it_is_told_that_none_is_noted(smartlogd: Smartlogd, device: Path, album: Album) -> None:
    told = smartlogd("people", "enrol", "Eileen", album["good"])
    assert told.code == 0
    assert "No consent is noted of Eileen." in told.err
    assert "--consent" in told.err
    assert person(device, "Eileen").consent is None
    assert "No consent" not in smartlogd("people", "enrol", "Eileen", album["mirrored"], "--consent").err
    assert person(device, "Eileen").consent is not None


@pytest.mark.usefixtures("device")
def test_when_none_can_be_taken_it_says_so_with_its_code(smartlogd: Smartlogd, album: Album, tmp_path: Path) -> None:
    text = tmp_path / "not\na picture.jpg"
    text.write_text("no picture")
    told = smartlogd("people", "enrol", "Eileen", album["nobody"], text, tmp_path / "none.jpg", "--consent")
    assert told.code == 65
    assert len(told.out.splitlines()) == 4
    assert "not?a picture.jpg" in told.out
    assert told.out.splitlines()[-1] == "Eileen: no face could be taken."
    assert smartlogd("people", "list", "--json").out == ""


@pytest.fixture
def crowd(tmp_path: Path, album: Album) -> Path:
    """A folder with folders of two people, and what else lies about in folders."""
    folder = tmp_path / "PEOPLE"
    for name, photos in {"Eileen": ("good", "mirrored", "two"), "Nobody": ("nobody",)}.items():
        (folder / name).mkdir(parents=True)
        for photo in photos:
            (folder / name / f"{photo}.PNG").write_bytes(album[photo].read_bytes())
    (folder / "Eileen" / "notes.txt").write_text("a list")
    (folder / "Eileen" / ".hidden.png").write_text("")
    (folder / ".cache").mkdir()
    return folder


def test_a_folder_of_folders_enrols_many(smartlogd: Smartlogd, device: Path, crowd: Path) -> None:
    told = smartlogd("people", "enrol", crowd, "--consent")
    assert [line.split()[0] for line in told.out.splitlines()] == [
        "taken", "taken", "refused", "Eileen", "refused", "Nobody:"
    ]  # fmt: skip
    assert told.code == 65  # there is someone of whom none was taken
    assert [(each.name, each.templates) for each in people(device)] == [("Eileen", 2)]
    (crowd / "Nobody" / "nobody.PNG").unlink()
    (crowd / "Nobody").rmdir()
    assert smartlogd("people", "enrol", crowd).code == 0


def test_as_json_each_line_is_one_object(smartlogd: Smartlogd, device: Path, crowd: Path) -> None:
    told = smartlogd("people", "enrol", crowd, "--consent", "--json")
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert [line["type"] for line in lines] == ["photo"] * 3 + ["person"] + ["photo", "person"]
    assert lines[0]["taken"] is True
    assert 0 < lines[0]["quality"] <= 1
    assert lines[2]["reason"] == "several faces"
    assert lines[3] == {
        "type": "person", "person": "Eileen", "taken": 2, "refused": 1,
        "uid": person(device, "Eileen").uid, "is_new": True, "templates": 2,
    }  # fmt: skip
    assert lines[5]["uid"] is None


def test_faces_are_found_again_by_those_who_look_for_them(smartlogd: Smartlogd, device: Path, album: Album) -> None:
    """What was enrolled is what the gallery has: the astronaut is nearest to herself."""
    from smartlogd import wiring
    from smartlogd.identify.enrol import Taken
    from smartlogd.identify.gallery import Gallery
    from smartlogd.identify.photo import read_photo
    from smartlogd.settings import read_settings

    smartlogd("people", "enrol", "Eileen", album["good"], "--consent")
    seen = wiring.enroller(read_settings()).look(read_photo(album["brighter"]))
    assert isinstance(seen, Taken)
    (near,) = Gallery(wiring.templates(device)).nearest(seen.vector)
    assert near.distance < 0.4
    assert str(near.who.id) == person(device, "Eileen").uid


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Eileen",), "No photographs of Eileen are named"),
        (("Eileen", "--camera", "photo.jpg"), "do not go together"),
        (("\u202eEileen", "photo.jpg"), "is no name"),
        (("E" * 201, "photo.jpg"), "at most 200 letters"),
        ((".",), "holds no folders"),
    ],
)
@pytest.mark.usefixtures("state")
def test_what_is_not_clear_is_a_usage_error(smartlogd: Smartlogd, words: tuple[str, ...], said: str) -> None:
    told = smartlogd("people", "enrol", *words, "--consent")
    assert told.code == 2
    assert said in told.err


@pytest.mark.usefixtures("state")
def test_one_address_is_not_given_to_many(smartlogd: Smartlogd, crowd: Path) -> None:
    assert "belongs to one person" in smartlogd("people", "enrol", crowd, "--email", "e@example.org", "--consent").err


@pytest.mark.usefixtures("state")
def test_an_address_that_is_none_is_refused_before_any_photograph_is_read(smartlogd: Smartlogd) -> None:
    told = smartlogd("people", "enrol", "Eileen", "photo.jpg", "--email", "nowhere", "--consent")
    assert (told.code, told.out) == (65, "")
    assert "email does not fit" in told.err


@pytest.mark.usefixtures("state")
def test_without_models_it_says_how_to_get_them(smartlogd: Smartlogd, tmp_path: Path) -> None:
    told = smartlogd("people", "enrol", "Eileen", tmp_path / "photo.jpg", "--consent")
    assert told.code == 66
    assert "models fetch" in told.err


def test_a_folder_given_as_a_photograph_stands_for_its_pictures(album: Album, tmp_path: Path) -> None:
    (someone,) = whom("Eileen", [tmp_path / "album", album["good"]], camera=False)
    assert someone.photos == tuple(sorted(album.values()))


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(SmartlogError, match="cannot be read: permission denied"):
        whom(str(tmp_path), [], camera=False)


def test_too_many_photographs_are_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(SmartlogError, match="more than 10000"):
        whom("Eileen", [tmp_path / f"{number}.jpg" for number in range(10_001)], camera=False)


@pytest.mark.usefixtures("device")
def test_real_people_are_enrolled_and_told_apart(smartlogd: Smartlogd, shared: Path, tmp_path: Path) -> None:
    """A photograph of one under the name of another is pointed out."""
    faces, folder = shared / "faces", tmp_path / "PEOPLE"
    folder.mkdir()
    for name in ("biden", "obama", "lin_manuel_miranda"):
        (folder / name).symlink_to(faces / name)
    told = smartlogd("people", "enrol", folder, "--consent")
    assert told.code == 0
    taken = [line for line in told.out.splitlines() if line.startswith("taken")]
    assert len(taken) == 12
    assert not [line for line in taken if "right photograph" in line]
    wrong = smartlogd(
        "people", "enrol", "obama", faces / "compreface_A" / "001_A.jpg", faces / "compreface_C" / "009_C.jpg"
    )
    assert wrong.out.count("It is unlike obama's others") == 2
    small = tmp_path / "far.jpg"
    Image.open(faces / "obama" / "obama_02.jpg").resize((60, 115)).save(small)
    assert smartlogd("people", "enrol", "obama", small).code == 65

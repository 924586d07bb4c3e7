"""Reading models.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.base.errors import Exit, Missing, WrongConfiguration
from smartlogd.detect.catalogue import Address, Converted, Member, Sdist, catalogue_path, read_catalogue
from smartlogd.detect.registry import default_models

ROOT = Path(__file__).parents[3]
ENTRY = """
[[model]]
name = "one"
version = "1"
type = "detector"
bytes = 3
sha256 = "{sha}"
licence = "CC0-1.0"
input = "none"
output = "none"
sources = [{source}]
"""
WHEEL = """
[[wheel]]
id = "w"
package = "pack"
version = "1.0"
python = "3.11"
abi = "cp311"
platform = "manylinux2014_x86_64"
bytes = 9
sha256 = "{sha}"
"""
SDIST = """
[[sdist]]
id = "s"
package = "pack"
version = "1.0"
bytes = 9
sha256 = "{sha}"
"""
SHA = "ab" * 32
URL = '{ url = "https://models.example/one.tflite" }'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "models.toml"
    path.write_text(text)
    return path


def test_the_catalogue_of_the_house_holds_what_the_profiles_need() -> None:
    specs = {spec.name: spec for spec in read_catalogue(ROOT / "config/models.toml")}
    assert {*default_models("door"), *default_models("wide"), "astronaut", "camera"} <= set(specs)
    for name in default_models("door"):
        (first, *_) = specs[name].sources
        original = first.original if isinstance(first, Converted) else specs[name]
        assert all(isinstance(source, Member) for source in original.sources)  # the package index is enough
    assert specs["astronaut"].type == specs["camera"].type == "picture"
    assert specs["astronaut"].file.endswith(".png")


def test_every_entry_says_its_licence_input_and_output() -> None:
    for spec in read_catalogue(ROOT / "config/models.toml"):
        assert min(len(spec.licence), len(spec.input), len(spec.output)) > 0
        assert spec.sha256[:12] in spec.file


def test_a_member_knows_its_wheel(tmp_path) -> None:
    text = WHEEL.format(sha=SHA) + ENTRY.format(sha=SHA, source='{ wheel = "w", member = "pack/one.tflite" },' + URL)
    (spec,) = read_catalogue(written(tmp_path, text))
    member, address = spec.sources
    assert isinstance(member, Member)
    assert (member.archive.package, member.path) == ("pack", "pack/one.tflite")
    assert address == Address("https://models.example/one.tflite")


def test_a_converted_model_knows_what_it_is_made_of_and_where_that_comes_from(tmp_path) -> None:
    text = (
        SDIST.format(sha=SHA)
        + ENTRY.format(sha=SHA, source='{ sdist = "s", member = "pack-1.0/one.dat" }')
        + ENTRY.format(sha=SHA, source='{ converted = "one", precision = "float16" }').replace('"one"', '"two"', 1)
    )
    one, two = read_catalogue(written(tmp_path, text))
    (member,) = one.sources
    assert member == Member(Sdist("pack", "1.0", 9, SHA), "pack-1.0/one.dat")
    assert two.sources == (Converted(one, "float16"),)


def test_only_a_model_for_tests_may_be_had_from_nowhere_but_a_mirror(tmp_path) -> None:
    entry = ENTRY.format(sha=SHA, source="").replace("sources", "for_tests = true\nsources", 1)
    (spec,) = read_catalogue(written(tmp_path, entry))
    assert (spec.sources, spec.for_tests) == ((), True)
    (usual,) = read_catalogue(written(tmp_path, ENTRY.format(sha=SHA, source=URL)))
    assert not usual.for_tests


def test_what_hearing_needs_is_needed_only_where_somebody_listens() -> None:
    specs = {spec.name: spec for spec in read_catalogue(ROOT / "config/models.toml")}
    for profile in ("door", "wide"):
        (sound,) = set(default_models(profile, sounds=True)) - set(default_models(profile))
        assert (specs[sound].type, specs[sound].for_tests) == ("sound", False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("this is no TOML", "no TOML"),
        (ENTRY.format(sha="short", source=URL), "model.0.sha256"),
        (ENTRY.format(sha=SHA, source='{ url = "file:///etc/passwd" }'), "url"),
        (ENTRY.format(sha=SHA, source='{ wheel = "nowhere", member = "x" }'), "nowhere"),
        (ENTRY.format(sha=SHA, source='{ sdist = "nowhere", member = "x" }'), "the sdist nowhere"),
        (ENTRY.format(sha=SHA, source='{ converted = "one", precision = "float16" }'), "does not stand before it"),
        (ENTRY.format(sha=SHA, source='{ converted = "one", precision = "int8" }'), "precision"),
        (ENTRY.format(sha=SHA, source=""), "sources"),
        (ENTRY.format(sha=SHA, source=URL) * 2, "twice"),
        (ENTRY.format(sha=SHA, source=URL).replace("licence", "license"), "licence"),
        (ENTRY.format(sha=SHA, source=URL).replace('name = "one"', 'name = "../one"'), "name"),
        (WHEEL.format(sha=SHA).replace('"pack"', '"--index-url=x"') + ENTRY.format(sha=SHA, source=URL), "package"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path, text, says) -> None:
    with pytest.raises(WrongConfiguration, match="catalogue") as wrong:
        read_catalogue(written(tmp_path, text))
    assert says in str(wrong.value)
    assert wrong.value.code == Exit.CONFIGURATION


def test_bytes_that_are_no_text_are_no_toml(tmp_path) -> None:
    (tmp_path / "models.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(WrongConfiguration, match="no TOML"):
        read_catalogue(tmp_path / "models.toml")


def test_a_folder_is_no_catalogue(tmp_path) -> None:
    with pytest.raises(Missing, match="cannot be read"):
        read_catalogue(tmp_path)


def test_the_variable_says_where_the_catalogue_is_and_nothing_else_is_tried(tmp_path, monkeypatch) -> None:
    path = written(tmp_path, ENTRY.format(sha=SHA, source=URL))
    monkeypatch.setenv("SMARTLOG_MODELS_TOML", str(path))
    assert catalogue_path() == path
    assert [spec.name for spec in read_catalogue()] == ["one"]
    path.unlink()
    with pytest.raises(Missing, match="not there") as missing:
        catalogue_path()
    assert str(path) in missing.value.hint

"""Every setting is described, in the code and in the annotated file, and the file says the true defaults."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from smartlogd.movement.conduct_options import ZoneOptions
from smartlogd.movement.options import PairOptions
from smartlogd.record.options import RuleOptions
from smartlogd.settings import Settings, read_settings

ROOT = Path(__file__).parents[2]
ANNOTATED = ROOT / "config" / "smartlogd.toml"


def fields(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of every table with its dotted name; tables themselves are followed, not named."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from fields(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}", field


FIELDS = dict(fields(Settings))
OF_ONE = {key for model in (PairOptions, ZoneOptions, RuleOptions) for key in model.model_fields}
"""Keys of tables of which there are as many as one likes, and that the file shows behind a hash."""


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_has_a_sentence(name: str) -> None:
    told = FIELDS[name].description
    assert told, f"{name} has no description"
    assert told.endswith("."), f"{name} is not described in a sentence"


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_stands_in_the_annotated_file(name: str) -> None:
    key = name.rsplit(".", 1)[-1]
    assert re.search(rf"^(?:# )?(?:{key} =|\[(?:\w+\.)*{key}\b)", ANNOTATED.read_text(), re.MULTILINE)


def test_the_annotated_file_says_the_defaults_and_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    said = read_settings(ANNOTATED).model_dump()
    default = read_settings(empty).model_dump()
    # The file shows one line in place of no line; what that line means is asked for elsewhere.
    said["movement"].pop("lines")
    default["movement"].pop("lines")
    assert said == default


def test_a_key_behind_a_hash_can_be_given_a_value() -> None:
    text = ANNOTATED.read_text()
    shown = re.findall(r"^# (\w+) = (.+)$", text, re.MULTILINE)
    assert shown
    for key, value in shown:
        assert any(name.rsplit(".", 1)[-1] == key for name in FIELDS) or key in OF_ONE, key
        assert tomllib.loads(f"{key} = {value}")


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("smartlogd*.toml")), ids=lambda path: path.name)
def test_every_configuration_that_we_give_away_is_right(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(path).movement.crossing_lines()

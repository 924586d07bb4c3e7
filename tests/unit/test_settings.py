"""Settings: every way to give them, and every sentence about what is wrong with them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from smartlogd.base.errors import Exit, Missing, WrongConfiguration
from smartlogd.complaints import model_at
from smartlogd.settings import (
    LARGEST_FILE,
    Settings,
    WrongSettings,
    differences,
    environment,
    read_settings,
    usual_file,
)

ROOT = Path(__file__).parents[2]
DOCUMENTED = ROOT / "config" / "smartlogd.toml"
PAIR = ROOT / "config" / "smartlogd-pair.toml"

Given = Callable[..., Settings]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a .env, and a home without a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """Settings read from a file with this text."""

    def read(text: str, overrides: dict[str, object] | None = None) -> Settings:
        file = tmp_path / "s.toml"
        file.write_text(text)
        return read_settings(file, overrides)

    return read


WRONG = {
    "an unknown key": (
        "[capture]\nfsp = 3",
        "The key fsp of [capture] in s.toml is unknown.",
        "nearest known key is fps",
    ),
    "an unknown nested key": (
        "[capture.motion]\nheartbeat = 3",
        "The key heartbeat of [capture.motion] in s.toml is unknown.",
        "nearest known key is heartbeat_s",
    ),
    "a key of another table": (
        "[detect]\nfps = 3",
        "The key fps of [detect] in s.toml is unknown.",
        "belongs to [capture]",
    ),
    "an unknown key of a line": (
        '[movement.lines.door]\nstart = [0, 0]\nend = [0, 1]\ninside = "left"\nbnd = 0.1',
        "The key bnd of [movement.lines.door] in s.toml is unknown.",
        "nearest known key is band",
    ),
    "an unknown table": ("[capure]\nfps = 3", "The table [capure] in s.toml is unknown.", "[capture]"),
    "text for a number": ('[capture]\nfps = "10"', 'capture.fps in s.toml is "10", but it should be a number.', ""),
    "true for a number": (
        "[capture]\nwidth_px = true",
        "capture.width_px in s.toml is true, but it should be a whole number.",
        "",
    ),
    "a fraction for a whole number": ("[capture]\nwidth_px = 640.5", "is 640.5, but it should be a whole number.", ""),
    "a number for text": ("[capture]\nsource = 0", "capture.source in s.toml is 0, but it should be text.", ""),
    "a date for a number": ("[capture]\nfps = 2026-01-01", 'is "2026-01-01", but it should be a number.', ""),
    "a value out of bounds": (
        "[capture]\nfps = -1",
        "capture.fps in s.toml is -1, but it should be greater than 0.",
        "",
    ),
    "not a number": ("[capture]\nfps = nan", "capture.fps in s.toml is nan, which is no number.", ""),
    "infinity": (
        "[movement.lines.a]\nstart = [0, inf]",
        "movement.lines.a.start.1 in s.toml is inf, which is no number.",
        "",
    ),
    "a word that is not one of the known": (
        '[detect]\nprofile = "dor"',
        "is \"dor\", but it should be 'door' or 'wide'.",
        "",
    ),
    "a value for a table": ("capture = 3", "capture in s.toml is 3, but it should be a table.", ""),
    "a table for a value": ("[capture.fps]\nx = 1", "capture.fps in s.toml is a table, but it should be a number.", ""),
    "a list for a table": ("movement.lines = [1]", "movement.lines in s.toml is [1], but it should be a table.", ""),
    "a name no device can have": ('[device]\nname = "Front Door"', 'device.name in s.toml is "Front Door", but', ""),
    "a missing key": (
        "[movement.lines.door]\nstart = [0, 0]\nend = [0, 1]",
        "[movement.lines.door] in s.toml has no inside, which it needs.",
        "config/smartlogd.toml",
    ),
    "a line of zero length": (
        '[movement.lines.door]\nstart = [0.5, 0.5]\nend = [0.5, 0.5]\ninside = "left"',
        "movement.lines.door in s.toml: the line from (0.5, 0.5) to (0.5, 0.5) has no length",
        "",
    ),
    "overlapping lines": (
        '[movement.lines.a]\nstart = [0.5, 0]\nend = [0.5, 1]\ninside = "left"\n'
        '[movement.lines.b]\nstart = [0.5, 0.2]\nend = [0.5, 0.9]\ninside = "right"',
        "movement in s.toml: the lines a and b lie upon each other",
        "",
    ),
    "a point of three numbers": (
        '[movement.lines.a]\nstart = [0, 0, 0]\nend = [0, 1]\ninside = "left"',
        "movement.lines.a.start in s.toml is [0, 0, 0], but it should have at most 2 items, not 3.",
        "",
    ),
    "a pair in the wrong order": ("[movement.pair]\nleft_line_x = 0.8", "must stand left of right_line_x (0.7).", ""),
    "a very long value": (f'[capture]\nfps = "{"9" * 500}"', "999...", ""),
}


@pytest.mark.parametrize(("text", "what", "hint"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_in_one_sentence(given: Given, tmp_path: Path, text: str, what: str, hint: str) -> None:
    with pytest.raises(WrongSettings) as caught:
        given(text)
    said = caught.value.what.replace(f"{tmp_path}/", "")
    assert what in said
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)
    assert said.endswith(".")
    assert len(said) < 250
    assert caught.value.code is Exit.CONFIGURATION


def test_everything_that_is_wrong_is_kept_for_check_config(given: Given) -> None:
    with pytest.raises(WrongSettings, match=r"width_px.*2 more") as caught:
        given('[capture]\nwidth_px = true\nheight_px = 1.5\nfps = "x"')
    assert [problem.what.split()[0] for problem in caught.value.problems] == [
        "capture.width_px",
        "capture.height_px",
        "capture.fps",
    ]


BROKEN = {
    "a syntax error": (b"[capture\n", "is not valid TOML: expected ']'", "line 1"),
    "bytes that are no UTF-8": (b"name = '\xff\xfe'\n", "is not UTF-8 text (byte 8 cannot be read)", ""),
    "a zero byte": (b"\x00", "is not valid TOML", ""),
    "a file too large": (b"#" * (LARGEST_FILE + 1), "is larger than 256 KiB", ""),
    "deep nesting": (b"x = " + b"[" * 100_000, "nests too deeply", ""),
}


@pytest.mark.parametrize(("content", "what", "more"), BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path, content: bytes, what: str, more: str) -> None:
    file = tmp_path / "s.toml"
    file.write_bytes(content)
    with pytest.raises(WrongConfiguration) as caught:
        read_settings(file)
    assert what in caught.value.what
    assert more in caught.value.what
    assert caught.value.code is Exit.CONFIGURATION


def test_a_folder_is_no_configuration_file(tmp_path: Path) -> None:
    with pytest.raises(WrongConfiguration, match="is a folder"):
        read_settings(tmp_path)


def test_a_missing_file_is_missing_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="There is no configuration file") as caught:
        read_settings(tmp_path / "none.toml")
    assert caught.value.code is Exit.MISSING
    assert "config/smartlogd.toml" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_a_matter_of_configuration(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.touch(mode=0o000)
    with pytest.raises(WrongConfiguration, match="permission denied"):
        read_settings(file)


# Where settings come from ------------------------------------------------------------------------


def test_the_environment_wins_over_the_file(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_CAPTURE__FPS", "12.5")
    monkeypatch.setenv("SMARTLOG_CAPTURE__MOTION__HEARTBEAT_S", "7")
    monkeypatch.setenv("SMARTLOG_CAPTURE__LOOP", "true")
    monkeypatch.setenv("SMARTLOG_DEVICE__NAME", "12")
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", "models")
    monkeypatch.setenv("SMARTLOG_MOVEMENT__LINES", '{x = {start = [0, 0], end = [1, 1], inside = "left"}}')
    settings = given("[capture]\nfps = 5.0\nheight_px = 100")
    assert (settings.capture.fps, settings.capture.height_px) == (12.5, 100)
    assert (settings.capture.motion.heartbeat_s, settings.capture.loop) == (7.0, True)
    assert (settings.device.name, settings.detect.models_dir) == ("12", Path("models"))
    assert [line.name for line in settings.movement.crossing_lines()] == ["x"]


def test_what_the_command_line_says_wins_over_all(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_CAPTURE__SOURCE", "picamera")
    assert given('[capture]\nsource = "auto"', {"capture.source": "demo"}).capture.source == "demo"


def test_dot_env_is_read_and_the_environment_wins_over_it(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(
        "DATABASE_URL=postgresql://central/x\nSMARTLOG_CAPTURE__FPS=3\nexport SMARTLOG_DEVICE__NAME='yard'\n"
    )
    monkeypatch.setenv("SMARTLOG_CAPTURE__FPS", "4")
    settings = given("")
    assert (settings.capture.fps, settings.device.name) == (4.0, "yard")
    assert set(environment()) == {"SMARTLOG_CAPTURE__FPS", "SMARTLOG_DEVICE__NAME"}


def test_a_dot_env_in_another_encoding_is_said_so(given: Given) -> None:
    Path(".env").write_bytes(b"SMARTLOG_DEVICE__NAME=\xff")
    with pytest.raises(WrongConfiguration, match=r"\.env is not UTF-8"):
        given("")


def test_a_wrong_variable_is_named(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_CAPTURE__FPS", "twelve")
    with pytest.raises(WrongSettings, match=r'capture.fps from the variable SMARTLOG_CAPTURE__FPS is "twelve"'):
        given("[capture]\nheight_px = 100")


def test_an_unknown_variable_is_named_with_the_nearest_known_key(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_CAPTURE__FSP", "12")
    with pytest.raises(WrongSettings, match=r"fsp of .capture. from the variable SMARTLOG_CAPTURE__FSP") as caught:
        given("")
    assert "fps" in caught.value.hint


def test_a_variable_of_an_unknown_table_is_named(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_CAPUTRE__FPS", "12")
    with pytest.raises(WrongSettings, match=r"caputre.* from the variable SMARTLOG_CAPUTRE__FPS"):
        given("[capture]\nfps = 3.0")


def test_a_variable_with_one_underscore_too_few_is_not_passed_over(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_CAPTURE_FPS", "12")
    with pytest.raises(WrongConfiguration, match="sets nothing") as caught:
        given("")
    assert "SMARTLOG_CAPTURE__FPS" in caught.value.hint


def test_variables_about_other_things_are_let_be(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_MODEL_MIRROR", "/somewhere")
    assert given("") == Settings()


def test_a_fault_in_the_file_is_not_blamed_on_a_variable(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_CAPTURE__FPS", "12")
    with pytest.raises(WrongSettings, match=r"capture in .*s.toml is 3"):
        given("capture = 3")


def test_without_a_file_the_usual_places_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / ".config/smartlogd/smartlogd.toml"
    own.parent.mkdir(parents=True)
    own.write_text("[capture]\nfps = 3.0\n")
    assert usual_file() == own
    assert read_settings().capture.fps == 3.0
    named = tmp_path / "named.toml"
    named.write_text("[capture]\nfps = 4.0\n")
    monkeypatch.setenv("SMARTLOG_CONFIG", str(named))
    assert read_settings().capture.fps == 4.0


def test_differences_names_the_dotted_keys() -> None:
    new = Settings.model_validate({"capture": {"fps": 3, "motion": {"sensitivity": 0.1}}, "movement": {"pair": {}}})
    assert list(differences(Settings(), new)) == ["capture.fps", "capture.motion.sensitivity", "movement.pair"]


# The documented files ----------------------------------------------------------------------------


SHOWN = {"lines": "door", "zones": "bowl", "rules": "naps"}
"""What the one of each is called that the documented file shows; only the line is in force."""


def options(model: type[BaseModel], where: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a table and the tables in it, dotted; for tables by name, those of the one that the file shows."""
    for key, field in model.model_fields.items():
        inner = next((arm for arm in (field.annotation, *get_args(field.annotation)) if is_model(arm)), None)
        if inner is None:
            yield f"{where}{key}", field
        else:
            name = f".{SHOWN[key]}" if get_origin(field.annotation) is dict else ""
            yield from options(inner, f"{where}{key}{name}.")


def is_model(arm: object) -> bool:
    return isinstance(arm, type) and issubclass(arm, BaseModel)


def leaves(tree: dict[str, Any], where: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{where}{key}.")
        else:
            yield f"{where}{key}", value


def with_commented_keys(text: str) -> str:
    """The file as it would be with every commented table and key in force."""
    return re.sub(r"^# (?=\[[a-z.]+\]$|[a-z_]+ = \S)", "", text, flags=re.MULTILINE)


def test_the_documented_file_names_every_key_and_nothing_else() -> None:
    written = tomllib.loads(with_commented_keys(DOCUMENTED.read_text()))
    assert sorted(key for key, _ in leaves(written)) == sorted(key for key, _ in options(Settings))


def test_the_documented_file_says_the_defaults() -> None:
    assert list(differences(read_settings(DOCUMENTED), Settings())) == []
    assert {key for key, _ in leaves(tomllib.loads(DOCUMENTED.read_text()))} >= {
        key
        for key, field in options(Settings)
        if field.default is not None and not any(word in key for word in ("pair", "name", "zones", "rules"))
    }


def test_every_option_tells_what_it_is_in_one_sentence() -> None:
    for key, field in options(Settings):
        assert field.description, key
        assert field.description.endswith("."), key


def test_smartlogs_pair_of_lines_is_ready_made() -> None:
    left, right = read_settings(PAIR).movement.crossing_lines()
    assert (left.segment.start.x, right.segment.start.x) == (0.3, 0.7)


def test_a_model_is_found_through_tables_by_name() -> None:
    line = model_at(Settings, ("movement", "lines", "anything"))
    assert line is not None
    assert "inside" in line.model_fields


def test_settings_in_a_folder_that_is_closed_to_this_user_say_which_group_to_join(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, *_: object) -> None:  # the tests may run as root, to whom nothing is closed
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("smartlogd.settings.environment", dict)
    monkeypatch.setattr("smartlogd.settings.PLACES", (str(tmp_path / "smartlogd.toml"),))
    monkeypatch.setattr(Path, "is_file", closed)
    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(WrongConfiguration, match="permission denied") as refused:
        read_settings()
    assert "sudo usermod -aG smartlogd $USER" in refused.value.hint

"""Lines as they were set from afar, over the configuration and on the disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from smartlogd.adjusting import FILE, MOST_BYTES, Adjustment, adjusted, laid_over, read, write
from smartlogd.base.errors import DiskTrouble, Fate, UnusableInput
from smartlogd.movement.options import LineOptions
from smartlogd.settings import Settings

DOOR = LineOptions(start=(0.5, 0.0), end=(0.5, 1.0), inside="right", band=0.05)


def settings(**lines: LineOptions) -> Settings:
    return Settings.model_validate({"movement": {"lines": {name: line.model_dump() for name, line in lines.items()}}})


@pytest.mark.parametrize(
    ("configured", "counting", "counts"),
    [("in", None, "in"), ("in", True, "in"), ("in", False, "none"), ("none", True, "both"), ("none", None, "none")],
)
def test_a_line_counts_as_configured_until_it_is_switched(configured: str, counting: bool | None, counts: str) -> None:
    line = LineOptions.model_validate({**DOOR.model_dump(), "counts": configured})
    assert Adjustment(counting=counting).over(line).counts == counts


def test_what_was_not_set_stands_as_configured() -> None:
    line = Adjustment(start=(0.4, 0.0), inside="left").over(DOOR)
    assert (line.start, line.end, line.inside, line.band) == ((0.4, 0.0), DOOR.end, "left", DOOR.band)
    assert Adjustment().over(DOOR) == DOOR


def test_what_is_set_twice_is_set_together() -> None:
    given = settings(door=DOOR)
    once = adjusted(given, {}, "door", {"counting": False})
    twice = adjusted(given, once, "door", {"start": [0.4, 0.0]})
    line = laid_over(given, twice).movement.lines["door"]
    assert (line.counts, line.start) == ("none", (0.4, 0.0))
    back = adjusted(given, twice, "door", {"start": None, "counting": True})
    assert laid_over(given, back).movement.lines["door"] == DOOR


@pytest.mark.parametrize(
    ("name", "what", "reason"),
    [
        ("window", {"counting": False}, "Lines that can: door"),
        ("x" * 5000, {"counting": False}, "No line called"),
        ("door", {"start": [2.0, 0.0]}, "start: Input should be less than"),
        ("door", {"start": [0.5, 1.0]}, "has no length"),
        ("door", {"inside": "above"}, "upright line has no side above"),
        ("door", {"counting": "perhaps"}, "counting:"),
        ("door", {"colour": "red"}, "colour:"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(name: str, what: dict[str, object], reason: str) -> None:
    with pytest.raises(UnusableInput) as caught:
        adjusted(settings(door=DOOR), {}, name, what)
    said = str(caught.value)
    assert reason in said
    assert "Value error" not in said
    assert len(said) < 300


def test_a_pair_of_lines_is_the_configurations_alone() -> None:
    given = Settings.model_validate({"movement": {"pair": {}}})
    with pytest.raises(UnusableInput, match="pair of lines is set"):
        adjusted(given, {}, "left", {"counting": False})


def test_a_line_that_is_gone_or_other_than_it_was_is_as_configured(caplog: pytest.LogCaptureFixture) -> None:
    level = LineOptions(start=(0.0, 0.5), end=(1.0, 0.5), inside="above")
    kept = {"door": Adjustment(inside="left"), "window": Adjustment(counting=False)}
    given = settings(door=level)
    assert laid_over(given, kept).movement.lines == given.movement.lines
    assert caplog.messages == ["line is as configured: what was set from afar no longer fits"]


def test_it_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    kept = {"door": Adjustment(counting=False, start=(0.25, 0.0)), "back door": Adjustment(inside="left")}
    assert read(tmp_path) == {}
    write(tmp_path, kept)
    assert read(tmp_path) == kept
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"door": 7}',
        b'{"": {}}',
        b'{"door": {"start": [7, 7]}}',
        b" " * MOST_BYTES + b'{"door": {}}',
    ],
)
def test_a_file_that_is_none_of_ours_adjusts_nothing(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert read(tmp_path) == {}
    assert caplog.messages == ["lines are as configured"]


def test_a_link_is_not_followed_and_a_folder_that_is_none_is_for_others_to_tell(tmp_path: Path) -> None:
    write(tmp_path / "there", {"door": Adjustment(counting=False)})
    (tmp_path / FILE).symlink_to(tmp_path / "there" / FILE)
    assert read(tmp_path) == {}
    assert read(tmp_path / "there" / FILE) == {}


def test_a_disk_that_takes_nothing_is_told_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(DiskTrouble, match="was not set") as caught:
        write(tmp_path / "state", {})
    assert caught.value.fate is Fate.RETRY

"""`smartlogd models`, with the real catalogue, and with one of two little models of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit
from smartlogd.cli.models import needed
from smartlogd.settings import Settings

Smartlogd = Callable[..., Any]
CONTENT = {"alpha": b"first model", "beta": b"second model"}


@pytest.fixture
def mirror(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror folder that holds both models of a catalogue of two; nothing else can be reached."""
    entries = [
        f'[[model]]\nname = "{name}"\nversion = "1"\ntype = "detector"\nbytes = {len(content)}\n'
        f'sha256 = "{hashlib.sha256(content).hexdigest()}"\nlicence = "none"\ninput = "-"\noutput = "-"\n'
        'sources = [{ url = "http://127.0.0.1:9/x.tflite" }]\n'
        for name, content in CONTENT.items()
    ]
    (tmp_path / "models.toml").write_text("\n".join(entries))
    folder = tmp_path / "mirror"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / f"{name}.bin").write_bytes(content)
    monkeypatch.setenv("SMARTLOG_MODELS_TOML", str(tmp_path / "models.toml"))
    monkeypatch.setenv("SMARTLOG_MODEL_MIRROR", str(folder))
    return folder


def words(smartlogd: Smartlogd, command: str = "list") -> dict[str, str]:
    rows = [json.loads(line) for line in smartlogd("models", command, "--json").out.splitlines()]
    return {row["name"]: row["state"] for row in rows}


@pytest.mark.usefixtures("state")
def test_the_list_names_every_model_and_whether_it_is_here(smartlogd: Smartlogd) -> None:
    told = smartlogd("models", "list")
    head, *rows = told.out.splitlines()
    assert head.split() == ["name", "version", "type", "state", "status", "size", "licence"]
    assert {"face_full_range", "pose_detector", "pose_landmark_full", "coco_ssd_mobilenet"} <= {
        row.split()[0] for row in rows
    }
    assert all(row.split()[3] == "missing" for row in rows)


@pytest.mark.usefixtures("mirror")
def test_fetch_gets_what_is_missing_and_says_so_once(smartlogd: Smartlogd) -> None:
    told = smartlogd("models", "fetch")
    assert told.code == 0
    assert told.out.splitlines() == ["alpha: fetched and verified.", "beta: fetched and verified."]
    assert smartlogd("models", "fetch").out == "All 2 are here already, verified.\n"
    assert words(smartlogd) == {"alpha": "ok", "beta": "ok"}


@pytest.mark.usefixtures("mirror")
def test_fetch_gets_only_what_is_named(smartlogd: Smartlogd) -> None:
    (said,) = smartlogd("models", "fetch", "beta", "--json").out.splitlines()
    assert json.loads(said)["fetched"] is True
    assert Path(json.loads(said)["path"]).read_bytes() == CONTENT["beta"]
    assert words(smartlogd) == {"alpha": "missing", "beta": "ok"}


@pytest.mark.usefixtures("mirror")
def test_a_name_that_is_unknown_is_missing(smartlogd: Smartlogd) -> None:
    told = smartlogd("models", "fetch", "gamma")
    assert told.code == Exit.MISSING
    assert "gamma" in told.err
    assert "alpha, beta" in told.err


def test_a_model_that_no_source_gives_is_refused_by_name(smartlogd: Smartlogd, mirror: Path) -> None:
    (mirror / "alpha.bin").write_bytes(b"other bytes")
    told = smartlogd("models", "fetch", "alpha")
    assert told.code == Exit.MISSING
    assert "alpha" in told.err.splitlines()[0]
    assert words(smartlogd)["alpha"] == "missing"


def test_verify_finds_bytes_that_were_changed(smartlogd: Smartlogd, state: Path, mirror: Path) -> None:
    smartlogd("models", "fetch")
    (file,) = (state / "models").glob("alpha*")
    file.write_bytes(bytes(reversed(CONTENT["alpha"])))
    told = smartlogd("models", "verify")
    assert told.code == Exit.UNUSABLE_INPUT
    assert [row.split()[3] for row in told.out.splitlines()[1:]] == ["tampered", "ok"]
    assert smartlogd("models", "fetch").out == "alpha: fetched and verified.\n"
    assert smartlogd("models", "verify").code == 0


def test_add_takes_a_file_by_its_hash_and_not_by_its_name(smartlogd: Smartlogd, mirror: Path, tmp_path: Path) -> None:
    shutil.copy(mirror / "beta.bin", tmp_path / "from-a-stick.tflite")
    told = smartlogd("models", "add", tmp_path / "from-a-stick.tflite")
    assert (told.code, told.out) == (0, f"{tmp_path}/from-a-stick.tflite is beta 1, and is kept.\n")
    assert words(smartlogd) == {"alpha": "missing", "beta": "ok"}


@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize(
    ("name", "code"), [("models.toml", Exit.UNUSABLE_INPUT), ("none", Exit.MISSING), (".", Exit.MISSING)]
)
def test_add_refuses_what_is_no_model(smartlogd: Smartlogd, tmp_path: Path, name: str, code: Exit) -> None:
    told = smartlogd("models", "add", tmp_path / name)
    assert (told.code, told.out) == (code, "")
    assert told.err.startswith("smartlogd: ")


def test_a_catalogue_that_is_not_there_is_missing(
    smartlogd: Smartlogd, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_MODELS_TOML", str(state / "none.toml"))
    assert smartlogd("models", "list").code == Exit.MISSING


def test_each_profile_needs_its_own_models_and_the_demo_its_photographs() -> None:
    door, wide, demo = (
        needed(Settings.model_validate(tables))
        for tables in ({}, {"detect": {"profile": "wide"}}, {"capture": {"source": "demo"}})
    )
    seeing = ("face_full_range", "pose_detector", "pose_landmark_full")
    knowing = ("face_short_range", "face_embedder_half")
    assert door == (*seeing, *knowing)
    assert wide == ("coco_ssd_mobilenet",)
    assert demo == (*door, "astronaut", "camera")


@pytest.mark.parametrize(
    ("identify", "wanted"),
    [
        ({"precision": "float32"}, {"face_short_range", "face_embedder"}),
        ({"embedder": "dlib"}, {"face_short_range", "dlib_face_resnet"}),
        ({"enabled": False}, set()),
    ],
)
def test_recognition_needs_the_edition_that_is_set_and_nothing_where_it_is_off(
    identify: dict[str, object], wanted: set[str]
) -> None:
    seeing = {"face_full_range", "pose_detector", "pose_landmark_full"}
    assert set(needed(Settings.model_validate({"identify": identify}))) == seeing | wanted

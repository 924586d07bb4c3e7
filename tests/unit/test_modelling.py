"""Without a daemon a model is put in, taken back and added by the command line itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from smartlogd import modelling
from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.settings import Settings
from smartlogd.store import networks

PLACE = "coco_ssd_mobilenet"


@pytest.fixture
def settings(tmp_path: Path, models_dir: Path) -> Settings:
    return Settings.model_validate(
        {"device": {"state_dir": str(tmp_path / "state")}, "detect": {"models_dir": str(models_dir)}}
    )


def described(file: Path, place: str) -> dict[str, object]:
    content = file.read_bytes()
    type_ = "detector" if place == PLACE else "pose"
    digest = hashlib.sha256(content).hexdigest()
    return {"name": "ours", "version": "1", "type": type_, "place": place, "bytes": len(content), "sha256": digest}


def used(settings: Settings) -> dict[str, str]:
    return {place: one.name for place, one in networks.in_use(settings.folders().state).items()}


def test_one_of_the_catalogue_is_put_in_before_the_first_start_and_taken_back(settings: Settings) -> None:
    told = modelling.changed(settings, "activate", {"name": "face_embedder", "version": "dlib-resnet-1"})
    assert (told["place"], told["pictures"]) == ("face_embedder_half", 0)
    assert used(settings) == {"face_embedder_half": "face_embedder"}
    assert modelling.changed(settings, "roll_back", {})["name"] == "face_embedder_half"
    assert used(settings) == {}


def test_taking_back_what_was_never_put_in_is_refused(settings: Settings) -> None:
    modelling.changed(settings, "activate", {"name": PLACE, "version": "1.0-quant-2018-06-29"})
    with pytest.raises(Missing, match="No model was used before"):
        modelling.changed(settings, "roll_back", {"place": "face_embedder_half"})


def test_one_of_ones_own_must_fit_its_place(settings: Settings, models_dir: Path) -> None:
    (file,) = models_dir.glob("pose_landmark_full-*")
    modelling.changed(settings, "add", described(file, PLACE))
    with pytest.raises((UnusableInput, Missing)):
        modelling.changed(settings, "activate", {"name": "ours", "version": "1"})
    assert used(settings) == {}

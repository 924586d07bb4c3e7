"""Which models settings run on: the catalogue's, or what was activated in their place."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from smartlogd import wiring
from smartlogd.base.errors import Missing, SmartlogError
from smartlogd.settings import Settings
from smartlogd.store import networks
from smartlogd.store.networks import Network
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.tables import make_tables

Given = Callable[..., Settings]

# A catalogue whose only model lies behind a closed port of this machine.
UNREACHABLE = f"""
[[model]]
name = "nothing"
version = "1"
type = "detector"
bytes = 5
sha256 = "{"0" * 64}"
licence = "none"
input = "-"
output = "-"
sources = [{{ url = "http://127.0.0.1:9/nothing.tflite" }}]
"""


def test_models_lie_in_the_state_folder_and_the_mirror_comes_from_the_environment(
    settings: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMARTLOG_MODEL_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("SMARTLOG_MODELS_TOML", str(tmp_path / "models.toml"))
    (tmp_path / "models.toml").write_text(UNREACHABLE)
    registry = wiring.model_registry(settings())
    (state, *_) = registry.states()
    assert state.path.parent == tmp_path / "state" / "models"
    with pytest.raises(Missing, match="nothing") as caught:
        registry.fetch(["nothing"], lambda _: None)
    assert str(tmp_path / "mirror") in caught.value.hint


LITE = Network("pose_landmark_lite", "mediapipe-4a20e99", "pose", "catalogue", None, None, "pose_landmark_full")
OWN = Network("better", "2", "pose", "file:x", "d" * 64, None, "pose_landmark_full", 99, ("sit",))


def activated(folder: Path, network: Network) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    make_tables(folder / DATABASE)
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
        networks.enter(connection, network, 1)
        networks.activate(connection, network.name, network.version, on_trial=False)


@pytest.mark.parametrize("network", [LITE, OWN])
def test_a_model_that_was_activated_is_used_in_its_place(settings: Given, tmp_path: Path, network: Network) -> None:
    activated(tmp_path / "state", network)
    found = wiring.model_registry(settings()).in_use("pose_landmark_full")
    assert (found.name, found.version) == (network.name, network.version)
    assert wiring.model_versions(settings())[network.name] == network.version
    assert "pose_landmark_full" not in wiring.model_versions(settings())


def test_a_model_that_came_from_elsewhere_is_what_its_row_says() -> None:
    spec = wiring.model_spec(OWN, ())
    assert (spec.sha256, spec.bytes, spec.stands_for, spec.labels) == (OWN.sha256, 99, "pose_landmark_full", ("sit",))


@pytest.mark.parametrize(
    ("network", "why"),
    [(replace(OWN, bytes=None), "not known by size"), (replace(OWN, type="toaster"), "no type of model")],
)
def test_a_row_that_cannot_be_meant_says_why(network: Network, why: str) -> None:
    with pytest.raises(SmartlogError, match=why):
        wiring.model_spec(network, ())

"""What settings become."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from smartlogd import wiring
from smartlogd.base.errors import Missing
from smartlogd.base.ids import LiveIds
from smartlogd.base.ports import Camera, Detector
from smartlogd.base.time import SystemClock
from smartlogd.base.who import NETWORK
from smartlogd.settings import Settings

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


def settings(tmp_path: Path, **tables: dict[str, object]) -> Settings:
    own: dict[str, object] = {"device": {"state_dir": str(tmp_path / "state"), "name": "yard"}}
    return Settings.model_validate(own | tables)


def feet(anchor: str) -> dict[str, object]:
    return {"lines": {"x": {"start": (0, 0.5), "end": (1, 0.5), "inside": "below", "anchor": anchor}}}


def test_feet_are_needed_when_a_line_asks_for_them(tmp_path: Path) -> None:
    assert wiring.needs_feet(settings(tmp_path, movement=feet("feet")))
    assert not wiring.needs_feet(settings(tmp_path, movement=feet("centre")))


def test_models_lie_in_the_state_folder_and_the_mirror_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMARTLOG_MODEL_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("SMARTLOG_MODELS_TOML", str(tmp_path / "models.toml"))
    (tmp_path / "models.toml").write_text(UNREACHABLE)
    registry = wiring.model_registry(settings(tmp_path))
    (state, *_) = registry.states()
    assert state.path.parent == tmp_path / "state" / "models"
    with pytest.raises(Missing, match="nothing") as caught:
        registry.fetch(["nothing"], lambda _: None)
    assert str(tmp_path / "mirror") in caught.value.hint


def test_without_models_the_detector_is_missing_and_says_how_to_fetch_them(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="not on this device") as caught:
        wiring.detector(settings(tmp_path))
    assert "smartlogd models fetch" in caught.value.hint


async def test_the_parts_of_a_demo_fit_together(tmp_path: Path, models_dir: Path) -> None:
    given = settings(tmp_path, detect={"models_dir": str(models_dir)}, capture={"source": "demo"})
    clock = SystemClock()
    store = await asyncio.to_thread(wiring.store, given, clock, uuid4())
    camera: Camera = wiring.camera(given, clock)
    detector: Detector = await asyncio.to_thread(wiring.detector, given)
    seen: list[int] = []
    pipeline = wiring.pipeline(
        given,
        camera=camera,
        detector=detector,
        ids=LiveIds(),
        journal=store.journal,
        watchers=(lambda frame, _scene, _events: seen.append(frame.seq),),
    )
    running = asyncio.create_task(pipeline.run())
    while not seen:
        await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait({running})
    for part in (camera, detector, store):
        await part.close()
    assert pipeline.tally.scans >= 1


@pytest.mark.parametrize(
    ("identify", "kind"),
    [({}, "TfliteEmbedder"), ({"precision": "float16"}, "TfliteEmbedder"), ({"embedder": "dlib"}, "DlibEmbedder")],
)
def test_the_embedder_is_the_one_that_is_set_and_all_make_points_of_one_network(
    tmp_path: Path, models_dir: Path, identify: dict[str, object], kind: str
) -> None:
    if kind == "DlibEmbedder":
        pytest.importorskip("dlib")
    made = wiring.embedder(settings(tmp_path, detect={"models_dir": str(models_dir)}, identify=identify))
    assert (type(made).__name__, made.model) == (kind, NETWORK)


def test_dlib_takes_the_weights_of_the_package_where_the_models_folder_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "face_recognition_models").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Missing, match="face_recognition_models/models/dlib_face"):
        wiring.embedder(settings(tmp_path, identify={"embedder": "dlib"}))

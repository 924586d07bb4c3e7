"""What settings become that recognise people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smartlogd import wiring
from smartlogd.base.errors import Missing
from smartlogd.base.who import NETWORK
from smartlogd.settings import Settings

Given = Callable[..., Settings]


@pytest.mark.parametrize(
    ("identify", "kind"),
    [({}, "TfliteEmbedder"), ({"precision": "float16"}, "TfliteEmbedder"), ({"embedder": "dlib"}, "DlibEmbedder")],
)
def test_the_embedder_is_the_one_that_is_set_and_all_make_points_of_one_network(
    settings: Given, tmp_path: Path, models_dir: Path, identify: dict[str, object], kind: str
) -> None:
    if kind == "DlibEmbedder":
        pytest.importorskip("dlib")
    made = wiring.embedder(settings(detect={"models_dir": str(models_dir)}, identify=identify))
    assert (type(made).__name__, made.model) == (kind, NETWORK)


def test_dlib_takes_the_weights_of_the_package_where_the_models_folder_has_none(
    settings: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "face_recognition_models").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Missing, match="face_recognition_models/models/dlib_face"):
        wiring.embedder(settings(identify={"embedder": "dlib"}))

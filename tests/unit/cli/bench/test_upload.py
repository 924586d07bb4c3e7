"""How fast a recording comes into an object store: the measure itself, with servers that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.base.errors import Missing
from smartlogd.cli.bench.upload import Uploaded, keys
from smartlogd.sync.credentials import FILE, Credentials


def test_the_ratio_is_that_of_the_medians() -> None:
    measured = Uploaded(2 * 1024 * 1024, (1.0, 2.0, 9.0), (1.8, 0.1, 9.0))
    assert (measured.ours_mib_per_s, measured.bare_mib_per_s, measured.ratio) == (1.0, 2 / 1.8, 0.9)


def test_the_devices_own_keys_come_before_those_of_the_environment(tmp_path: Path) -> None:
    environment = {"AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "hunter2"}
    with pytest.raises(Missing, match="no keys"):
        keys(tmp_path, None, {})
    assert keys(tmp_path, None, environment) == Credentials("mine", "hunter2")
    (tmp_path / FILE).write_text("own\nsecret\n")
    assert keys(tmp_path, None, environment) == Credentials("own", "secret")

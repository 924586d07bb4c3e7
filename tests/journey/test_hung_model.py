"""The real daemon while a model never returns: set up anew, and stopped in time, with all that was seen on the disk."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from device import STOP_S, Device, stopped

from smartlogd.base.time import monotonic_s

HANGING = """
import pathlib, sys, threading
from smartlogd.detect.interpreter import TfliteModel
flag, runs = pathlib.Path(sys.argv.pop(1)), TfliteModel.__call__
def called(model, tensor):
    if flag.exists():
        threading.Event().wait()
    return runs(model, tensor)
TfliteModel.__call__ = called
from smartlogd.__main__ import main
main()
"""
"""The program, but while a flag stands, whoever runs a model never comes back."""


@pytest.mark.usefixtures("models_dir")
def test_a_model_that_hangs_is_loaded_anew_and_keeps_nobody_from_stopping(device: Device, tmp_path: Path) -> None:
    flag = tmp_path / "hang"
    command = [sys.executable, "-c", HANGING, str(flag), "run", "--json", "--config", str(device.config)]
    with subprocess.Popen(
        command, env=device.environment, cwd=device.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            device.until(lambda state: state["journal"]["written"] >= 1)
            before = device.rows()
            flag.touch()
            device.until(lambda state: state["rung"] == "rebuild", within_s=30.0)
            flag.unlink()
            seen = device.state()["frames"]
            device.until(lambda state: state["frames"] > seen, within_s=30.0)
            flag.touch()
            device.until(lambda state: (state["last_frame_age_s"] or 0) > 1)
            began_s = monotonic_s()
            code, err = stopped(process, signal.SIGTERM)
        finally:
            process.kill()
    assert monotonic_s() - began_s < STOP_S
    assert code == 0, err
    assert "the detector did not close in time" in err
    assert "Traceback" not in err
    assert device.rows()[: len(before)] == before

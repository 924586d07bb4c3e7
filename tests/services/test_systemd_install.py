"""scripts/install.sh on a real machine: fresh, again, an upgrade, one that fails and is taken back, and away again."""

from __future__ import annotations

import re
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from machine import ROOT, Installed, Machine, copy_source, until

MIGRATION = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{before}", None, None
def upgrade():
    op.execute("CREATE TABLE of_the_new_version (id INTEGER)")
"""
MIGRATES = "/opt/smartlogd/venv/bin/smartlogd db upgrade --config /etc/smartlogd/smartlogd.toml >&2"


@pytest.fixture
def src(machine: Machine) -> Iterator[Path]:
    """The source that the machine installs from, to be changed; it is the checkout's again afterwards."""
    yield machine.src
    copy_source(machine.src)


@pytest.fixture
def edit(src: Path) -> Callable[[str, str, str], None]:
    def edited(name: str, pattern: str, by: str) -> None:
        text, count = re.subn(pattern, by, (src / name).read_text(), flags=re.MULTILINE)
        assert count == 1
        (src / name).write_text(text)

    return edited


def release(machine: Machine) -> str:
    return machine.run("readlink", "/opt/smartlogd/venv").strip().split("/")[1]


def releases(machine: Machine) -> list[str]:
    return sorted(machine.run("ls", "/opt/smartlogd/releases").split())


# Installing ----------------------------------------------------------------------------------------


def test_a_dry_run_says_each_step_and_touches_nothing(machine: Machine) -> None:
    before = machine.run("find", "/opt", "/etc", "/var/lib", "/usr/local", "-newer", "/etc/hostname")
    said = machine.run("make", "-C", "/src", "install", "WHEELS=/wheels", "MODELS=/models", "DRY_RUN=1")
    assert "Making the user smartlogd and its folders ...\n" in said
    assert machine.run("find", "/opt", "/etc", "/var/lib", "/usr/local", "-newer", "/etc/hostname") == before


def test_what_was_installed_belongs_to_root_and_starts_with_the_machine(installed: Installed) -> None:
    machine = installed.machine
    assert machine.run("systemctl", "is-enabled", "smartlogd").strip() == "enabled"
    assert machine.run("stat", "-c", "%U", "/opt/smartlogd/venv", "/usr/local/bin/smartlogd").split() == ["root"] * 2
    assert machine.run("smartlogd", "--version")
    listed = machine.run("ls", "/usr/local/share/smartlogd").split()
    assert {"smartlogd.toml", "hardware-watchdog.conf.example", "systemd-watchdog.conf.example"} <= set(listed)
    assert machine.run("find", "/etc/systemd/", "-name", "*watchdog.conf", "-o", "-name", "card.conf") == ""


def test_a_second_run_does_only_what_is_missing(installed: Installed, src: Path) -> None:
    machine = installed.machine
    settings, pid, made = machine.run("cat", "/etc/smartlogd/smartlogd.toml"), installed.pid, releases(machine)
    machine.run("rm", "/etc/udev/rules.d/99-smartlogd-dma-heap.rules")
    began = time.monotonic()
    said = installed.install().stdout
    assert time.monotonic() - began < 15
    assert "is made already" in said
    assert (installed.pid, releases(machine)) == (pid, made)
    assert machine.run("cat", "/etc/smartlogd/smartlogd.toml") == settings
    assert machine.run("ls", "/etc/udev/rules.d").split() == ["99-smartlogd-dma-heap.rules"]


# Upgrading -----------------------------------------------------------------------------------------


def test_an_upgrade_keeps_the_log_and_the_version_before(
    installed: Installed, edit: Callable[[str, str, str], None]
) -> None:
    machine = installed.machine
    until(installed.rows, 30)
    before, old = installed.rows(), release(machine)
    edit("smartlogd/__init__.py", "^__version__ = .*", '__version__ = "7.0.0"')
    installed.install()
    assert before <= installed.rows()
    assert installed.ask()["version"] == "7.0.0"
    assert release(machine).startswith("7.0.0-")
    assert releases(machine) == sorted([old, release(machine)])
    assert machine.run("ls", "/var/lib/smartlogd/backups").split() == [f"before-{release(machine)}.db"]
    assert machine.run("find", "/opt/smartlogd", "-name", "tmp") == ""
    machine.run("rm", "-rf", f"/opt/smartlogd/releases/{old}")  # the new one needs nothing of the old
    assert machine.run("grep", "-rlFI", f"releases/{old}/", "/opt/smartlogd/releases", check=False) == ""
    installed.restart()


def test_a_version_that_never_becomes_ready_is_taken_back_with_the_log(
    installed: Installed, src: Path, edit: Callable[[str, str, str], None], long_run: bool
) -> None:
    """It changes the tables, and then dies; at full length another one says nothing at all for a minute."""
    machine = installed.machine
    until(installed.rows, 30)
    versions = src / "smartlogd/schema/history/versions"
    newest = sorted(path.name[:4] for path in versions.glob("[0-9]*.py"))[-1]
    (versions / "9999_trial.py").write_text(MIGRATION.format(before=newest))
    for then in ("exit 1", "sleep 999") if long_run else ("exit 1",):
        edit("systemd/smartlogd.service", "^ExecStart=.*", f"ExecStart=/bin/sh -c '{MIGRATES}; {then}'")
        before, old, version = installed.rows(), release(machine), installed.ask()["version"]
        done = installed.install(check=False)
        assert done.returncode == 69
        assert "did not become ready" in done.stdout
        assert f"Version {old} runs again." in done.stdout
        assert installed.ask()["version"] == version
        assert release(machine) == old
        assert old in releases(machine)
        assert before <= installed.rows()
        assert installed.query("SELECT version_num FROM alembic_version") == [newest]
        assert "replaced-" in machine.run("ls", "/var/lib/smartlogd")  # what the new version wrote is not thrown away


def test_an_installer_that_is_hung_up_on_in_the_middle_leaves_what_ran_before(
    installed: Installed, edit: Callable[[str, str, str], None]
) -> None:
    machine, old = installed.machine, release(installed.machine)
    edit("systemd/smartlogd.service", "^ExecStart=.*", "ExecStart=/bin/sleep 999")
    script = (
        "sh /src/scripts/install.sh --wheels /wheels >/tmp/told 2>&1 & installer=$!;"
        "until grep -q ^Starting /tmp/told; do sleep 0.2; done; kill -HUP $installer; wait $installer"
    )
    assert machine.tried("sh", "-c", script).returncode == 129
    assert f"Version {old} runs again." in machine.run("cat", "/tmp/told")
    assert release(machine) == old
    assert installed.ask()["state"] == "running"


def test_settings_that_it_does_not_understand_stop_nothing(installed: Installed) -> None:
    pid = installed.pid
    installed.settings("[device]\nnaam = 'door'\n")
    done = installed.install(check=False)
    assert done.returncode == 78
    assert "naam" in done.stdout
    assert "nothing was changed" in done.stdout
    assert installed.pid == pid


# Refusing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failing_at", "sentence"),
    [
        ("ensurepip", "sudo apt install python3-venv"),
        ("maxsize", "This is a 32-bit system"),
        ("raise*machine", "smartlogd runs on x86_64 and on aarch64"),
    ],
)
def test_a_machine_that_will_not_do_is_refused_by_name(machine: Machine, failing_at: str, sentence: str) -> None:
    fake = f'#!/bin/sh\ncase "$2" in *{failing_at}*) exit 1;; esac\nexec /usr/bin/python3 "$@"\n'
    machine.write("/usr/local/lib/fake/python3", fake, 0o755)
    done = machine.tried("sh", "/src/scripts/install.sh", "--python", "/usr/local/lib/fake/python3")
    assert done.returncode == 69
    assert sentence in done.stdout


def test_a_disk_without_room_is_refused(machine: Machine) -> None:
    small = "mkdir -p /opt && mount -t tmpfs -o size=50m tmpfs /opt && sh /src/scripts/install.sh"
    done = machine.tried("unshare", "--mount", "sh", "-c", small)
    assert done.returncode == 69
    assert re.search(r"/opt/smartlogd has \d+ MiB left", done.stdout)


def test_only_root_installs(machine: Machine) -> None:
    done = machine.tried("sh", "/src/scripts/install.sh", user="nobody")
    assert done.returncode == 77
    assert "Run it again with sudo" in done.stdout


# Where there is no machine -------------------------------------------------------------------------


def test_a_source_archive_holds_all_that_an_installation_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from setuptools.build_meta import build_sdist

    copy_source(tmp_path / "source")
    monkeypatch.chdir(tmp_path / "source")
    with tarfile.open(tmp_path / build_sdist(str(tmp_path))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    tracked = {str(path.relative_to(ROOT)) for name in ("scripts", "systemd") for path in (ROOT / name).rglob("*.*")}
    assert {"requirements.lock", "config/smartlogd.toml", "systemd/smartlogd", "smartlogd/__init__.py"} <= held
    assert {name for name in tracked if "__pycache__" not in name} <= held


# Away ----------------------------------------------------------------------------------------------


def test_uninstalling_keeps_the_log_and_the_settings_unless_told_otherwise(installed: Installed) -> None:
    machine = installed.machine
    until(installed.rows, 30)
    machine.run("make", "-C", "/src", "uninstall")
    assert machine.show("LoadState") == "not-found"
    assert machine.tried("test", "-e", "/opt/smartlogd").returncode == 1
    assert machine.tried("test", "-e", "/usr/local/bin/smartlogd").returncode == 1
    assert installed.rows()
    assert machine.tried("test", "-e", "/etc/smartlogd/smartlogd.toml").returncode == 0
    machine.run("make", "-C", "/src", "uninstall", "PURGE=1")
    for gone in ("/var/lib/smartlogd", "/etc/smartlogd", "/usr/local/share/smartlogd"):
        assert machine.tried("test", "-e", gone).returncode == 1
    assert machine.tried("getent", "passwd", "smartlogd").returncode != 0

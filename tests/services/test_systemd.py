"""smartlogd under a real systemd: ready, stopped, blocked, killed, misconfigured, reloaded, and fenced in."""

from __future__ import annotations

import random
import time

import pytest
from machine import SETTINGS, Installed, Machine, until

BLOCK_ON_SIGNAL = """
import signal, time
signal.signal(signal.SIGUSR1, lambda *_: blocked_on_purpose())
def blocked_on_purpose():
    while True:
        time.sleep(3600)
"""


def some_rows(installed: Installed) -> set[str]:
    """Wait until there are a few acknowledged events, and give them."""
    return set(until(lambda: (rows := installed.rows()) and len(rows) >= 3 and rows, 30))


def messages(machine: Machine, *matches: str) -> str:
    return "\n".join(str(entry["MESSAGE"]) for entry in machine.journal(*matches))


# Starting and stopping -----------------------------------------------------------------------------


def test_it_is_ready_within_five_seconds(installed: Installed, house_note: list[str]) -> None:
    assert installed.machine.show("Type") == "notify"
    spans_s = [installed.restart() for _ in range(3)]
    assert installed.machine.show("ActiveState") == "active"
    assert max(spans_s) <= 5
    house_note.append(f"systemd: ready after {', '.join(f'{span_s:.1f}' for span_s in spans_s)} s")


def test_a_stop_at_any_moment_is_clean_within_ten_seconds(
    installed: Installed, long_run: bool, house_note: list[str]
) -> None:
    machine, chance, spans_s, early = installed.machine, random.Random(5), [], 0
    before = some_rows(installed)
    for _ in range(50 if long_run else 5):
        machine.run("systemctl", "start", "--no-block", "smartlogd")
        time.sleep(chance.uniform(0.0, 4.0))
        has_begun, began = installed.has_begun(), time.monotonic()
        machine.run("systemctl", "stop", "smartlogd")
        spans_s.append(time.monotonic() - began)
        assert machine.show("Result") == "success", messages(machine)[-2000:]
        # Told to stop before Python has run a line of ours, it ends by the signal itself; systemd calls that clean.
        ended = installed.ended()
        assert ended == "exited 0" or (not has_begun and ended == "killed 15")
        early += ended != "exited 0"
    assert max(spans_s) <= 10
    assert before <= installed.rows()
    assert machine.tried("smartlogd", "db", "check").returncode == 0
    slowest = f"the slowest took {max(spans_s):.1f} s"
    house_note.append(f"systemd: {len(spans_s)} stops, {early} of them before Python ran, {slowest}")


# Misfortune ----------------------------------------------------------------------------------------


def test_a_blocked_event_loop_is_noticed_and_started_anew(
    installed: Installed, long_run: bool, house_note: list[str]
) -> None:
    machine = installed.machine
    where = machine.run("sh", "-c", "echo /opt/smartlogd/venv/lib/python3*/site-packages").strip()
    machine.write(f"{where}/block_on_signal.py", BLOCK_ON_SIGNAL)
    machine.write(f"{where}/block_on_signal.pth", "import block_on_signal\n")
    if not long_run:
        installed.drop_in("WatchdogSec=5")
    installed.restart()
    before, pid, began = some_rows(installed), installed.pid, time.monotonic()
    installed.signal("USR1")
    until(lambda: installed.pid not in (0, pid) and machine.show("ActiveState") == "active", 30)
    took_s = time.monotonic() - began
    machine.run("rm", f"{where}/block_on_signal.py", f"{where}/block_on_signal.pth")
    installed.is_as_new = False
    assert "blocked_on_purpose" in messages(machine)  # where it stood
    assert before <= installed.rows()
    assert took_s <= 30
    watchdog_s = 20 if long_run else 5
    house_note.append(f"systemd: blocked to running again in {took_s:.1f} s, with a watchdog of {watchdog_s} s")


def test_a_process_that_stands_still_is_started_anew(installed: Installed, long_run: bool) -> None:
    if not long_run:
        installed.drop_in("WatchdogSec=5")
        installed.restart()
    before, pid = some_rows(installed), installed.pid
    installed.signal("STOP")
    until(lambda: installed.pid not in (0, pid) and installed.machine.show("ActiveState") == "active", 32)
    assert before <= installed.rows()


def test_a_killed_daemon_is_started_anew_with_all_its_rows(installed: Installed, long_run: bool) -> None:
    for _ in range(10 if long_run else 2):
        before, pid = some_rows(installed), installed.pid
        installed.signal("KILL")
        until(lambda pid=pid: installed.pid not in (0, pid) and installed.machine.show("ActiveState") == "active", 15)
        assert before <= installed.rows()


def test_settings_that_cannot_be_meant_stop_it_for_good_and_the_journal_says_why(installed: Installed) -> None:
    machine = installed.machine
    installed.settings(SETTINGS + "fps = 'many'\n")
    machine.run("systemctl", "restart", "smartlogd", check=False)
    machine.wait_for("failed", 10)
    assert installed.ended() == "exited 78"
    assert "capture.fps" in messages(machine)[-500:]
    time.sleep(3)  # RestartSec=2
    assert machine.show("ActiveState") == "failed"
    assert machine.show("NRestarts") == "0"


# Living --------------------------------------------------------------------------------------------


def test_a_reload_keeps_the_process(installed: Installed) -> None:
    pid = installed.pid
    line = '[movement.lines.gate]\nstart = [0.4, 0.0]\nend = [0.4, 1.0]\ninside = "right"\n'
    installed.settings(SETTINGS + line)
    installed.machine.run("systemctl", "reload", "smartlogd")
    until(lambda: "gate" in installed.ask()["lines"], 5)
    assert installed.pid == pid
    assert installed.machine.show("ActiveState") == "active"


def test_systemctl_shows_how_it_fares(installed: Installed) -> None:
    until(lambda: installed.machine.show("StatusText"), 10)
    assert '     Status: "' in installed.machine.run("systemctl", "status", "smartlogd")


def test_the_journal_can_be_searched_by_what_happened(installed: Installed) -> None:
    found = installed.machine.journal("SMARTLOG_EVENT=running")
    assert found
    assert found[-1]["CAMERA"] == "demo"
    assert found[-1]["SYSLOG_IDENTIFIER"] == "smartlogd"


def test_what_a_terminal_would_show_is_not_written_to_the_card(installed: Installed) -> None:
    some_rows(installed)
    assert "door: in" not in messages(installed.machine)


def test_a_power_cut_loses_no_row_and_the_machine_comes_up_with_it(installed: Installed) -> None:
    machine, before = installed.machine, some_rows(installed)
    machine.cut()
    machine.boot()
    machine.wait_for("active", 15)
    assert before <= installed.rows()


# Who may do what -----------------------------------------------------------------------------------


def test_a_secret_is_handed_to_it_and_to_nobody_else(installed: Installed) -> None:
    machine = installed.machine
    machine.write("/etc/credstore/smartlogd-mqtt-password", "open sesame", 0o600)
    installed.restart()
    folder = "/run/credentials/smartlogd.service"
    assert f"CREDENTIALS_DIRECTORY={folder}\0" in machine.run("cat", f"/proc/{installed.pid}/environ")
    assert machine.run("cat", f"{folder}/smartlogd-mqtt-password", user="smartlogd") == "open sesame"
    assert machine.tried("cat", f"{folder}/smartlogd-mqtt-password", user="nobody").returncode != 0
    assert machine.run("ls", folder).split() == ["smartlogd-mqtt-password"]  # those that are not there are no error


def test_the_group_may_ask_it_and_others_may_not(installed: Installed) -> None:
    machine = installed.machine
    machine.run("sh", "-c", "id member || useradd -G smartlogd member; id visitor || useradd visitor")
    assert '"state": "running"' in machine.run("smartlogd", "status", "--json", user="member")
    refused = machine.tried("smartlogd", "status", user="visitor")
    assert refused.returncode != 0
    assert "sudo usermod -aG smartlogd" in refused.stdout


def test_its_files_are_its_own(installed: Installed) -> None:
    machine = installed.machine
    some_rows(installed)
    machine.run("smartlogd", "db", "backup", "/var/lib/smartlogd/copy.db")
    state = "/var/lib/smartlogd"
    assert machine.run("find", state, "!", "-user", "smartlogd") == ""
    assert machine.run("find", state, "-path", f"{state}/models/*", "-prune", "-o", "-perm", "/077", "-print") == ""
    machine.run("rm", "/var/lib/smartlogd/copy.db")
    told = machine.run("stat", "-c", "%a %U:%G", "/run/smartlogd", "/run/smartlogd/control.sock", "/etc/smartlogd")
    assert told.splitlines() == ["750 smartlogd:smartlogd", "660 smartlogd:smartlogd", "750 root:smartlogd"]
    assert machine.run("find", "/opt/smartlogd", "!", "-user", "root", "-o", "-perm", "/022", "!", "-type", "l") == ""


PROBE = """
import ctypes, mmap, os, pathlib, socket, subprocess, time
def refused(what):
    try:
        what()
    except (OSError, PermissionError, subprocess.SubprocessError):
        return True
    return False
def run_from_state():
    path = pathlib.Path("/var/lib/smartlogd/program")
    path.write_text("#!/bin/sh\\nexit 0\\n")
    path.chmod(0o755)
    try:
        subprocess.run([path], check=True)
    finally:
        path.unlink()
libc = ctypes.CDLL(None, use_errno=True)
print("clock asked", libc.adjtimex(ctypes.create_string_buffer(1024)) >= 0)
print("clock set", not refused(lambda: time.clock_settime(time.CLOCK_REALTIME, time.time())))
print("settings written", not refused(lambda: open("/etc/smartlogd/smartlogd.toml", "a")))
print("program written", not refused(lambda: open("/opt/smartlogd/venv/x", "a")))
print("homes seen", not refused(lambda: os.listdir("/root")))
print("run from state", not refused(run_from_state))
print("packets forged", not refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)))
print("memory made code", not refused(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)))
print("namespace made", not refused(lambda: os.unshare(0x10000000)) if hasattr(os, "unshare") else False)
print("others seen", os.path.exists("/proc/1/status"))
print("state written", not refused(lambda: open("/var/lib/smartlogd/x", "a")))
"""


def test_the_fence_holds_and_leaves_open_what_is_needed(installed: Installed) -> None:
    machine = installed.machine
    machine.write("/usr/local/share/probe.py", PROBE)
    unit = machine.run("cat", "/usr/local/lib/systemd/system/smartlogd.service")
    # Without RuntimeDirectory=, for with the probe's end the daemon's socket would go.
    left_out = (
        "RuntimeDirectory",
        "ExecStart=",
        "ExecReload=",
        "Type=",
        "Restart=",
        "WatchdogSec=",
        "StandardOutput=",
        "NotifyAccess=",
    )
    kept = "\n".join(line for line in unit.splitlines() if not line.startswith(left_out))
    machine.write("/run/systemd/system/probe.service", kept.replace(
        "[Service]\n", "[Service]\nType=oneshot\nStandardOutput=journal\n"
        "ExecStart=/opt/smartlogd/venv/bin/python /usr/local/share/probe.py\n"
    ))  # fmt: skip
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "probe")
    said = [str(entry["MESSAGE"]) for entry in machine.journal(unit="probe")]
    assert [line for line in said if line.endswith("True")] == ["clock asked True", "state written True"]
    machine.run("rm", "/run/systemd/system/probe.service", "/var/lib/smartlogd/x")


CAMERA = """#!/usr/bin/python3
import sys, time
while True:
    sys.stdout.buffer.write(bytes(640 * 480 * 3))
    sys.stdout.buffer.flush()
    time.sleep(0.1)
"""


def test_a_camera_in_a_process_of_its_own_works_within_the_fence(installed: Installed) -> None:
    machine = installed.machine
    machine.write("/usr/local/bin/camera", CAMERA, 0o755)
    installed.settings(SETTINGS.replace('"demo"', '"command:/usr/local/bin/camera"'))
    installed.restart()
    until(lambda: installed.ask()["frames"] > 20, 15)
    machine.run("systemctl", "stop", "smartlogd")
    assert installed.ended() == "exited 0"
    assert machine.tried("pgrep", "-u", "smartlogd").stdout == ""
    assert machine.run("ls", "/dev/shm") == ""


@pytest.mark.parametrize("group", ["video", "render", "audio"])
def test_it_belongs_to_the_groups_of_its_devices(installed: Installed, group: str) -> None:
    machine = installed.machine
    number = machine.run("getent", "group", group).split(":")[2]
    groups = machine.run("sh", "-c", f"grep ^Groups: /proc/{installed.pid}/status").split()[1:]
    assert number in groups

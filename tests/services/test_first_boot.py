"""The shell of a card's first start, in a scratch root: secrets moved and overwritten, reasons left, cuts survived."""

from __future__ import annotations

import io
import os
import pwd
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CARD = ROOT / "scripts" / "card"
SCRIPTS = [*sorted(CARD.glob("*.sh")), ROOT / "scripts" / "test-image.sh"]
SECRET = "a word for the broker"
KEY = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
CMDLINE = "console=tty1 rootwait systemd.run=/boot/firmware/firstrun.sh systemd.run_success_action=reboot\n"
GOOD = 'echo "$@" >>"$SMARTLOG_CARD_ROOT/installed"\n'
BAD = "echo 'ERROR: numpy could not be found' >&2\nexit 69\n"

SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >>"$SMARTLOG_CARD_ROOT/calls"
case $* in *ActiveState*) echo "${ACTIVE:-active}" ;; esac
"""


class Device:
    """A device's root folder with a prepared card in it, and the system's own programs replaced by what notes them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.boot = root / "boot" / "firmware"
        self.card = self.boot / "smartlogd"
        self.failed = self.boot / "smartlogd-failed.txt"
        self.calls = root / "calls"
        for folder in (self.card / "secrets", self.card / "wheels", root / "bin", root / "etc" / "systemd" / "system"):
            folder.mkdir(parents=True)
        for name in ("first-boot.sh", "smartlogd-first-boot.service"):
            shutil.copy(CARD / name, self.card)
        (self.card / "smartlogd.toml").write_text("[capture]\nfps = 5.0\n")
        (self.card / "secrets" / "smartlogd-mqtt-password").write_text(SECRET)
        self.installer(GOOD)
        self.program("systemctl", SYSTEMCTL)

    def program(self, name: str, text: str, folder: str = "bin") -> None:
        path = self.root / folder / name
        path.write_text(text)
        path.chmod(0o755)

    def installer(self, text: str) -> None:
        """A source archive whose scripts/install.sh is this text."""
        member = tarfile.TarInfo("scripts/install.sh")
        member.size = len(text)
        with tarfile.open(self.card / "source.tar.gz", "w:gz") as archive:
            archive.addfile(member, io.BytesIO(text.encode()))

    def run(self, *words: str, script: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            ["sh", str(script or self.card / "first-boot.sh"), *words],
            env={"PATH": path, "SMARTLOG_CARD_ROOT": str(self.root), "LC_ALL": "C.UTF-8"} | environment,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # what cuts the power may end its whole group
        )

    @property
    def credential(self) -> Path:
        return self.root / "etc" / "credstore" / "smartlogd-mqtt-password"

    @property
    def is_done(self) -> bool:
        return (self.root / "var" / "lib" / "smartlogd-first-boot" / "done").exists()


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


# A first start that goes well ------------------------------------------------------------------------


def test_a_good_first_start_installs_from_the_card_and_leaves_nothing_on_it(device: Device) -> None:
    done = device.run("run")
    assert done.returncode == 0, done.stderr
    assert (device.root / "installed").read_text() == f"--wheels {device.card / 'wheels'}\n"
    assert device.is_done
    assert not device.card.exists()
    assert not device.failed.exists()
    assert "smartlogd is installed and runs" in done.stdout
    assert "systemctl disable smartlogd-first-boot.service" in device.calls.read_text()


def test_secrets_are_moved_into_credentials_for_root_alone(device: Device) -> None:
    assert device.run("run").returncode == 0
    assert device.credential.read_text() == SECRET
    assert device.credential.stat().st_mode & 0o777 == 0o600
    assert device.credential.parent.stat().st_mode & 0o777 == 0o700


def test_a_moved_secret_is_overwritten_where_it_lay(device: Device) -> None:
    with (device.card / "secrets" / "smartlogd-mqtt-password").open("rb") as still_open:
        done = device.run("run")
        assert still_open.read().strip(b"\0") == b""
    assert SECRET not in done.stdout + done.stderr


def test_the_settings_are_readable_to_root_and_one_group(device: Device) -> None:
    assert device.run("run").returncode == 0
    settings = device.root / "etc" / "smartlogd" / "smartlogd.toml"
    assert settings.read_text() == "[capture]\nfps = 5.0\n"
    assert settings.stat().st_mode & 0o777 == 0o640


def test_a_card_that_is_done_does_nothing_again(device: Device) -> None:
    assert device.run("run").returncode == 0
    again = device.run("run", script=CARD / "first-boot.sh")
    assert again.returncode == 0
    assert (device.root / "installed").read_text().count("\n") == 1


def test_arming_is_harmless_twice_and_after_the_end(device: Device) -> None:
    for _ in range(2):
        assert device.run("arm").returncode == 0
    unit = device.root / "etc" / "systemd" / "system" / "smartlogd-first-boot.service"
    assert unit.read_bytes() == (CARD / "smartlogd-first-boot.service").read_bytes()
    script = device.root / "var" / "lib" / "smartlogd-first-boot" / "first-boot.sh"
    assert device.run("run", script=script).returncode == 0
    calls = device.calls.read_text()
    assert device.run("arm", script=script).returncode == 0
    assert device.calls.read_text() == calls


# The Wi-Fi's key -------------------------------------------------------------------------------------


def with_network(device: Device) -> Path:
    config = device.boot / "network-config"
    config.write_text(
        f'{{"network": {{"wifis": {{"wlan0": {{"access-points": {{"home": {{\n"password": "{KEY}"}}}}}}}}}}}}\n'
    )
    return config


def test_the_networks_key_leaves_the_card_once_the_system_has_it(device: Device) -> None:
    config = with_network(device)
    (device.root / "etc" / "netplan").mkdir()
    (device.root / "etc" / "netplan" / "50-cloud-init.yaml").write_text(f"password: {KEY}\n")
    assert device.run("run").returncode == 0
    assert KEY not in config.read_text()
    assert "config: disabled" in config.read_text()


def test_the_networks_key_stays_where_the_system_has_not_taken_it(device: Device) -> None:
    config = with_network(device)
    assert device.run("run").returncode == 0
    assert KEY in config.read_text()


# A first start that fails ----------------------------------------------------------------------------


def test_a_failed_installation_leaves_its_reason_for_the_person_with_the_laptop(device: Device) -> None:
    device.installer(BAD)
    assert device.run("run").returncode == 69
    told = device.failed.read_bytes().decode()
    assert "What failed: Installing smartlogd (code 69)\r\n" in told
    assert "What to do: " in told
    assert "ERROR: numpy could not be found" in told
    assert SECRET not in told
    assert not device.is_done
    assert device.card.is_dir()


def test_what_failed_is_tried_again_and_the_reason_goes_when_it_succeeds(device: Device) -> None:
    device.installer(BAD)
    assert device.run("run").returncode == 69
    device.installer(GOOD)
    (device.card / "smartlogd.toml").write_text("[capture]\nfps = 7.0\n")
    assert device.run("run").returncode == 0
    assert not device.failed.exists()
    assert "7.0" in (device.root / "etc" / "smartlogd" / "smartlogd.toml").read_text()
    assert device.credential.read_text() == SECRET


def test_a_daemon_that_does_not_start_is_a_failure_too(device: Device) -> None:
    assert device.run("run", ACTIVE="failed").returncode == 1
    assert "What failed: Starting smartlogd" in device.failed.read_text()
    assert not device.is_done


def test_a_card_that_was_not_written_whole_is_named_so(device: Device) -> None:
    whole = (device.card / "source.tar.gz").read_bytes()
    (device.card / "source.tar.gz").write_bytes(whole[: len(whole) // 2])
    assert device.run("run").returncode != 0
    assert "source.tar.gz is not whole" in device.failed.read_text()


# A pulled plug ---------------------------------------------------------------------------------------


def test_a_cut_while_installing_is_made_good_at_the_next_start(device: Device) -> None:
    device.installer("kill -9 $PPID\n")
    assert device.run("run").returncode == -signal.SIGKILL
    assert not device.is_done
    device.installer(GOOD)
    assert device.run("run").returncode == 0
    assert device.is_done
    assert device.credential.read_text() == SECRET


def test_a_cut_while_overwriting_leaves_no_zeros_under_a_credentials_name(device: Device) -> None:
    device.credential.parent.mkdir(mode=0o700)
    device.credential.write_text(SECRET)
    on_card = device.card / "secrets" / "smartlogd-mqtt-password"
    on_card.write_bytes(bytes(5) + SECRET[5:].encode())
    device.installer(BAD)
    assert device.run("run").returncode == 69
    assert device.credential.read_text() == SECRET
    assert list((device.card / "secrets").iterdir()) == []


def test_a_cut_at_the_very_end_is_tidied_up_and_nothing_is_installed_twice(device: Device) -> None:
    (device.root / "var" / "lib" / "smartlogd-first-boot").mkdir(parents=True)
    (device.root / "var" / "lib" / "smartlogd-first-boot" / "done").touch()
    assert device.run("run").returncode == 0
    assert not device.card.exists()
    assert not (device.root / "installed").exists()


PLUG = """#!/bin/sh
# Does what it is named for; at its turn the power goes, before or after.
turn=$(($(cat "$SMARTLOG_CARD_ROOT/turns") + 1))
echo $turn >"$SMARTLOG_CARD_ROOT/turns"
[ $turn -ne $((CUT / 2)) ] || [ $((CUT % 2)) -eq 1 ] || kill -9 0
PATH=${PATH#*:} "${0##*/}" "$@"
code=$?
[ $turn -ne $((CUT / 2)) ] || kill -9 0
exit $code
"""


def test_whenever_the_plug_is_pulled_the_next_start_finishes_and_keeps_the_secret(
    tmp_path: Path, long_run: bool
) -> None:
    cuts, cut = 0, 2
    while True:
        device = Device(tmp_path / str(cut))
        (device.root / "plug").mkdir()
        for name in ("cp", "mv", "rm", "dd", "sync", "chmod", "mkdir", "tar", "cmp", "systemctl"):
            device.program(name, PLUG, folder="plug")
        (device.root / "turns").write_text("0")
        powered = f"{device.root / 'bin'}:{os.environ['PATH']}"
        first = device.run("run", PATH=f"{device.root / 'plug'}:{powered}", CUT=str(cut))
        if first.returncode == 0:
            break
        assert first.returncode == -signal.SIGKILL, (cut, first.stderr)
        again = device.run("run", script=CARD / "first-boot.sh")
        assert again.returncode == 0, (cut, again.stderr)
        assert (device.is_done, device.credential.read_text()) == (True, SECRET), cut
        assert not device.card.exists(), cut
        assert not device.failed.exists(), cut
        cuts, cut = cuts + 1, cut + (1 if long_run else 5)
    assert cuts > (50 if long_run else 10)


# Bookworm's script ------------------------------------------------------------------------------------


@pytest.fixture
def bookworm(device: Device) -> Device:
    """The same device with what a Bookworm system has; the account is the one that runs the tests."""
    me = pwd.getpwuid(os.getuid())
    (device.root / me.pw_dir.lstrip("/")).mkdir(parents=True)
    for folder in (
        "run",
        "etc/NetworkManager/system-connections",
        "usr/lib/userconf-pi",
        "usr/lib/raspberrypi-sys-mods",
    ):
        (device.root / folder).mkdir(parents=True)
    noting = '#!/bin/sh\necho "${0##*/} $*" >>"$SMARTLOG_CARD_ROOT/calls"\n'
    device.program("raspi-config", noting)
    for name in ("userconf-pi/userconf", "raspberrypi-sys-mods/imager_custom"):
        device.program("once", noting)
        (device.root / "bin" / "once").rename(device.root / "usr" / "lib" / name)
    (device.card / "card.env").write_text(f"CARD_HOSTNAME=front-door\nCARD_USER={me.pw_name}\nCARD_COUNTRY=DE\n")
    (device.card / "authorized_keys").write_text("ssh-ed25519 AAAA ada@laptop\n")
    (device.card / "secrets" / "wifi.nmconnection").write_text(f"[wifi-security]\npsk={KEY}\n")
    (device.boot / "firstrun.sh").write_bytes((CARD / "firstrun.sh").read_bytes())
    (device.boot / "cmdline.txt").write_text(CMDLINE)
    return device


def test_bookworms_script_names_opens_and_connects_the_device_and_arms_the_rest(bookworm: Device) -> None:
    done = bookworm.run(script=bookworm.boot / "firstrun.sh")
    assert done.returncode == 0, done.stderr
    me = pwd.getpwuid(os.getuid())
    calls = bookworm.calls.read_text()
    assert "imager_custom set_hostname front-door\n" in calls
    assert f"userconf {me.pw_name} *\n" in calls
    assert "raspi-config nonint do_wifi_country DE\n" in calls
    assert "systemctl enable smartlogd-first-boot.service\n" in calls
    keys = bookworm.root / me.pw_dir.lstrip("/") / ".ssh" / "authorized_keys"
    assert keys.read_text() == "ssh-ed25519 AAAA ada@laptop\n"
    wifi = bookworm.root / "etc" / "NetworkManager" / "system-connections" / "smartlogd-wifi.nmconnection"
    assert (wifi.stat().st_mode & 0o777, KEY in wifi.read_text()) == (0o600, True)
    assert not (bookworm.card / "secrets" / "wifi.nmconnection").exists()
    cmdline = (bookworm.boot / "cmdline.txt").read_text()
    assert cmdline.split() == ["console=tty1", "rootwait"]
    assert (len(cmdline), cmdline[-1]) == (len(CMDLINE), "\n")  # changed where it lay, in its one sector
    assert not (bookworm.boot / "firstrun.sh").exists()
    assert not bookworm.failed.exists()


def test_bookworms_script_never_keeps_the_device_from_starting(bookworm: Device) -> None:
    bookworm.program("raspi-config", "#!/bin/sh\nexit 1\n")
    done = bookworm.run(script=bookworm.boot / "firstrun.sh")
    assert done.returncode == 0
    assert "the Wi-Fi was not set up" in bookworm.failed.read_text()
    assert "systemd.run" not in (bookworm.boot / "cmdline.txt").read_text()


# Shell ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_shell_is_clean(script: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("needs shellcheck, which `make test-deps` brings")
    done = subprocess.run(["shellcheck", "-s", "sh", script], capture_output=True, text=True, check=False)
    assert done.stdout == ""

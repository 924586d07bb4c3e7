"""scripts/flash-pi on small made images: what is written, what is refused, and where no secret may be found."""

from __future__ import annotations

import base64
import doctest
import gzip
import hashlib
import json
import lzma
import os
import shlex
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FLASH_PI = ROOT / "scripts" / "flash-pi"
MIB = 1024 * 1024
START = 4 * MIB
BOOT_MIB = 16
PASSPHRASE = "the quick brown fox"
PASSWORD = "a word for the broker"
NETWORK = "Ada's café"
SECRET = "0123456789abcdef0123456789abcdef"
BUNDLE = {
    "smartlogd": 1,
    "device": "front-door",
    "url": "postgresql://centre.example.org/smartlog",
    "login": "smartlogd_front-door",
    "secret": SECRET,
    "fleet_key": base64.b64encode(b"x" * 60).decode(),
}
TRIXIE = {
    "cmdline.txt": "console=tty1 root=PARTUUID=1-02 rootwait resize ds=nocloud;i=old\n",
    "config.txt": "arm_64bit=1\n",
    "kernel8.img": "kernel",
    "user-data": "#cloud-config\n",
    "meta-data": "instance_id: rpios-image\n",
    "network-config": "# nothing\n",
}
BOOKWORM = {
    "cmdline.txt": "console=tty1 root=PARTUUID=1-02 rootwait\n",
    "config.txt": "arm_64bit=1\n",
    "kernel8.img": "kernel",
    "issue.txt": "Raspberry Pi reference 2025-05-13\nGenerated using pi-gen, stage2\n",
}

sys.path.insert(0, str(ROOT / "scripts"))

from flashing import cards, given, payload, systems  # noqa: E402
from flashing.refusal import Refused  # noqa: E402

pytestmark = pytest.mark.services

if lacking := [
    name
    for name in ("mcopy", "mkfs.vfat", "sfdisk")
    if shutil.which(name, path="/usr/sbin:/sbin:" + os.environ["PATH"]) is None
]:
    pytest.skip(f"needs {', '.join(lacking)}, which `make test-deps` brings", allow_module_level=True)

ENVIRONMENT = {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


def public_key() -> str:
    """A line as ssh-keygen writes it; nobody has the other half."""
    kind = b"ssh-ed25519"
    blob = struct.pack(">I", len(kind)) + kind + struct.pack(">I", 32) + bytes(range(32))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} ada@laptop"


def made(path: Path, files: dict[str, str]) -> Path:
    """An image with a FAT partition of these files and a second one that must stay as it is."""
    with path.open("wb") as file:
        file.truncate(START + (BOOT_MIB + 2) * MIB)
    parts = f"start=4MiB,size={BOOT_MIB}MiB,type=c\nstart={4 + BOOT_MIB}MiB,size=2MiB,type=83"
    run("sfdisk", "--quiet", str(path), given=f"label: dos\n{parts}\n".encode())
    fat = path.with_suffix(".fat")
    with fat.open("wb") as file:
        file.truncate(BOOT_MIB * MIB)
    run("mkfs.vfat", "-F", "16", "-n", "BOOTFS", str(fat))
    for name, content in files.items():
        run("mcopy", "-i", str(fat), "-", f"::{name}", given=content.encode())
    with path.open("r+b") as file:
        file.seek(START)
        file.write(fat.read_bytes())
        file.write(b"the root file system " * 50_000)
    fat.unlink()
    return path


def run(*command: str, given: bytes = b"") -> bytes:
    return subprocess.run(command, input=given, env=ENVIRONMENT, capture_output=True, check=True).stdout


def read(image: Path, path: str) -> bytes:
    return run("mtype", "-i", f"{image}@@{START}", f"::{path}")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("images")
    return {"trixie": made(folder / "trixie.img", TRIXIE), "bookworm": made(folder / "bookworm.img", BOOKWORM)}


class Flasher:
    """Runs scripts/flash-pi in a folder of its own, with good arguments unless others are given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "card.img"
        self.put("key.pub", public_key() + "\n")
        self.put("smartlogd.toml", '[device]\nname = "front-door"\n')
        self.put("bundle.json", json.dumps(BUNDLE))
        self.put("wifi", PASSPHRASE + "\n")
        self.put("mqtt", PASSWORD + "\n")

    def put(self, name: str, text: str, mode: int = 0o600) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def __call__(self, image: Path, *more: str, **options: str | None) -> subprocess.CompletedProcess[str]:
        usual: dict[str, str | None] = {
            "hostname": "front-door",
            "ssh-key": "key.pub",
            "config": "smartlogd.toml",
            "output": str(self.output),
        }
        chosen = usual | {name.replace("_", "-"): value for name, value in options.items()}
        words = [word for name, value in chosen.items() if value is not None for word in (f"--{name}", value)]
        secret = {"SMARTLOGD_WIFI_PASSPHRASE_FILE": "wifi", "SMARTLOGD_MQTT_PASSWORD_FILE": "mqtt"}
        return subprocess.run(
            [sys.executable, str(FLASH_PI), str(image), *words, *more],
            cwd=self.folder,
            env=ENVIRONMENT | secret,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def flash(tmp_path: Path) -> Flasher:
    return Flasher(tmp_path)


ALL = ("--mqtt-password", "--enrolment", "bundle.json", "--wifi", NETWORK, "--wifi-country", "DE")


# What is written ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flashed(images: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Card]:
    """One card of each system, with everything on it."""
    return {system: Card(Flasher(tmp_path_factory.mktemp(system)), images[system]) for system in images}


class Card:
    """A card with all there is, and what was said while it was made."""

    def __init__(self, flash: Flasher, image: Path) -> None:
        self.original, self.original_sha256 = image, sha256(image)
        self.done = flash(image, *ALL, "--json", user="ada")
        assert self.done.returncode == 0, self.done.stderr
        self.told = json.loads(self.done.stdout)
        self.path = flash.output

    def read(self, path: str) -> bytes:
        return read(self.path, path)


both_systems = pytest.mark.parametrize("system", ["trixie", "bookworm"])


def test_a_card_of_trixie_is_customised_by_cloud_init(flashed: dict[str, Card]) -> None:
    card = flashed["trixie"]
    assert (card.told["system"], card.told["python"], card.told["settings_judged"]) == ("cloud-init", "3.13", True)
    user = yaml.safe_load(card.read("user-data"))
    assert card.read("user-data").startswith(b"#cloud-config\n")
    assert (user["hostname"], user["ssh_pwauth"]) == ("front-door", False)
    assert (user["user"]["name"], user["user"]["ssh_authorized_keys"]) == ("ada", [public_key()])
    assert yaml.safe_load(card.read("meta-data")) == {"instance-id": card.told["instance"]}
    words = card.read("cmdline.txt").decode().split()
    assert words[:4] == ["console=tty1", "root=PARTUUID=1-02", "rootwait", "resize"]
    assert words[4:] == [f"ds=nocloud;i={card.told['instance']}", "cfg80211.ieee80211_regdom=DE"]
    wifi = yaml.safe_load(card.read("network-config"))["network"]["wifis"]["wlan0"]
    assert wifi["access-points"] == {NETWORK: {"password": given.wifi_key(PASSPHRASE, NETWORK)}}


def test_a_card_of_bookworm_is_customised_by_a_script_at_its_first_start(flashed: dict[str, Card]) -> None:
    card = flashed["bookworm"]
    assert (card.told["system"], card.told["python"]) == ("firstrun", "3.11")
    assert card.read("firstrun.sh") == (ROOT / "scripts" / "card" / "firstrun.sh").read_bytes()
    words = card.read("cmdline.txt").decode().split()
    assert words[-3:] == [
        "systemd.run=/boot/firmware/firstrun.sh",
        "systemd.run_success_action=reboot",
        "systemd.unit=kernel-command-line.target",
    ]
    assert card.read("smartlogd/authorized_keys").decode() == public_key() + "\n"
    assert b"CARD_USER=ada\n" in card.read("smartlogd/card.env")
    wifi = card.read("smartlogd/secrets/wifi.nmconnection").decode()
    name = "".join(f"{byte};" for byte in NETWORK.encode())
    assert f"ssid={name}\n" in wifi
    assert f"psk={given.wifi_key(PASSPHRASE, NETWORK)}\n" in wifi


@both_systems
def test_every_card_carries_the_project_its_settings_and_its_secrets(flashed: dict[str, Card], system: str) -> None:
    card = flashed[system]
    assert card.read("smartlogd/smartlogd.toml").decode() == '[device]\nname = "front-door"\n'
    assert json.loads(card.read("smartlogd/secrets/smartlogd-centre")) == BUNDLE
    assert card.read("smartlogd/secrets/smartlogd-mqtt-password").decode() == PASSWORD
    listed = run("tar", "-tz", given=card.read("smartlogd/source.tar.gz")).decode().splitlines()
    assert {"pyproject.toml", "requirements.lock", "smartlogd/__init__.py", "scripts/install.sh"} <= set(listed)
    assert not [name for name in listed if "__pycache__" in name or name.startswith((".", "/", "tests"))]


@both_systems
def test_the_image_itself_and_the_root_file_system_stay_as_they_were(flashed: dict[str, Card], system: str) -> None:
    card = flashed[system]
    assert sha256(card.original) == card.original_sha256
    past = START + BOOT_MIB * MIB
    assert card.path.read_bytes()[past:] == card.original.read_bytes()[past:]
    assert card.path.read_bytes()[:START] == card.original.read_bytes()[:START]


@both_systems
def test_the_copy_is_written_with_holes(flashed: dict[str, Card], system: str) -> None:
    told = flashed[system].path.stat()
    assert told.st_blocks * 512 < told.st_size / 2


@pytest.mark.parametrize("packed", ["xz", "gz", "zip"])
def test_a_packed_image_is_unpacked_on_the_way(images: dict[str, Path], flash: Flasher, packed: str) -> None:
    content = images["trixie"].read_bytes()
    path = flash.folder / f"os.img.{packed}"
    if packed == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("os.img", content)
    else:
        path.write_bytes(lzma.compress(content, preset=0) if packed == "xz" else gzip.compress(content, 1))
    done = flash(path)
    assert done.returncode == 0, done.stderr
    past = START + BOOT_MIB * MIB
    assert flash.output.read_bytes()[past:] == content[past:]


# Secrets --------------------------------------------------------------------------------------------


@both_systems
def test_the_plain_passphrase_is_nowhere_on_the_card(flashed: dict[str, Card], system: str) -> None:
    assert PASSPHRASE.encode() not in flashed[system].path.read_bytes()


@both_systems
def test_no_secret_is_printed_and_what_holds_them_is_its_owners_alone(flashed: dict[str, Card], system: str) -> None:
    card = flashed[system]
    for secret in (PASSPHRASE, PASSWORD, SECRET, given.wifi_key(PASSPHRASE, NETWORK)):
        assert secret not in card.done.stdout + card.done.stderr
    assert card.path.stat().st_mode & 0o777 == 0o600
    given_files = {"key.pub", "smartlogd.toml", "bundle.json", "wifi", "mqtt"}
    assert {path.name for path in card.path.parent.iterdir()} == given_files | {"card.img"}


@pytest.mark.parametrize("option", ["--wifi-passphrase", "--wifi-password", "--psk", "--mqtt-password=word"])
def test_a_secret_cannot_be_given_as_an_argument(images: dict[str, Path], flash: Flasher, option: str) -> None:
    assert flash(images["trixie"], option, "word").returncode == 2
    assert not flash.output.exists()


def test_a_secret_comes_through_an_open_descriptor_too(images: dict[str, Path], flash: Flasher) -> None:
    reading, writing = os.pipe()
    os.write(writing, PASSWORD.encode() + b"\n")
    os.close(writing)
    command = [sys.executable, FLASH_PI, images["trixie"], "--hostname", "door", "--ssh-key", "key.pub"]
    command += ["--config", "smartlogd.toml", "--mqtt-password"]
    environment = ENVIRONMENT | {"SMARTLOGD_MQTT_PASSWORD_FILE": f"/dev/fd/{reading}"}
    done = subprocess.run(command, cwd=flash.folder, env=environment, pass_fds=(reading,), check=False)
    os.close(reading)
    assert done.returncode == 0
    assert read(flash.folder / "door.img", "smartlogd/secrets/smartlogd-mqtt-password").decode() == PASSWORD


def test_a_secret_is_asked_for_at_a_terminal_and_not_shown(images: dict[str, Path], flash: Flasher) -> None:
    command = [sys.executable, FLASH_PI, images["trixie"], "--hostname", "door", "--ssh-key", "key.pub"]
    command += ["--config", "smartlogd.toml", "--mqtt-password"]
    with subprocess.Popen(
        ["script", "--quiet", "--return", "--command", shlex.join(map(str, command)), "/dev/null"],
        cwd=flash.folder,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as terminal:
        assert terminal.stdin is not None
        assert terminal.stdout is not None
        shown = b""
        while not shown.endswith(b"password at the MQTT broker: "):
            shown += terminal.stdout.read(1)
        terminal.stdin.write(PASSWORD.encode() + b"\n")
        terminal.stdin.flush()
        shown += terminal.stdout.read()
    assert terminal.returncode == 0, shown
    assert PASSWORD.encode() not in shown
    assert read(flash.folder / "door.img", "smartlogd/secrets/smartlogd-mqtt-password").decode() == PASSWORD


def test_the_key_of_a_network_is_the_one_of_the_standard() -> None:
    # IEEE 802.11i, annex H.4: the three published test vectors.
    assert given.wifi_key("password", "IEEE").startswith("f42c6fc52df0ebef9ebb4b90b38a5f90")
    assert given.wifi_key("ThisIsAPassword", "ThisIsASSID").startswith("0dc0d6eb90555ed6419756b9a15ec3e3")
    assert given.wifi_key("a" * 32, "Z" * 32).startswith("becb93866bb8c3832cb777c2f559807c")


# Refusals -------------------------------------------------------------------------------------------

REFUSALS: dict[str, tuple[dict[str, str | None], tuple[str, ...], int, str]] = {
    "a host name with an underscore": ({"hostname": "front_door"}, (), 2, "host name"),
    "no host name": ({"hostname": None}, (), 2, "--hostname"),
    "a network's name that is too long": ({}, ("--wifi", "é" * 17, "--wifi-country", "DE"), 2, "32 bytes"),
    "a network without a country": ({}, ("--wifi", "home"), 2, "country"),
    "a country without a network": ({}, ("--wifi-country", "DE"), 2, "--wifi"),
    "an account that is root": ({"user": "root"}, (), 2, "account"),
    "a private key": ({"ssh_key": "private"}, (), 65, "STOP"),
    "a key that is no key": ({"ssh_key": "smartlogd.toml"}, (), 65, "no public SSH key"),
    "a key that is not there": ({"ssh_key": "nowhere.pub"}, (), 66, "no file nowhere.pub"),
    "settings that are no TOML": ({"config": "bundle.json"}, (), 65, "TOML"),
    "settings that cannot be meant": ({"config": "wrong.toml"}, (), 65, "fsp"),
    "an enrolment that is no JSON": ({"enrolment": "key.pub"}, (), 65, "no enrolment"),
    "an enrolment without a login": ({"enrolment": "half.json"}, (), 65, "no login"),
    "a private key for the broker": ({"mqtt_ca": "private"}, (), 65, "STOP"),
    "an authority where the settings do not look": ({"mqtt_ca": "ca.crt"}, (), 65, "ca_file"),
    "settings with an authority that is not given": ({"config": "private-ca.toml"}, (), 2, "--mqtt-ca"),
    "settings with a login and no password": ({"config": "login.toml"}, (), 2, "--mqtt-password"),
    "an output that is there": ({"output": "wifi"}, (), 73, "there already"),
    "an output in no folder": ({"output": "nowhere/card.img"}, (), 73, "cannot be made"),
    "a device that is none": ({"device": "/dev/null"}, (), 65, "no disk"),
    "a device that is not there": ({"device": "/dev/nothing-here"}, (), 66, "no device"),
    "a folder without wheels": ({"offline": "."}, (), 66, "lacks wheels"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_done_is_refused_in_one_sentence(images: dict[str, Path], flash: Flasher, case: str) -> None:
    flash.put("private", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n")
    flash.put("wrong.toml", "[capture]\nfsp = 5\n")
    flash.put("half.json", json.dumps({name: value for name, value in BUNDLE.items() if name != "login"}))
    flash.put("ca.crt", "-----BEGIN CERTIFICATE-----\n")
    flash.put("login.toml", '[telemetry.mqtt]\nhost = "b"\nusername = "door"\n')
    flash.put("private-ca.toml", '[telemetry.mqtt]\nhost = "b"\nca_file = "/etc/smartlogd/mqtt-ca.crt"\n')
    options, more, code, words = REFUSALS[case]
    done = flash(images["trixie"], *more, **options)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stderr.startswith("flash-pi: ")
    assert len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr
    assert not flash.output.exists()


def test_an_image_that_is_none_is_refused_and_no_copy_stays(images: dict[str, Path], flash: Flasher) -> None:
    whole = lzma.compress(images["trixie"].read_bytes()[: 8 * MIB], preset=0)
    (flash.folder / "broken.img.xz").write_bytes(whole[: len(whole) // 2])
    (flash.folder / "empty.img").write_bytes(bytes(MIB))
    made(flash.folder / "narrow.img", TRIXIE | {"kernel7l.img": "arm"})
    made(flash.folder / "other.img", {"readme.txt": "a card of a camera"})
    for name, code, words in (
        ("nowhere.img", 66, "no image"),
        ("broken.img.xz", 65, "broken"),
        ("empty.img", 65, "partition table"),
        ("narrow.img", 65, "32-bit"),
        ("other.img", 65, "no image of Raspberry Pi OS"),
    ):
        done = flash(flash.folder / name)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
        assert not flash.output.exists()


def test_a_password_that_others_can_read_is_refused(images: dict[str, Path], flash: Flasher) -> None:
    flash.put("mqtt", PASSWORD, mode=0o644)
    done = flash(images["trixie"], "--mqtt-password")
    assert done.returncode == 77
    assert PASSWORD not in done.stderr


def test_a_password_that_nobody_can_be_asked_for_is_refused(images: dict[str, Path], flash: Flasher) -> None:
    command = [sys.executable, FLASH_PI, images["trixie"], "--hostname", "door", "--ssh-key", "key.pub"]
    command += ["--config", "smartlogd.toml", "--mqtt-password"]
    done = subprocess.run(
        command, cwd=flash.folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"nobody to ask" in done.stderr


@pytest.mark.parametrize("word", ["short", "x" * 65, "pässword1"])
def test_a_passphrase_that_no_network_can_have_is_refused(images: dict[str, Path], flash: Flasher, word: str) -> None:
    flash.put("wifi", word)
    done = flash(images["trixie"], *ALL)
    assert done.returncode == 65
    assert word not in done.stderr


# Without a network ----------------------------------------------------------------------------------


def offline(folder: Path, python: str, size: int = 100) -> Path:
    """A folder with a file for each locked wheel of that Python, and two models."""
    for name in ("wheels", "models"):
        (folder / name).mkdir(parents=True)
    for wanted in payload.pinned(python):
        (folder / "wheels" / f"{wanted.replace(' ', '-')}-py3-none-any.whl").write_bytes(b"w" * size)
    (folder / "models" / "face-1.tflite").write_bytes(b"m" * size)
    (folder / "models" / "pose-1.tflite").write_bytes(b"n" * size)
    return folder


@pytest.mark.parametrize(("system", "python"), [("trixie", "3.13"), ("bookworm", "3.11")])
def test_an_offline_card_carries_each_locked_wheel_and_the_models(
    images: dict[str, Path], flash: Flasher, system: str, python: str
) -> None:
    done = flash(images[system], "--json", offline=str(offline(flash.folder / "all", python)))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["wheels"] == len(payload.pinned(python))
    listed = run("mdir", "-b", "-i", f"{flash.output}@@{START}", "::smartlogd/wheels").decode().splitlines()
    assert len(listed) == len(payload.pinned(python))
    assert read(flash.output, "smartlogd/models/face-1.tflite") == b"m" * 100


def test_wheels_for_another_machine_are_refused(images: dict[str, Path], flash: Flasher) -> None:
    folder = offline(flash.folder / "all", "3.13")
    (folder / "wheels" / "numpy-2.0-cp313-cp313-manylinux_2_28_x86_64.whl").write_bytes(b"")
    done = flash(images["trixie"], offline=str(folder))
    assert done.returncode == 65
    assert "another kind of machine" in done.stderr


def test_what_does_not_fit_is_refused_with_what_to_leave_out(images: dict[str, Path], flash: Flasher) -> None:
    folder = offline(flash.folder / "all", "3.13")
    (folder / "models" / "large-1.tflite").write_bytes(bytes(20 * MIB))
    done = flash(images["trixie"], offline=str(folder))
    assert done.returncode == 74
    assert "Leave out models" in done.stderr
    assert not flash.output.exists()


@pytest.mark.parametrize("module", [given, payload, systems], ids=lambda module: module.__name__)
def test_the_examples_in_the_code_are_true(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_the_locks_conditions_are_answered_for_the_device_and_not_for_this_machine() -> None:
    both = {python: dict(wanted.split() for wanted in payload.pinned(python)) for python in ("3.11", "3.13")}
    assert "simplejpeg" in both["3.11"]
    assert both["3.11"]["numpy"] != both["3.13"]["numpy"]
    assert payload.holds("platform_machine == 'x86_64' or python_full_version >= '3.12'", "3.13")
    assert not payload.holds("platform_machine == 'x86_64' and python_full_version >= '3.12'", "3.13")
    assert not payload.holds("python_version < '3.9'", "3.13")


# Cards ----------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., cards.Machine]:
    """A machine with one disk, as /sys and /proc would show it."""

    def build(size: int = 32 * 10**9, mounts: str = "", swaps: str = "", **files: str) -> cards.Machine:
        block = tmp_path / "sys" / "class" / "block" / "sdx"
        told = {"size": str(size // 512), "dev": "8:16", "ro": "0", "device/vendor": "ACME ", "device/model": "Reader"}
        told |= {"sdx1/partition": "1", "sdx1/dev": "8:17"} | files
        for name, text in told.items():
            (block / name).parent.mkdir(parents=True, exist_ok=True)
            (block / name).write_text(text)
        (block.parent / "sdx1").symlink_to(block / "sdx1")
        (tmp_path / "proc" / "self").mkdir(parents=True)
        (tmp_path / "proc" / "self" / "mountinfo").write_text(mounts)
        (tmp_path / "proc" / "swaps").write_text(f"Filename Type Size Used Priority\n{swaps}")
        for name in ("sdx", "sdx1"):
            (tmp_path / "dev").mkdir(exist_ok=True)
            (tmp_path / "dev" / name).write_bytes(b"")
        return cards.Machine(tmp_path / "sys", tmp_path / "proc")

    return build


def refusal(doing: Callable[[], Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        doing()
    return caught.value


def test_a_card_is_named_by_device_model_and_size(machine: Callable[..., cards.Machine], tmp_path: Path) -> None:
    card = machine().card(tmp_path / "dev" / "sdx", is_forced=False)
    assert str(card) == f"{tmp_path}/dev/sdx: ACME Reader, 32.0 GB"


@pytest.mark.parametrize("place", ["/media/ada/rootfs", "/", "/home"])
def test_a_disk_that_is_mounted_is_never_written(
    machine: Callable[..., cards.Machine], tmp_path: Path, place: str
) -> None:
    there = machine(mounts=f"36 1 8:17 / {place} rw - ext4 /dev/sdx1 rw\n")
    refused = refusal(lambda: there.card(tmp_path / "dev" / "sdx", is_forced=True))
    assert (refused.code, place in refused.what) == (65, True)


def test_a_disk_that_is_swapped_to_or_built_upon_is_never_written(
    machine: Callable[..., cards.Machine], tmp_path: Path
) -> None:
    there = machine(swaps="/dev/sdx1 partition 1 0 -2\n")
    assert "swap" in refusal(lambda: there.card(tmp_path / "dev" / "sdx", is_forced=True)).what
    (tmp_path / "proc" / "swaps").write_text("")
    (tmp_path / "sys" / "class" / "block" / "sdx" / "sdx1" / "holders" / "dm-0").mkdir(parents=True)
    assert "dm-0" in refusal(lambda: there.card(tmp_path / "dev" / "sdx", is_forced=True)).what


def test_a_disk_too_large_for_a_card_needs_force(machine: Callable[..., cards.Machine], tmp_path: Path) -> None:
    there = machine(size=2 * 10**12)
    assert "--force" in refusal(lambda: there.card(tmp_path / "dev" / "sdx", is_forced=False)).hint
    assert there.card(tmp_path / "dev" / "sdx", is_forced=True).size == 2 * 10**12


def test_a_partition_an_empty_reader_and_a_locked_card_are_refused(
    machine: Callable[..., cards.Machine], tmp_path: Path
) -> None:
    there = machine(size=0)
    assert "sdx" in refusal(lambda: there.card(tmp_path / "dev" / "sdx1", is_forced=False)).hint
    assert refusal(lambda: there.card(tmp_path / "dev" / "sdx", is_forced=False)).code == 66
    block = tmp_path / "sys" / "class" / "block" / "sdx"
    (block / "size").write_text("62500000")
    (block / "ro").write_text("1")
    assert refusal(lambda: there.card(tmp_path / "dev" / "sdx", is_forced=False)).code == 77


def test_a_card_is_written_whole_so_that_nothing_old_shines_through(tmp_path: Path) -> None:
    image, device = tmp_path / "card.img", tmp_path / "device"
    with image.open("wb") as file:
        file.write(b"begin")
        file.truncate(9 * MIB)
    device.write_bytes(b"\xff" * 10 * MIB)
    cards.written(image, cards.Card(device, "a file", 10 * MIB), lambda *_: None)
    assert device.read_bytes() == image.read_bytes() + b"\xff" * MIB
    refused = refusal(lambda: cards.written(image, cards.Card(device, "a file", MIB), lambda *_: None))
    assert refused.code == 74


def test_a_card_that_keeps_something_else_is_found_out(tmp_path: Path) -> None:
    image, device = tmp_path / "card.img", tmp_path / "device"
    image.write_bytes(b"x" * MIB)
    device.write_bytes(bytes(MIB))

    def worn_out(doing: str, done: int, total: int) -> None:
        if doing == "writing the card" and done == total:
            with device.open("r+b") as file:
                file.write(b"y")

    refused = refusal(lambda: cards.written(image, cards.Card(device, "a file", MIB), worn_out))
    assert "reads back otherwise" in refused.what

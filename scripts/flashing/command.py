"""The command line of `scripts/flash-pi`: what is asked, in which order, and what is said about it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from flashing import cards, given, image, payload, plan
from flashing.asking import asked
from flashing.fat import BootPartition
from flashing.refusal import CANNOT_CREATE, UNUSABLE_INPUT, USAGE, Refused, reason
from flashing.systems import Person, System, Wifi, told_apart

WIFI_FILE = "SMARTLOGD_WIFI_PASSPHRASE_FILE"
MQTT_FILE = "SMARTLOGD_MQTT_PASSWORD_FILE"
MQTT_CA = "/etc/smartlogd/mqtt-ca.crt"
_EPILOG = f"""The passphrase and the password are asked for, or are read from files that the environment names:
{WIFI_FILE} and {MQTT_FILE} (/dev/fd/3 is a file too).
docs/FLASHING.md says what happens at the first start, and what to do when it fails."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in the manner of everything else here."""

    def error(self, message: str) -> NoReturn:
        """Refuse, instead of ending the process."""
        raise Refused(USAGE, f"{message[:1].upper()}{message[1:]}.", f"See {self.prog} --help.")


class Voice:
    """What is said while it runs: one line that changes on a terminal, nothing in between elsewhere."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._told = ""

    def progress(self, doing: str, done: int, total: int) -> None:
        """Say how far it is, once for each hundredth."""
        told = f"{doing}: {100 * done // total} %" if total else f"{doing}: {done // 10**7 / 100:.2f} GB"
        if self._is_terminal and told != self._told:
            print(f"\r\x1b[K{told}", end="", file=sys.stderr, flush=True)
        self._told = told

    def say(self, line: str) -> None:
        """One line, in the place of the changing one."""
        print(f"\r\x1b[K{line}" if self._is_terminal else line, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Prepare a card as the arguments say; gives the exit code."""
    voice = Voice()
    try:
        told = _flashed(_parser().parse_args(arguments), voice)
    except Refused as refused:
        voice.say(f"flash-pi: {refused.what}" + (f"\n  {refused.hint}" if refused.hint else ""))
        return refused.code
    except KeyboardInterrupt:
        voice.say("flash-pi: interrupted; what was begun is not to be used.")
        return 130
    if told is not None:
        print(json.dumps(told))
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="flash-pi",
        description="Prepare a card for a Raspberry Pi that counts from its first start.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("image", metavar="IMAGE", type=Path, help="Raspberry Pi OS, 64-bit: .img, .img.xz, .img.gz or .zip")
    add("--hostname", required=True, help="what the device is called on the network")
    add("--ssh-key", metavar="FILE", type=Path, required=True, help="public key that opens the account")
    add("--config", metavar="FILE", type=Path, required=True, help="smartlogd.toml for the device")
    add("--enrolment", metavar="FILE", type=Path, help="bundle.json, as `smartlogd central add-device` made it")
    add("--wifi", metavar="SSID", help="wireless network to join; its passphrase is asked for")
    add("--wifi-country", metavar="CC", help="country in which it sends, as in DE")
    add("--mqtt-password", action="store_true", help="ask for the password at the MQTT broker")
    add("--mqtt-ca", metavar="FILE", type=Path, help="who signed the MQTT broker's certificate, PEM")
    add("--user", default="pi", help="account on the device (default: pi)")
    add(
        "--offline",
        metavar="FOLDER",
        nargs="?",
        const="",
        help="wheels and models onto the card (fetched, or FOLDER's)",
    )
    add("--models", metavar="FOLDER", type=Path, help="where `smartlogd models fetch` put the models (with --offline)")
    add("--python", choices=("3.11", "3.13"), help="the system's Python, where the image is not recognised rightly")
    add("--output", metavar="FILE", type=Path, help="the image to make (default without --device: HOSTNAME.img)")
    add("--device", metavar="DEVICE", type=Path, help="write the card in this device, as in /dev/sdb")
    add("--yes", action="store_true", help="do not ask before the card is written")
    add("--force", action="store_true", help="write a card of more than 256 GB")
    add("--json", action="store_true", help="one JSON object at the end, for programs")
    return parser


def _flashed(asked_for: argparse.Namespace, voice: Voice) -> dict[str, object] | None:
    card = cards.Machine().card(asked_for.device, is_forced=asked_for.force) if asked_for.device else None
    wanted, is_judged = _wanted(asked_for)
    if not is_judged:
        voice.say("The settings were only read as TOML: smartlogd itself is not here to judge them (make setup).")
    with _output(asked_for) as output:
        made = image.copied(asked_for.image, output, voice.progress)
        try:
            boot = BootPartition(output, image.boot_partition(output).start)
            system = _system(boot, asked_for.python)
            wanted = _with_payload(wanted, asked_for, system, voice)
            instance = _customised(boot, system, wanted, voice)
        except BaseException:
            output.unlink(missing_ok=True)  # half a card is no card, and it may hold secrets
            raise
        kept = None if asked_for.device and not asked_for.output else output
        if kept:
            voice.say(f"{kept} is ready ({made.size / 1e9:.1f} GB); it holds what opens your network and your centre.")
        if card is not None:
            _written(output, card, asked_for, voice)
    if not asked_for.json:
        return None
    return {
        "image": kept and str(kept),
        "device": card and str(card.device),
        "hostname": wanted.person.hostname,
        "instance": instance,
        "system": system.way,
        "python": system.python,
        "bytes": made.size,
        "wheels": len(wanted.wheels),
        "models": len(wanted.models),
        "settings_judged": is_judged,
    }


def _wanted(asked_for: argparse.Namespace) -> tuple[plan.Wanted, bool]:
    """Everything small, judged; the secrets last, so that nobody types one for nothing."""
    keys = given.ssh_keys(asked_for.ssh_key)
    person = Person(given.hostname(asked_for.hostname), given.user(asked_for.user), keys)
    config, is_judged = given.configuration(asked_for.config)
    enrolment = given.enrolment(asked_for.enrolment) if asked_for.enrolment else None
    ca = given.certificate(asked_for.mqtt_ca) if asked_for.mqtt_ca else None
    _fits_the_broker(asked_for, config)
    wifi = _wifi(asked_for)
    password = asked("password at the MQTT broker", MQTT_FILE) if asked_for.mqtt_password else None
    wanted = plan.Wanted(
        person, config, payload.source(), enrolment=enrolment, mqtt_password=password, mqtt_ca=ca, wifi=wifi
    )
    return wanted, is_judged


def _fits_the_broker(asked_for: argparse.Namespace, config: bytes) -> None:
    """Refuse settings that would not find on the device what is put there."""
    username, ca_file = given.broker(config)
    if asked_for.mqtt_ca and ca_file != MQTT_CA:
        hint = f'Write under [telemetry.mqtt]: ca_file = "{MQTT_CA}"'
        raise Refused(UNUSABLE_INPUT, f"{asked_for.config} does not look where --mqtt-ca is put.", hint)
    if ca_file == MQTT_CA and not asked_for.mqtt_ca:
        raise Refused(USAGE, f"{asked_for.config} wants {MQTT_CA}, which nothing puts there.", "Add --mqtt-ca FILE.")
    if username and not asked_for.mqtt_password:
        hint = "Add --mqtt-password, and it is asked for."
        raise Refused(USAGE, f"{asked_for.config} logs in as {username} at the broker, without a password.", hint)


def _wifi(asked_for: argparse.Namespace) -> Wifi | None:
    if asked_for.wifi is None:
        if asked_for.wifi_country:
            raise Refused(USAGE, "--wifi-country is given without --wifi.", "Name the network too: --wifi SSID.")
        return None
    network, country = given.ssid(asked_for.wifi), given.country(asked_for.wifi_country)
    return Wifi(network, given.wifi_key(asked(f"passphrase of the Wi-Fi {network}", WIFI_FILE), network), country)


def _system(boot: BootPartition, python: str | None) -> System:
    system = told_apart(boot)
    return replace(system, python=python) if python else system


def _with_payload(wanted: plan.Wanted, asked_for: argparse.Namespace, system: System, voice: Voice) -> plan.Wanted:
    """The same with wheels and models, where the device is to be installed without a network."""
    if asked_for.offline is None:
        return wanted
    folder = Path(asked_for.offline) if asked_for.offline else None
    if folder is None:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smartlogd"
        voice.say(f"Wheels for aarch64 and Python {system.python} ...")
        wheels = payload.fetched_wheels(cache / f"wheels-aarch64-{system.python}", system.python)
    else:
        wheels = payload.wheels_in(folder / "wheels", system.python)
    models = payload.models_in(asked_for.models or (folder / "models" if folder else _fetched_models()))
    return replace(wanted, wheels=tuple(wheels), models=tuple(models))


def _fetched_models() -> Path:
    """Where `smartlogd models fetch`, or the tests of this checkout, left the models."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    places = (state / "smartlogd" / "models", given.ROOT / ".cache" / "models")
    return next((place for place in places if any(place.glob("*.tflite"))), places[0])


def _customised(boot: BootPartition, system: System, wanted: plan.Wanted, voice: Voice) -> str:
    done, total = 0, plan.size_of(wanted)

    def written(more: int) -> None:
        nonlocal done
        done += more
        voice.progress("writing the boot partition", min(done, total), total)

    return plan.customised(boot, system, wanted, written)


@contextmanager
def _output(asked_for: argparse.Namespace) -> Iterator[Path]:
    """Where the image is made: where it was asked for, or for a card only in a folder that goes again."""
    if asked_for.output or not asked_for.device:
        yield asked_for.output or Path(f"{asked_for.hostname}.img")
        return
    try:
        away = Path(tempfile.mkdtemp(prefix="flash-pi-", dir=os.environ.get("TMPDIR") or "/var/tmp"))
    except OSError as error:
        raise Refused(CANNOT_CREATE, f"No folder can be made for the image: {reason(error)}.") from error
    try:
        yield away / "card.img"
    finally:
        shutil.rmtree(away)


def _written(output: Path, card: cards.Card, asked_for: argparse.Namespace, voice: Voice) -> None:
    if not asked_for.yes:
        _agreed(card, voice)
    card = cards.Machine().card(card.device, is_forced=asked_for.force)  # somebody may have mounted it meanwhile
    cards.written(output, card, voice.progress)
    voice.say(f"{card} is written and verified: take it out, and start the Pi with it.")


def _agreed(card: cards.Card, voice: Voice) -> None:
    voice.say(f"Everything on {card} will be erased.")
    if not sys.stdin.isatty():
        raise Refused(USAGE, "There is nobody to ask whether the card may be written.", "If it may: --yes")
    if input(f"To go on, type {card.device}: ").strip() != str(card.device):
        raise Refused(USAGE, "The card was not written.")

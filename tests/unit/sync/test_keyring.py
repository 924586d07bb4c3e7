from __future__ import annotations

import json
import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from smartlogd.base.errors import Missing, WrongConfiguration
from smartlogd.sync.keyring import MOST_KEYS, Keyring, needed, read, write

CENTRE = UUID(int=7)
RING = Keyring(CENTRE, (b"n" * 32, b"o" * 32), {"door": b"d" * 32})


def test_a_keyring_is_read_as_it_was_written_and_its_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "made" / "fleet.json"
    write(path, RING)
    assert read(path, CENTRE) == RING
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_newest_key_comes_first_and_old_ones_stay() -> None:
    turned = RING.turned(b"x" * 32)
    assert turned.newest == b"x" * 32
    assert turned.keys[1:] == RING.keys


def test_devices_come_and_go() -> None:
    assert RING.with_device("yard", b"y" * 32).without("door").devices == {"yard": b"y" * 32}
    assert RING.without("nobody") == RING


def test_keys_do_not_grow_for_ever() -> None:
    assert len(Keyring(CENTRE, (b"o" * 32,) * MOST_KEYS, {}).turned(b"x" * 32).keys) == MOST_KEYS


def test_no_key_stands_in_a_repr() -> None:
    assert "nnn" not in repr(RING)


def test_without_a_file_there_is_none_and_who_needs_one_is_told(tmp_path: Path) -> None:
    assert read(tmp_path / "fleet.json", CENTRE) is None
    with pytest.raises(Missing, match="not there"):
        needed(tmp_path / "fleet.json", CENTRE)


def test_the_fleet_key_of_another_centre_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "fleet.json", RING)
    with pytest.raises(WrongConfiguration, match="another centre"):
        read(tmp_path / "fleet.json", uuid4())


@pytest.mark.parametrize(
    "other",
    [
        {"keys": []},
        {"keys": ["AAAA"]},
        {"keys": ["secret, not base64"]},
        {"keys": [7]},
        {"devices": {"Door!": "A" * 43 + "="}},
        {"devices": {"door": "AAAA"}},
        {"smartlogd": 2},
        {"centre": "x"},
        {"more": 1},
    ],
)
def test_a_spoilt_file_is_refused_without_showing_a_key(tmp_path: Path, other: dict[str, object]) -> None:
    path = tmp_path / "fleet.json"
    write(path, RING)
    path.write_text(json.dumps(json.loads(path.read_text()) | other))
    with pytest.raises(WrongConfiguration) as error:
        read(path, CENTRE)
    assert "secret" not in str(error.value)

"""Keys on their way between devices of one fleet."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from smartlogd.store.exchange import accept, gives_way, replace, seal_of, wrapped
from smartlogd.store.keys import Keys, Unsealable, key_file

FLEET, OTHER_FLEET = bytes(32), bytes(range(32))
OWNER = UUID(int=5)


def device(tmp_path: Path, name: str, fleet: bytes | None = FLEET) -> Keys:
    (tmp_path / name).mkdir(exist_ok=True)
    keys = Keys.open(tmp_path / name)
    if fleet is not None:
        keys.adopt(fleet)
    return keys


def sent(keys: Keys, owner: UUID = OWNER) -> bytes:
    file = wrapped(keys, owner)
    assert file is not None
    return file


def test_what_one_device_sealed_another_of_the_fleet_opens(tmp_path: Path) -> None:
    door, yard = device(tmp_path, "door"), device(tmp_path, "yard")
    sealed = door.seal(OWNER, b"a face", b"x")
    assert accept(yard, OWNER, sent(door)) is True
    assert accept(yard, OWNER, sent(door)) is True, "the same again is the same"
    assert yard.unseal(OWNER, sealed, b"x") == b"a face"
    assert (yard.path(OWNER).stat().st_mode & 0o777) == 0o600


def test_no_key_is_sent_before_there_is_a_fleet(tmp_path: Path) -> None:
    door = device(tmp_path, "door", fleet=None)
    door.made(OWNER)
    with pytest.raises(Unsealable, match="there is no fleet key yet"):
        wrapped(door, OWNER)
    door.adopt(FLEET)
    assert wrapped(door, OWNER)
    assert wrapped(door, uuid4()) is None


def test_a_key_whose_fleet_key_comes_later_is_kept_as_it_came(tmp_path: Path) -> None:
    door, yard = device(tmp_path, "door", OTHER_FLEET), device(tmp_path, "yard")
    sealed, file = door.seal(OWNER, b"a face", b"x"), sent(door)
    assert accept(yard, OWNER, file) is True
    with pytest.raises(Unsealable):
        yard.of(OWNER)
    with pytest.raises(Unsealable, match="nothing here opens"):
        seal_of(yard, OWNER, file)
    yard.adopt(OTHER_FLEET)
    assert yard.unseal(OWNER, sealed, b"x") == b"a face"


@pytest.mark.parametrize("spoil", [lambda file: file[:-1], lambda file: b"X" + file[1:], lambda file: file[:-1] + b"X"])
def test_what_is_no_key_of_the_owners_is_refused_and_changes_nothing(tmp_path: Path, spoil: object) -> None:
    door, yard = device(tmp_path, "door"), device(tmp_path, "yard")
    door.made(OWNER)
    file = sent(door)
    with pytest.raises(Unsealable):
        accept(yard, OWNER, spoil(file))  # type: ignore[operator]
    with pytest.raises(Unsealable):
        accept(yard, uuid4(), file)
    assert yard.owners() == frozenset()


def test_a_key_that_cannot_be_opened_takes_no_other_ones_place(tmp_path: Path) -> None:
    door, yard = device(tmp_path, "door", OTHER_FLEET), device(tmp_path, "yard")
    door.made(OWNER)
    sealed = yard.seal(OWNER, b"a face", b"x")
    with pytest.raises(Unsealable, match="nothing here opens"):
        accept(yard, OWNER, sent(door))
    assert yard.unseal(OWNER, sealed, b"x") == b"a face"


def test_of_two_keys_of_one_owner_the_same_stays_on_both_devices(tmp_path: Path) -> None:
    door, yard = device(tmp_path, "door"), device(tmp_path, "yard")
    of_door, of_yard = door.seal(OWNER, b"1", b"x"), yard.seal(OWNER, b"2", b"x")
    from_door, from_yard = sent(door), sent(yard)
    assert accept(yard, OWNER, from_door) is False
    assert accept(door, OWNER, from_yard) is False
    assert gives_way(yard, OWNER, from_door) is not gives_way(door, OWNER, from_yard)
    keys, ours, theirs, file = (
        (yard, of_yard, of_door, from_door)
        if gives_way(yard, OWNER, from_door)
        else (door, of_door, of_yard, from_yard)
    )
    assert seal_of(keys, OWNER, file).unseal(theirs, b"x")
    replace(keys, OWNER, file)
    assert keys.unseal(OWNER, theirs, b"x")
    assert keys.unseal(OWNER, ours, b"x"), "what is not sealed anew yet is not lost"
    keys.destroy(OWNER)
    assert list(keys.path(OWNER).parent.glob(f"{OWNER}*")) == []


def test_a_key_file_is_what_the_keys_write(tmp_path: Path) -> None:
    yard = device(tmp_path, "yard")
    assert accept(yard, OWNER, key_file(OWNER, bytes(32), FLEET))
    assert yard.of(OWNER)

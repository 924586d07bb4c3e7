"""Which network is used where, what was used before, and one that is on trial."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from smartlogd.base.errors import Missing
from smartlogd.store import networks
from smartlogd.store.networks import Network, Trial
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.tables import make_tables

FULL = Network(
    "pose_landmark_full", "1", "pose", "catalogue:pose_landmark_full", "a" * 64, "Apache-2.0", "pose_landmark_full"
)
LITE = replace(FULL, name="pose_landmark_lite", uri="catalogue:pose_landmark_lite", sha256="b" * 64)
OWN = Network("dogs_of_ours", "7", "action", "file:dogs.tflite", "c" * 64, None, "action", 12, ("sit", "stand"))
PLACE = "pose_landmark_full"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    make_tables(tmp_path / DATABASE)
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as connection:
        for network in (FULL, LITE, OWN):
            networks.enter(connection, network, 1_000_000)
        yield connection


def used(database: sqlite3.Connection) -> dict[str, str]:
    return {one.place: one.name for one in networks.networks(database) if one.status == "active"}


def test_what_was_entered_is_read_back_whole(database: sqlite3.Connection) -> None:
    assert networks.networks(database) == (OWN, FULL, LITE)


def test_entering_it_again_changes_nothing(database: sqlite3.Connection) -> None:
    before = database.total_changes
    networks.enter(database, OWN, 2_000_000)
    assert database.total_changes == before


def test_entering_it_again_leaves_it_in_use(database: sqlite3.Connection) -> None:
    networks.activate(database, "dogs_of_ours", "7", on_trial=False)
    networks.enter(database, replace(OWN, licence="MIT"), 2_000_000)
    assert used(database) == {"action": "dogs_of_ours"}


def test_one_is_active_in_a_place_and_the_others_wait(database: sqlite3.Connection, tmp_path: Path) -> None:
    networks.activate(database, "pose_landmark_full", "1", on_trial=False)
    networks.activate(database, "pose_landmark_lite", "1", on_trial=False)
    assert used(database) == {PLACE: "pose_landmark_lite"}
    assert [(place, one.name) for place, one in networks.in_use(tmp_path).items()] == [(PLACE, "pose_landmark_lite")]


def test_nothing_is_in_use_where_there_is_no_log(tmp_path: Path) -> None:
    assert networks.in_use(tmp_path / "nowhere") == {}
    assert not networks.is_on_trial(tmp_path / "nowhere")


def test_an_unknown_model_is_refused(database: sqlite3.Connection) -> None:
    with pytest.raises(Missing, match="No model dogs_of_ours 8 is known here"):
        networks.activate(database, "dogs_of_ours", "8", on_trial=False)


def test_rolling_back_uses_what_was_used_before_and_then_the_catalogues_own(database: sqlite3.Connection) -> None:
    networks.activate(database, "pose_landmark_full", "1", on_trial=False)
    networks.activate(database, "pose_landmark_lite", "1", on_trial=False)
    assert networks.roll_back(database) == (PLACE, replace(FULL, status="active"))
    assert networks.roll_back(database) == (PLACE, None)
    assert used(database) == {}
    with pytest.raises(Missing, match="No model was used before"):
        networks.roll_back(database)


def test_without_a_place_the_one_that_changed_last_is_rolled_back(database: sqlite3.Connection) -> None:
    networks.activate(database, "pose_landmark_lite", "1", on_trial=False)
    networks.activate(database, "dogs_of_ours", "7", on_trial=False)
    networks.activate(database, "pose_landmark_full", "1", on_trial=False)
    assert networks.roll_back(database)[0] == PLACE
    assert networks.roll_back(database, "action") == ("action", None)


def test_the_third_failure_of_a_model_on_trial_rolls_it_back(database: sqlite3.Connection, tmp_path: Path) -> None:
    networks.activate(database, "pose_landmark_lite", "1", on_trial=True)
    assert networks.is_on_trial(tmp_path)
    failures = [found.failures for _ in range(3) if (found := networks.failed(database))]
    assert failures == [1, 2, 3]
    assert used(database) == {}
    assert not networks.is_on_trial(tmp_path)
    assert networks.failed(database) is None


def test_a_start_that_ended_well_is_forgiven(database: sqlite3.Connection) -> None:
    networks.activate(database, "pose_landmark_lite", "1", on_trial=True)
    networks.failed(database)
    networks.forgiven(database)
    networks.forgiven(database)
    assert networks.trial(database) == Trial(PLACE, "pose_landmark_lite", "1", 0)


def test_one_that_passed_is_not_on_trial_any_more_and_stays(database: sqlite3.Connection) -> None:
    networks.activate(database, "pose_landmark_lite", "1", on_trial=True)
    networks.passed(database)
    networks.forgiven(database)
    assert networks.trial(database) is None
    assert used(database) == {PLACE: "pose_landmark_lite"}

from __future__ import annotations

import logging

import pytest

from smartlogd.sync.options import SyncOptions
from smartlogd.sync.patience import Patience
from smartlogd.sync.trouble import CentreAway, CentreDiffers, CentreRefuses, CentreTrouble

OPTIONS = SyncOptions(retry_s=1, retry_roof_s=300, refused_s=200)


def patience() -> Patience:
    return Patience("up", OPTIONS, lambda: 1.0)


def test_what_passes_by_itself_is_tried_soon_and_then_less_often() -> None:
    way, pauses = patience(), []
    for _ in range(12):
        way.failed(CentreAway("away"), 1000.0)
        pauses.append(way.next_s - 1000.0)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


@pytest.mark.parametrize("error", [CentreRefuses("no"), CentreDiffers("what?")])
def test_what_only_a_person_can_mend_is_tried_slowly_from_the_first(error: CentreTrouble) -> None:
    way = patience()
    way.failed(error, 0.0)
    assert way.next_s == 200.0
    assert not way.is_over(199.0)
    assert way.is_over(200.0)


def test_success_forgets_all_failures() -> None:
    way = patience()
    for _ in range(5):
        way.failed(CentreAway("away"), 0.0)
    way.went_well()
    assert way.trouble is None
    way.failed(CentreAway("away"), 0.0)
    assert way.next_s == 1.0


def test_a_centre_that_is_away_for_weeks_is_logged_once_and_its_return_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "smartlogd.sync")
    way = patience()
    for _ in range(50):
        way.failed(CentreAway("The centre cannot be reached."), 0.0)
    way.went_well()
    way.went_well()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_refusal_is_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    patience().failed(CentreRefuses("The centre refuses this device."), 0.0)
    assert [record.levelname for record in caplog.records] == ["ERROR"]

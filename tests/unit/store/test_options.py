"""The `[store]` table."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from smartlogd.store.options import StoreOptions


def test_when_the_log_is_copied_is_a_cron_or_never() -> None:
    assert StoreOptions().backup_cron == "30 3 * * 0"
    assert StoreOptions(backup_cron="").backup_cron == ""
    assert StoreOptions(backup_cron="0  4 * * mon").backup_cron == "0 4 * * mon"
    with pytest.raises(ValidationError, match='the hour "25" is not within 0 to 23; an example is'):
        StoreOptions(backup_cron="0 25 * * *")

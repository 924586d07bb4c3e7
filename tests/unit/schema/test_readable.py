from __future__ import annotations

import datetime as dt

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from smartlogd.schema.migrate import APPLICATION_ID
from smartlogd.schema.models import Base, Smartlog, User

AT = dt.datetime(2026, 3, 1, 12, 0, 0, 40, dt.UTC)


def test_a_person_with_a_sqlite3_shell_reads_dates_and_words(engine: Engine) -> None:
    with Session(engine) as db:
        db.add(User(uid="u", name="Resident"))
        db.flush()
        db.add(
            Smartlog(user_id=1, uuid="s", action="I", timestamp=AT, line="door", confidence=0.5, clock_trusted=False)
        )
        db.add(Smartlog(uuid="s", action="O", timestamp=AT))
        db.commit()
        rows = db.execute(text("SELECT * FROM smartlog_readable ORDER BY id")).all()
    assert rows == [
        (1, "2026-03-01T12:00:00.000040Z", None, "door", "in", "Resident", 0.5, "no"),
        (2, "2026-03-01T12:00:00.000040Z", None, None, "out", "s", None, None),
    ]


def test_the_file_is_marked_as_ours(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA application_id")).scalar_one() == APPLICATION_ID


def test_making_the_tables_twice_does_no_harm(engine: Engine) -> None:
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM smartlog_readable")).scalar_one() == 0

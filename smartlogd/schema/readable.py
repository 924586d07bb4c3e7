"""What a person with a sqlite3 shell sees: the view `smartlog_readable`, and the mark that the file is ours."""

from __future__ import annotations

from sqlalchemy import DDL, MetaData, event

from smartlogd.schema.migrate import APPLICATION_ID

SMARTLOG_READABLE = """
CREATE VIEW smartlog_readable AS
SELECT s.id,
       strftime('%Y-%m-%dT%H:%M:%S', s.at / 1000000, 'unixepoch') || printf('.%06dZ', s.at % 1000000) AS time,
       d.name AS device,
       s.line,
       CASE s.action WHEN 'I' THEN 'in' ELSE 'out' END AS direction,
       coalesce(u.name, s.uuid, 'user ' || s.user_id) AS who,
       s.confidence,
       CASE s.clock_trusted WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS clock_trusted
FROM (
    SELECT l.*, iif(l.clock_trusted = 0 AND b.zero_at IS NOT NULL, b.zero_at + l.mono_us, l.timestamp) AS at
    FROM smartlog AS l LEFT JOIN boots AS b ON b.boot_id = l.boot_id
) AS s
LEFT JOIN devices AS d ON d.id = s.device_id
LEFT JOIN users AS u ON u.id = s.user_id
""".strip()


def accompany(metadata: MetaData) -> None:
    """Let `create_all` and `drop_all` make and drop, on SQLite, what is no table."""
    doubled = SMARTLOG_READABLE.replace("%", "%%")  # DDL() fills in percent signs of its own
    for when, statement in (
        ("before_create", "DROP VIEW IF EXISTS smartlog_readable"),
        ("after_create", doubled),
        ("after_create", f"PRAGMA application_id = {APPLICATION_ID}"),
        ("before_drop", "DROP VIEW IF EXISTS smartlog_readable"),
    ):
        ddl: DDL = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        event.listen(metadata, when, ddl.execute_if(dialect="sqlite"))

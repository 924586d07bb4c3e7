"""The edge's part of 0003: what waits to be sent, recordings, routines, days, models.

Written out in plain types and never edited again: what stands in the models may move on, this step may not.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

# The view now tells when a row happened that was sealed with a clock not trusted.
READABLE = """
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
BEFORE = """
CREATE VIEW smartlog_readable AS
SELECT s.id,
       strftime('%Y-%m-%dT%H:%M:%S', s.timestamp / 1000000, 'unixepoch')
           || printf('.%06dZ', s.timestamp % 1000000) AS time,
       d.name AS device,
       s.line,
       CASE s.action WHEN 'I' THEN 'in' ELSE 'out' END AS direction,
       coalesce(u.name, s.uuid, 'user ' || s.user_id) AS who,
       s.confidence,
       CASE s.clock_trusted WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS clock_trusted
FROM smartlog AS s
LEFT JOIN devices AS d ON d.id = s.device_id
LEFT JOIN users AS u ON u.id = s.user_id
""".strip()


def upgrade() -> None:
    # house: a step is a list of statements; there is nothing to understand in between.
    with op.batch_alter_table("tombstones") as batch_op:
        batch_op.add_column(sa.Column("heir", sa.String(36), nullable=True))
        batch_op.drop_constraint("ck_tombstones_what")
        batch_op.create_check_constraint(op.f("ck_tombstones_what"), "what IN ('person', 'stranger', 'merged')")
        batch_op.create_check_constraint(op.f("ck_tombstones_heir"), "(what = 'merged') = (heir IS NOT NULL)")
    op.create_table(
        "dead_letters",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("row_id", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("died_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_dead_letters"),
        sa.UniqueConstraint("kind", "row_id", name="uq_dead_letters_kind_row_id"),
    )
    op.create_table(
        "models",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("artifact_uri", sa.String(1024), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("license", sa.String(64), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.CheckConstraint("status IN ('available', 'active', 'retired')", name=op.f("ck_models_status")),
        sa.CheckConstraint(
            "type IN ('detector', 'action', 'pose', 'policy', 'embedder', 'sound')", name=op.f("ck_models_type")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("name", "version", name="uq_models_name_version"),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("row_id", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_priority_seq", "outbox", ["priority", "seq"])
    op.create_index(
        "uq_outbox_waiting", "outbox", ["kind", "row_id"], unique=True, sqlite_where=sa.text("kind <> 'event'")
    )

    op.create_table(
        "ai_metrics_daily",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("sit_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stand_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lie_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fetch_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fetch_success_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("treats_dispensed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("time_in_frame_min", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("calm_minutes", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("barks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("howls", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("whines", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("in_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("out_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_ai_metrics_daily_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ai_metrics_daily"),
        sa.UniqueConstraint("user_id", "date", name="uq_ai_metrics_daily_user_id_date"),
    )
    op.create_table(
        "clips",
        sa.Column("start_ts", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("preview_png", sa.String(1024), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("s3_uri", sa.String(1024), nullable=True),
        sa.Column("path", sa.String(255), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("share_token_hash", sa.String(64), nullable=True),
        sa.Column("share_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("share_uses_left", sa.Integer(), nullable=True),
        sa.CheckConstraint("phase IN ('planned', 'kept', 'uploaded', 'lost')", name=op.f("ck_clips_phase")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_clips_device_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_clips_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_clips"),
        sa.UniqueConstraint("event_id", name="uq_clips_event_id"),
    )
    op.create_index("ix_clips_user_id_start_ts", "clips", ["user_id", "start_ts"])

    op.create_table(
        "device_metrics_daily",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("sit_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stand_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lie_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fetch_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fetch_success_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("treats_dispensed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("time_in_frame_min", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("calm_minutes", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("barks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("howls", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("whines", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("in_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("out_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_device_metrics_daily_device_id"),
        sa.PrimaryKeyConstraint("id", name="pk_device_metrics_daily"),
        sa.UniqueConstraint("device_id", "date", name="uq_device_metrics_daily_device_id_date"),
    )
    op.create_table(
        "routines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("cron", sa.String(100), nullable=False),
        sa.Column("timezone", sa.String(64), server_default="UTC", nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("last_run_at", sa.BigInteger(), nullable=True),
        sa.Column("next_run_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_routines_device_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_routines_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_routines"),
        sa.UniqueConstraint("uid", name="uq_routines_uid"),
    )
    op.create_index("ix_routines_user_id", "routines", ["user_id"])

    op.create_table(
        "snapshots",
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(2000), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("s3_uri", sa.String(1024), nullable=True),
        sa.Column("path", sa.String(255), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("share_token_hash", sa.String(64), nullable=True),
        sa.Column("share_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("share_uses_left", sa.Integer(), nullable=True),
        sa.CheckConstraint("phase IN ('planned', 'kept', 'uploaded', 'lost')", name=op.f("ck_snapshots_phase")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_snapshots_device_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_snapshots_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
        sa.UniqueConstraint("event_id", name="uq_snapshots_event_id"),
    )
    op.create_index("ix_snapshots_user_id_ts", "snapshots", ["user_id", "ts"])

    with op.batch_alter_table("boots", schema=None) as batch_op:
        batch_op.add_column(sa.Column("machine_boot", sa.String(36), nullable=True))
        batch_op.add_column(sa.Column("zero_at", sa.BigInteger(), nullable=True))
        batch_op.create_index("ix_boots_machine_boot", ["machine_boot"])

    with op.batch_alter_table("subjects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rev", sa.Integer(), server_default=sa.text("0"), nullable=False))
    for table in ("events", "smartlog"):
        untrusted = sa.text("clock_trusted = 0")
        op.create_index(f"ix_{table}_boot_id_mono_us", table, ["boot_id", "mono_us"], sqlite_where=untrusted)
    op.execute("DROP VIEW smartlog_readable")
    op.execute(READABLE)


def downgrade() -> None:
    op.execute("DELETE FROM tombstones WHERE what = 'merged'")
    with op.batch_alter_table("tombstones") as batch_op:
        batch_op.drop_constraint("ck_tombstones_heir")
        batch_op.drop_constraint("ck_tombstones_what")
        batch_op.create_check_constraint(op.f("ck_tombstones_what"), "what IN ('person', 'stranger')")
        batch_op.drop_column("heir")
    op.execute("DROP VIEW smartlog_readable")
    for table in ("smartlog", "events"):
        op.drop_index(f"ix_{table}_boot_id_mono_us", table)
    with op.batch_alter_table("subjects", schema=None) as batch_op:
        batch_op.drop_column("rev")

    with op.batch_alter_table("boots", schema=None) as batch_op:
        batch_op.drop_index("ix_boots_machine_boot")
        batch_op.drop_column("zero_at")
        batch_op.drop_column("machine_boot")

    op.drop_index("ix_snapshots_user_id_ts", "snapshots")

    op.drop_table("snapshots")
    op.drop_index("ix_routines_user_id", "routines")

    op.drop_table("routines")
    op.drop_table("device_metrics_daily")
    op.drop_index("ix_clips_user_id_start_ts", "clips")

    op.drop_table("clips")
    op.drop_table("ai_metrics_daily")
    op.drop_index("uq_outbox_waiting", "outbox")
    op.drop_index("ix_outbox_priority_seq", "outbox")

    op.drop_table("outbox")
    op.drop_table("models")
    op.drop_table("dead_letters")
    op.execute(BEFORE)

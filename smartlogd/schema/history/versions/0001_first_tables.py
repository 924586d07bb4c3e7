"""The first tables: the log, its events, who was seen, the device and its owner, starts of the daemon.

Written out in plain SQLite types and never edited again: what stands in the models may move on, this step may not.
Revision: 0001, after: none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

READABLE = """
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
    if op.get_bind().dialect.name != "sqlite":
        return
    # house: a migration is one list of tables, read from top to bottom
    op.create_table(
        "boots",
        sa.Column("boot_id", sa.String(36), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("mono_us", sa.BigInteger(), nullable=False),
        sa.Column("clock_trusted", sa.Boolean(), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("boot_id", name="pk_boots"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("email", sa.String(320), nullable=True),
        sa.Column("name", sa.String(200), nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("consent_at", sa.BigInteger(), nullable=True),
        sa.Column("forgotten_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("role IN ('owner', 'admin', 'member', 'guest')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.UniqueConstraint("uid", name="uq_users_uid"),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("capabilities", sa.JSON(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.Column("site", sa.String(64), nullable=True),
        sa.Column("software_version", sa.String(32), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.String(36), nullable=False),
        sa.Column("high_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("type IN ('camera', 'robot')", name=op.f("ck_devices_type")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_devices_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("name", name="uq_devices_name"),
    )
    op.create_table(
        "subjects",
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("has_face", sa.Boolean(), nullable=False),
        sa.Column("ignored", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.String(36), nullable=True),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("best_crop", sa.String(255), nullable=True),
        sa.ForeignKeyConstraint(["merged_into"], ["subjects.uuid"], name="fk_subjects_merged_into"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_subjects_user_id"),
        sa.PrimaryKeyConstraint("uuid", name="pk_subjects"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("video_ts_ms", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("subject_uuid", sa.String(36), nullable=True),
        sa.Column("subject_user_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("boot_id", sa.String(36), nullable=True),
        sa.Column("mono_us", sa.BigInteger(), nullable=True),
        sa.Column("clock_trusted", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_events_device_id"),
        sa.ForeignKeyConstraint(["subject_user_id"], ["users.id"], name="fk_events_subject_user_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_events_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("event_id", name="uq_events_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_ts", "events", ["ts"])
    op.create_table(
        "smartlog",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("uuid", sa.String(36), nullable=True),
        sa.Column("action", sa.String(1), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("image_path", sa.String(255), nullable=True),
        sa.Column("embedding", sa.String(255), nullable=True),
        sa.Column("event_id", sa.String(36), nullable=True),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("line", sa.String(64), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("track_id", sa.Integer(), nullable=True),
        sa.Column("boot_id", sa.String(36), nullable=True),
        sa.Column("mono_us", sa.BigInteger(), nullable=True),
        sa.Column("clock_trusted", sa.Boolean(), nullable=True),
        sa.CheckConstraint("action IN ('I', 'O')", name=op.f("ck_smartlog_action")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_smartlog_confidence")),
        sa.CheckConstraint("user_id IS NOT NULL OR uuid IS NOT NULL", name=op.f("ck_smartlog_someone")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_smartlog_device_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_smartlog_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_smartlog"),
        sa.UniqueConstraint("event_id", name="uq_smartlog_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_smartlog_line_timestamp", "smartlog", ["line", "timestamp"])
    op.create_index("ix_smartlog_timestamp", "smartlog", ["timestamp"])

    op.execute(READABLE)
    op.execute(f"PRAGMA application_id = {0x534C4F47}")


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("DROP VIEW smartlog_readable")
    op.drop_table("smartlog")
    op.drop_table("events")
    op.drop_table("subjects")
    op.drop_table("devices")
    op.drop_table("users")
    op.drop_table("meta")
    op.drop_table("boots")

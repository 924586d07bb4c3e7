"""The centre's part of 0003: all of its tables. `events` and `smartlog` have no primary key, for they may be hypertables.

Written out in plain types and never edited again: what stands in the models may move on, this step may not.
"""

# house: one table after the other, as the models have them; cut in two, neither half would be the step.

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def upgrade() -> None:
    # house: a step is a list of statements; there is nothing to understand in between.
    op.create_table(
        "changes",
        sa.Column("kind", sa.String(16), nullable=False, comment="What the row is."),
        sa.Column("key", sa.String(128), nullable=False, comment="Its name on the wire."),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="Grows with every change; the device's cursor."),
        sa.CheckConstraint(
            "kind IN ('user', 'subject', 'template', 'tombstone', 'routine', 'model')", name=op.f("ck_changes_kind")
        ),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_changes"),
        sa.UniqueConstraint("seq", name="uq_changes_seq"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(64), nullable=False, comment="created_by, created_at, ..."),
        sa.Column("value", sa.JSON(), nullable=False, comment="Its value, as JSON."),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "models",
        sa.Column("id", sa.Integer(), nullable=False, comment="Local to this database; never leaves it."),
        sa.Column("name", sa.String(64), nullable=False, comment="With the version it names the model everywhere."),
        sa.Column("version", sa.String(32), nullable=False, comment="As its maker counts."),
        sa.Column("type", sa.String(16), nullable=False, comment="detector, action, pose, policy, embedder or sound."),
        sa.Column("artifact_uri", sa.String(1024), nullable=False, comment="Where its file can be had."),
        sa.Column("status", sa.String(16), nullable=False, comment="available, active or retired."),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="When it was entered."),
        sa.Column("sha256", sa.String(64), nullable=True, comment="Hexadecimal; a file that differs is not used."),
        sa.Column("license", sa.String(64), nullable=True, comment="SPDX identifier, where it has one."),
        sa.Column(
            "metadata",
            postgresql.JSONB(),
            nullable=False,
            comment="What else is to be known: shapes, labels, thresholds.",
        ),
        sa.CheckConstraint("status IN ('available', 'active', 'retired')", name=op.f("ck_models_status")),
        sa.CheckConstraint(
            "type IN ('detector', 'action', 'pose', 'policy', 'embedder', 'sound')", name=op.f("ck_models_type")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("name", "version", name="uq_models_name_version"),
    )
    op.create_table(
        "person_keys",
        sa.Column("owner", sa.Uuid(), nullable=False, comment="`users.uid` or `subjects.uuid`."),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False, comment="The device's key file as it stands."),
        sa.PrimaryKeyConstraint("owner", name="pk_person_keys"),
    )
    op.create_table(
        "tombstones",
        sa.Column("uid", sa.Uuid(), nullable=False, comment="`users.uid`, or a stranger's uuid."),
        sa.Column(
            "what", sa.String(16), nullable=False, comment="person, stranger, or merged: a person who is another."
        ),
        sa.Column("heir", sa.Uuid(), nullable=True, comment="Of one who was merged: who it turned out to be."),
        sa.CheckConstraint("(what = 'merged') = (heir IS NOT NULL)", name=op.f("ck_tombstones_heir")),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False, comment="When they were forgotten."),
        sa.CheckConstraint("what IN ('person', 'stranger', 'merged')", name=op.f("ck_tombstones_what")),
        sa.PrimaryKeyConstraint("uid", name="pk_tombstones"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False, comment="Local to this database; never leaves it."),
        sa.Column(
            "uid",
            sa.Uuid(),
            nullable=False,
            comment="UUIDv7, minted where the person is enrolled; names the person everywhere.",
        ),
        sa.Column(
            "email",
            sa.String(320),
            nullable=True,
            comment="Address for signing in at a centre; a local owner has none.",
        ),
        sa.Column("name", sa.String(200), nullable=True, comment="As the person is called on the log."),
        sa.Column("role", sa.String(16), nullable=False, comment="owner, admin, member or guest."),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="When the row was made."),
        sa.Column(
            "updated_at",
            sa.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When the row last changed; the newer of two copies wins.",
        ),
        sa.Column(
            "consent_at",
            sa.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When the person agreed to be recognised; null: nobody said so.",
        ),
        sa.Column(
            "forgotten_at",
            sa.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When the person was forgotten; the row stays so that late copies are stripped too.",
        ),
        sa.CheckConstraint("role IN ('owner', 'admin', 'member', 'guest')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.UniqueConstraint("uid", name="uq_users_uid"),
    )
    op.create_table(
        "ai_metrics_daily",
        sa.Column("user_id", sa.Integer(), nullable=False, comment="The owner."),
        sa.Column("id", sa.Integer(), nullable=False, comment="Local to this database; never leaves it."),
        sa.Column("date", sa.Date(), nullable=False, comment="The day, in the device's own time zone."),
        sa.Column("sit_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it sat down."),
        sa.Column(
            "stand_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it stood up."
        ),
        sa.Column("lie_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it lay down."),
        sa.Column(
            "fetch_count",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Times it went out to fetch.",
        ),
        sa.Column(
            "fetch_success_count",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Times it came back within 10 s.",
        ),
        sa.Column(
            "treats_dispensed", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Treats given."
        ),
        sa.Column(
            "time_in_frame_min",
            sa.Float(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Minutes in view; gaps of up to 5 s count.",
        ),
        sa.Column(
            "calm_minutes",
            sa.Float(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Minutes in view, lying, sitting or still.",
        ),
        sa.Column("barks", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it barked."),
        sa.Column("howls", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it howled."),
        sa.Column("whines", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it whined."),
        sa.Column("in_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Passings inwards."),
        sa.Column("out_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Passings outwards."),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_ai_metrics_daily_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ai_metrics_daily"),
        sa.UniqueConstraint("user_id", "date", name="uq_ai_metrics_daily_user_id_date"),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer(), nullable=False, comment="Local to this database; never leaves it."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="The owner; a local one until enrolled."),
        sa.Column("name", sa.String(64), nullable=False, comment="Names the device everywhere."),
        sa.Column("type", sa.String(16), nullable=False, comment="camera or robot."),
        sa.Column("status", sa.String(16), nullable=False, comment="online while a daemon writes, else offline."),
        sa.Column("capabilities", postgresql.JSONB(), nullable=False, comment="What it can log, as words."),
        sa.Column("last_seen", sa.TIMESTAMP(timezone=True), nullable=True, comment="Its last start or clean stop."),
        sa.Column("site", sa.String(64), nullable=True, comment="Where it hangs, for reports over several devices."),
        sa.Column("software_version", sa.String(32), nullable=True, comment="The smartlogd that wrote last."),
        sa.Column("enabled", sa.Boolean(), nullable=False, comment="False: its rows are refused by the centre."),
        sa.Column(
            "epoch",
            sa.Uuid(),
            nullable=False,
            comment="Changes with every restore or salvage, so that (device, epoch, seq) never repeats.",
        ),
        sa.Column(
            "high_seq",
            sa.BigInteger(),
            nullable=False,
            comment="Highest sequence number of an outgoing row in this epoch that the centre took.",
        ),
        sa.CheckConstraint("type IN ('camera', 'robot')", name=op.f("ck_devices_type")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_devices_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("name", name="uq_devices_name"),
    )
    op.create_table(
        "subjects",
        sa.Column("uuid", sa.Uuid(), nullable=False, comment="The uuid that the log's rows carry."),
        sa.Column(
            "user_id",
            sa.Integer(),
            nullable=True,
            comment="Who it turned out to be; naming and undoing it change this one row.",
        ),
        sa.Column("has_face", sa.Boolean(), nullable=False, comment="A face was seen that could be recognised."),
        sa.Column("ignored", sa.Boolean(), nullable=False, comment="Someone said: do not ask me about this one."),
        sa.Column(
            "merged_into",
            sa.Uuid(),
            nullable=True,
            comment="The same person under an earlier uuid; the rows keep theirs.",
        ),
        sa.Column("first_seen", sa.TIMESTAMP(timezone=True), nullable=False, comment="Stamp of its first event."),
        sa.Column("last_seen", sa.TIMESTAMP(timezone=True), nullable=False, comment="Stamp of its newest event."),
        sa.Column("best_crop", sa.String(255), nullable=True, comment="Path of its best picture, in the state folder."),
        sa.Column(
            "rev",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How often its name, merger or ignoring changed; of two copies that of more changes wins.",
        ),
        sa.ForeignKeyConstraint(["merged_into"], ["subjects.uuid"], name="fk_subjects_merged_into"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_subjects_user_id"),
        sa.PrimaryKeyConstraint("uuid", name="pk_subjects"),
    )
    op.create_index(
        "ix_subjects_merged_into", "subjects", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
    op.create_index("ix_subjects_user_id", "subjects", ["user_id"], postgresql_where=sa.text("user_id IS NOT NULL"))
    op.create_table(
        "clips",
        sa.Column("start_ts", sa.TIMESTAMP(timezone=True), nullable=False, comment="When it begins."),
        sa.Column("duration_ms", sa.Integer(), nullable=False, comment="How long it lasts."),
        sa.Column("preview_png", sa.String(1024), nullable=True, comment="Key of a still of it, in the same place."),
        sa.Column("id", sa.Integer(), nullable=False, comment="Local to this database; never leaves it."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="The owner of the device."),
        sa.Column("device_id", sa.Integer(), nullable=False, comment="The device that recorded it."),
        sa.Column(
            "event_id",
            sa.Uuid(),
            nullable=False,
            comment="The event of its being saved (clip_saved, snapshot_saved); names it everywhere.",
        ),
        sa.Column("s3_uri", sa.String(1024), nullable=True, comment="s3://bucket/key; null until it is there."),
        sa.Column("path", sa.String(255), nullable=True, comment="Where it lies in the device's state folder."),
        sa.Column("labels", postgresql.JSONB(), nullable=False, comment="What it shows, as words."),
        sa.Column("bytes", sa.BigInteger(), nullable=True, comment="Its size."),
        sa.Column("sha256", sa.String(64), nullable=True, comment="Hexadecimal, of the whole file."),
        sa.Column("phase", sa.String(16), nullable=False, comment="planned, kept, uploaded or lost."),
        sa.Column(
            "share_token_hash",
            sa.String(64),
            nullable=True,
            comment="SHA-256 of the token of a link to it, hexadecimal; the token itself is kept nowhere.",
        ),
        sa.Column(
            "share_expires_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="Until when that link opens."
        ),
        sa.Column(
            "share_uses_left", sa.Integer(), nullable=True, comment="How often it still opens; null: without limit."
        ),
        sa.CheckConstraint("phase IN ('planned', 'kept', 'uploaded', 'lost')", name=op.f("ck_clips_phase")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_clips_device_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_clips_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_clips"),
        sa.UniqueConstraint("event_id", name="uq_clips_event_id"),
    )
    op.create_index("ix_clips_user_id_start_ts", "clips", ["user_id", "start_ts"])
    op.create_table(
        "clock_corrections",
        sa.Column("device_id", sa.Integer(), nullable=False, comment="The device."),
        sa.Column("boot_id", sa.Uuid(), nullable=False, comment="The start of its daemon."),
        sa.Column(
            "zero_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="zero_at + mono_us is when a row happened."
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_clock_corrections_device_id"),
        sa.PrimaryKeyConstraint("device_id", "boot_id", name="pk_clock_corrections"),
    )
    op.create_table(
        "counts_hourly",
        sa.Column("device_id", sa.Integer(), nullable=False, comment="The device."),
        sa.Column("type", sa.String(32), nullable=False, comment="crossing, sit, bark, ..."),
        sa.Column("line", sa.String(64), nullable=False, comment="The line of a crossing, else empty."),
        sa.Column("hour", sa.TIMESTAMP(timezone=True), nullable=False, comment="Its beginning, UTC."),
        sa.Column("count", sa.BigInteger(), nullable=False, comment="Events of the type."),
        sa.Column("in_count", sa.BigInteger(), nullable=False, comment="Passings inwards."),
        sa.Column("out_count", sa.BigInteger(), nullable=False, comment="Passings outwards."),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_counts_hourly_device_id"),
        sa.PrimaryKeyConstraint("device_id", "type", "line", "hour", name="pk_counts_hourly"),
    )
    op.create_index("ix_counts_hourly_hour", "counts_hourly", ["hour"])
    op.create_table(
        "device_epochs",
        sa.Column("epoch", sa.Uuid(), nullable=False, comment="As the device minted it."),
        sa.Column("device_id", sa.Integer(), nullable=False, comment="The device whose it is, for good."),
        sa.Column(
            "first_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="First batch in it.",
        ),
        sa.Column("high_seq", sa.BigInteger(), nullable=False, comment="Highest sequence number that came."),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_device_epochs_device_id"),
        sa.PrimaryKeyConstraint("epoch", name="pk_device_epochs"),
    )
    op.create_index("ix_device_epochs_device_id", "device_epochs", ["device_id"])
    op.create_table(
        "device_logins",
        sa.Column("login", sa.String(63), nullable=False, comment="Name of the role."),
        sa.Column("device_id", sa.Integer(), nullable=False, comment="The device."),
        sa.Column(
            "made_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was enrolled.",
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_device_logins_device_id"),
        sa.PrimaryKeyConstraint("login", name="pk_device_logins"),
        sa.UniqueConstraint("device_id", name="uq_device_logins_device_id"),
    )
    op.create_table(
        "device_metrics_daily",
        sa.Column("device_id", sa.Integer(), nullable=False, comment="The device."),
        sa.Column("id", sa.Integer(), nullable=False, comment="Local to this database; never leaves it."),
        sa.Column("date", sa.Date(), nullable=False, comment="The day, in the device's own time zone."),
        sa.Column("sit_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it sat down."),
        sa.Column(
            "stand_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it stood up."
        ),
        sa.Column("lie_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it lay down."),
        sa.Column(
            "fetch_count",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Times it went out to fetch.",
        ),
        sa.Column(
            "fetch_success_count",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Times it came back within 10 s.",
        ),
        sa.Column(
            "treats_dispensed", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Treats given."
        ),
        sa.Column(
            "time_in_frame_min",
            sa.Float(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Minutes in view; gaps of up to 5 s count.",
        ),
        sa.Column(
            "calm_minutes",
            sa.Float(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Minutes in view, lying, sitting or still.",
        ),
        sa.Column("barks", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it barked."),
        sa.Column("howls", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it howled."),
        sa.Column("whines", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Times it whined."),
        sa.Column("in_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Passings inwards."),
        sa.Column("out_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Passings outwards."),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_device_metrics_daily_device_id"),
        sa.PrimaryKeyConstraint("id", name="pk_device_metrics_daily"),
        sa.UniqueConstraint("device_id", "date", name="uq_device_metrics_daily_device_id_date"),
    )
    op.create_table(
        "events",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(),
            nullable=False,
            comment="Order of arrival in this database; never reused.",
        ),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Owner of the device, not the one seen."),
        sa.Column(
            "type", sa.String(32), nullable=False, comment="crossing, person_entered, ...: the data model's words."
        ),
        sa.Column(
            "ts", sa.TIMESTAMP(timezone=True), nullable=False, comment="When it happened, as stamped at the lens."
        ),
        sa.Column("data", postgresql.JSONB(), nullable=False, comment="What belongs to this type of event."),
        sa.Column(
            "video_ts_ms", sa.BigInteger(), nullable=True, comment="Where in a recording, milliseconds from its start."
        ),
        sa.Column(
            "event_id",
            sa.Uuid(),
            nullable=False,
            comment="Minted once; writing or sending the same event twice is harmless by it.",
        ),
        sa.Column("device_id", sa.Integer(), nullable=False, comment="The device that saw it."),
        sa.Column(
            "subject_uuid",
            sa.Uuid(),
            nullable=True,
            comment="Who it happened to. No foreign key: a subject may be forgotten, the count stays.",
        ),
        sa.Column(
            "subject_user_id",
            sa.Integer(),
            nullable=True,
            comment="Who that was known to be when it happened; null while unknown.",
        ),
        sa.Column(
            "ended_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="When it was over, for what takes time."
        ),
        sa.Column("boot_id", sa.Uuid(), nullable=True, comment="The start of the daemon that saw it (`boots`)."),
        sa.Column(
            "mono_us",
            sa.BigInteger(),
            nullable=True,
            comment="Microseconds on that boot's monotonic clock; orders rows whatever the clock on the wall did.",
        ),
        sa.Column(
            "clock_trusted", sa.Boolean(), nullable=True, comment="A time server disciplined the clock at that instant."
        ),
        sa.UniqueConstraint("device_id", "event_id", "ts", name="uq_events_device_id_event_id_ts"),
    )
    op.create_index("ix_events_device_id", "events", ["device_id", sa.literal_column("ts DESC")])
    op.create_index(
        "ix_events_device_id_boot_id",
        "events",
        ["device_id", "boot_id"],
        postgresql_where=sa.text("clock_trusted = false"),
    )
    op.create_index("ix_events_user_id_type", "events", ["user_id", "type", sa.literal_column("ts DESC")])
    op.create_table(
        "face_templates",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Minted once; writing it twice is harmless."),
        sa.Column(
            "subject", sa.Uuid(), nullable=True, comment="Who was seen with it, or null; follows that subject's name."
        ),
        sa.Column("user", sa.Uuid(), nullable=True, comment="Who was enrolled with it, or null."),
        sa.Column(
            "model",
            sa.String(128),
            nullable=False,
            comment="The network that made the vector; those of two networks are never compared.",
        ),
        sa.Column(
            "vector",
            sa.LargeBinary(),
            nullable=False,
            comment="float32[128], sealed under the key of its owner (`store/keys.py`).",
        ),
        sa.Column("quality", sa.Float(), nullable=False, comment="How good the picture was, 0..1."),
        sa.Column("source", sa.String(16), nullable=False, comment="Where it came from: photo, camera, import, track."),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="When the face was taken in."),
        sa.CheckConstraint('(subject IS NULL) <> ("user" IS NULL)', name=op.f("ck_face_templates_owner")),
        sa.CheckConstraint("quality BETWEEN 0 AND 1", name=op.f("ck_face_templates_quality")),
        sa.ForeignKeyConstraint(["subject"], ["subjects.uuid"], name="fk_face_templates_subject"),
        sa.ForeignKeyConstraint(["user"], ["users.uid"], name="fk_face_templates_user"),
        sa.PrimaryKeyConstraint("id", name="pk_face_templates"),
    )
    op.create_index("ix_face_templates_subject", "face_templates", ["subject"])
    op.create_index("ix_face_templates_user", "face_templates", ["user"])
    op.create_table(
        "fleet_keys",
        sa.Column("device_id", sa.Integer(), nullable=False, comment="For whom."),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False, comment="Opens with what only that device was given."),
        sa.Column(
            "made_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False, comment="When."
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_fleet_keys_device_id"),
        sa.PrimaryKeyConstraint("device_id", name="pk_fleet_keys"),
    )
    op.create_table(
        "late_rows",
        sa.Column("device_id", sa.Integer(), nullable=False, comment="As in `events`."),
        sa.Column("event_id", sa.Uuid(), nullable=False, comment="As in `events`."),
        sa.Column("ts", sa.TIMESTAMP(timezone=True), nullable=False, comment="As in `events`."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Owner of the device, as in `events`."),
        sa.Column("type", sa.String(32), nullable=False, comment="As in `events`."),
        sa.Column("data", postgresql.JSONB(), nullable=False, comment="As in `events`."),
        sa.Column("video_ts_ms", sa.BigInteger(), nullable=True, comment="As in `events`."),
        sa.Column("subject_uuid", sa.Uuid(), nullable=True, comment="As in `events`; `uuid` in `smartlog`."),
        sa.Column("subject_user_id", sa.Integer(), nullable=True, comment="As in `events`."),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="As in `events`."),
        sa.Column("boot_id", sa.Uuid(), nullable=True, comment="As in `events`."),
        sa.Column("mono_us", sa.BigInteger(), nullable=True, comment="As in `events`."),
        sa.Column("clock_trusted", sa.Boolean(), nullable=True, comment="As in `events`."),
        sa.Column("person_id", sa.Integer(), nullable=True, comment="`user_id` in `smartlog`."),
        sa.Column("action", sa.String(1), nullable=True, comment="As in `smartlog`; null: no passing."),
        sa.Column("line", sa.String(64), nullable=True, comment="As in `smartlog`."),
        sa.Column("confidence", sa.Float(), nullable=True, comment="As in `smartlog`."),
        sa.Column("track_id", sa.Integer(), nullable=True, comment="As in `smartlog`."),
        sa.Column("image_path", sa.String(255), nullable=True, comment="As in `smartlog`."),
        sa.Column(
            "received_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it came.",
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_late_rows_device_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_late_rows_user_id"),
        sa.PrimaryKeyConstraint("device_id", "event_id", "ts", name="pk_late_rows"),
    )
    op.create_index("ix_late_rows_subject_uuid", "late_rows", ["subject_uuid"])
    op.create_index("ix_late_rows_ts", "late_rows", ["ts"])
    op.create_table(
        "rejects",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="Order of arrival."
        ),
        sa.Column("device_id", sa.Integer(), nullable=False, comment="Who sent it."),
        sa.Column("at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False, comment="When."),
        sa.Column("kind", sa.String(32), nullable=False, comment="What it was said to be."),
        sa.Column("reason", sa.String(500), nullable=False, comment="Why it was refused."),
        sa.Column("payload", postgresql.JSONB(), nullable=False, comment="What came, cut to 4 KiB."),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_rejects_device_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rejects"),
    )
    op.create_index("ix_rejects_at", "rejects", ["at"])
    op.create_index("ix_rejects_device_id", "rejects", ["device_id"])
    op.create_table(
        "routines",
        sa.Column("id", sa.Integer(), nullable=False, comment="Local to this database; never leaves it."),
        sa.Column("uid", sa.Uuid(), nullable=False, comment="UUIDv7; names the routine everywhere."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Whose routine it is."),
        sa.Column(
            "device_id", sa.Integer(), nullable=True, comment="The one device that runs it; null: all of the owner's."
        ),
        sa.Column("name", sa.String(200), nullable=False, comment="As people call it."),
        sa.Column("cron", sa.String(100), nullable=False, comment="When it begins: minute, hour, day, month, weekday."),
        sa.Column(
            "timezone",
            sa.String(64),
            server_default="UTC",
            nullable=False,
            comment="Whose wall clock the five fields mean.",
        ),
        sa.Column(
            "steps",
            postgresql.JSONB(),
            nullable=False,
            comment="[{type: pet, treat, play, sit_drill, fetch or wait; duration_s; params}], done in this order.",
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False, comment="False: it waits until someone says otherwise."),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="When it was made."),
        sa.Column(
            "updated_at",
            sa.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When it last changed; the newer of two copies wins.",
        ),
        sa.Column("last_run_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="When it last began."),
        sa.Column("next_run_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="When it begins next."),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_routines_device_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_routines_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_routines"),
        sa.UniqueConstraint("uid", name="uq_routines_uid"),
    )
    op.create_index("ix_routines_user_id", "routines", ["user_id"])
    op.create_table(
        "smartlog",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(),
            nullable=False,
            comment="Order of arrival here; never reused, so one can follow it.",
        ),
        sa.Column("user_id", sa.Integer(), nullable=True, comment="The person; null while unknown."),
        sa.Column(
            "uuid",
            sa.String(36),
            nullable=True,
            comment="The subject seen; kept also after someone is named, so that naming can be undone.",
        ),
        sa.Column("action", sa.String(1), nullable=False, comment="I (in) or O (out)."),
        sa.Column(
            "timestamp",
            sa.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When the line was passed; never changes once written.",
        ),
        sa.Column("image_path", sa.String(255), nullable=True, comment="A picture of it, in the state folder."),
        sa.Column(
            "embedding",
            sa.String(255),
            nullable=True,
            comment="Path of a sealed face embedding; null in our rows, whose sealed faces stand in `face_templates`.",
        ),
        sa.Column(
            "event_id",
            sa.Uuid(),
            nullable=True,
            comment="The `events` row of the same passing; null in a row written by hand.",
        ),
        sa.Column("device_id", sa.Integer(), nullable=True, comment="The device that saw it."),
        sa.Column("line", sa.String(64), nullable=True, comment="Name of the line that was passed."),
        sa.Column("confidence", sa.Float(), nullable=True, comment="How sure the passing is, 0..1."),
        sa.Column("track_id", sa.Integer(), nullable=True, comment="The track within that boot; counts from 1."),
        sa.Column("boot_id", sa.Uuid(), nullable=True, comment="The start of the daemon that saw it (`boots`)."),
        sa.Column("mono_us", sa.BigInteger(), nullable=True, comment="Microseconds on that boot's monotonic clock."),
        sa.Column(
            "clock_trusted", sa.Boolean(), nullable=True, comment="A time server disciplined the clock at that instant."
        ),
        sa.CheckConstraint("action IN ('I', 'O')", name=op.f("ck_smartlog_action")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_smartlog_confidence")),
        sa.CheckConstraint("user_id IS NOT NULL OR uuid IS NOT NULL", name=op.f("ck_smartlog_someone")),
        sa.UniqueConstraint("device_id", "event_id", "timestamp", name="uq_smartlog_device_id_event_id_timestamp"),
    )
    op.create_index(
        "ix_smartlog_device_id_boot_id",
        "smartlog",
        ["device_id", "boot_id"],
        postgresql_where=sa.text("clock_trusted = false"),
    )
    op.create_index("ix_smartlog_line_timestamp", "smartlog", ["line", "timestamp"])
    op.create_index("ix_smartlog_timestamp", "smartlog", ["timestamp"])
    op.create_index("ix_smartlog_user_id", "smartlog", ["user_id"], postgresql_where=sa.text("user_id IS NOT NULL"))
    op.create_index("ix_smartlog_uuid", "smartlog", ["uuid"])
    op.create_table(
        "snapshots",
        sa.Column("ts", sa.TIMESTAMP(timezone=True), nullable=False, comment="When it was taken."),
        sa.Column("note", sa.String(2000), nullable=True, comment="What someone wrote about it."),
        sa.Column("id", sa.Integer(), nullable=False, comment="Local to this database; never leaves it."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="The owner of the device."),
        sa.Column("device_id", sa.Integer(), nullable=False, comment="The device that recorded it."),
        sa.Column(
            "event_id",
            sa.Uuid(),
            nullable=False,
            comment="The event of its being saved (clip_saved, snapshot_saved); names it everywhere.",
        ),
        sa.Column("s3_uri", sa.String(1024), nullable=True, comment="s3://bucket/key; null until it is there."),
        sa.Column("path", sa.String(255), nullable=True, comment="Where it lies in the device's state folder."),
        sa.Column("labels", postgresql.JSONB(), nullable=False, comment="What it shows, as words."),
        sa.Column("bytes", sa.BigInteger(), nullable=True, comment="Its size."),
        sa.Column("sha256", sa.String(64), nullable=True, comment="Hexadecimal, of the whole file."),
        sa.Column("phase", sa.String(16), nullable=False, comment="planned, kept, uploaded or lost."),
        sa.Column(
            "share_token_hash",
            sa.String(64),
            nullable=True,
            comment="SHA-256 of the token of a link to it, hexadecimal; the token itself is kept nowhere.",
        ),
        sa.Column(
            "share_expires_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="Until when that link opens."
        ),
        sa.Column(
            "share_uses_left", sa.Integer(), nullable=True, comment="How often it still opens; null: without limit."
        ),
        sa.CheckConstraint("phase IN ('planned', 'kept', 'uploaded', 'lost')", name=op.f("ck_snapshots_phase")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_snapshots_device_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_snapshots_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
        sa.UniqueConstraint("event_id", name="uq_snapshots_event_id"),
    )
    op.create_index("ix_snapshots_user_id_ts", "snapshots", ["user_id", "ts"])


def downgrade() -> None:
    op.drop_index("ix_snapshots_user_id_ts", table_name="snapshots")
    op.drop_table("snapshots")
    op.drop_index("ix_smartlog_uuid", table_name="smartlog")
    op.drop_index("ix_smartlog_user_id", table_name="smartlog", postgresql_where=sa.text("user_id IS NOT NULL"))
    op.drop_index("ix_smartlog_timestamp", table_name="smartlog")
    op.drop_index("ix_smartlog_line_timestamp", table_name="smartlog")
    op.drop_index("ix_smartlog_device_id_boot_id", table_name="smartlog")
    op.drop_table("smartlog")
    op.drop_index("ix_routines_user_id", table_name="routines")
    op.drop_table("routines")
    op.drop_index("ix_rejects_device_id", table_name="rejects")
    op.drop_index("ix_rejects_at", table_name="rejects")
    op.drop_table("rejects")
    op.drop_index("ix_late_rows_ts", table_name="late_rows")
    op.drop_index("ix_late_rows_subject_uuid", table_name="late_rows")
    op.drop_table("late_rows")
    op.drop_table("fleet_keys")
    op.drop_index("ix_face_templates_user", table_name="face_templates")
    op.drop_index("ix_face_templates_subject", table_name="face_templates")
    op.drop_table("face_templates")
    op.drop_index("ix_events_user_id_type", table_name="events")
    op.drop_index("ix_events_device_id_boot_id", table_name="events")
    op.drop_index("ix_events_device_id", table_name="events")
    op.drop_table("events")
    op.drop_table("device_metrics_daily")
    op.drop_table("device_logins")
    op.drop_index("ix_device_epochs_device_id", table_name="device_epochs")
    op.drop_table("device_epochs")
    op.drop_index("ix_counts_hourly_hour", table_name="counts_hourly")
    op.drop_table("counts_hourly")
    op.drop_table("clock_corrections")
    op.drop_index("ix_clips_user_id_start_ts", table_name="clips")
    op.drop_table("clips")
    op.drop_index("ix_subjects_user_id", table_name="subjects", postgresql_where=sa.text("user_id IS NOT NULL"))
    op.drop_index("ix_subjects_merged_into", table_name="subjects", postgresql_where=sa.text("merged_into IS NOT NULL"))
    op.drop_table("subjects")
    op.drop_table("devices")
    op.drop_table("ai_metrics_daily")
    op.drop_table("users")
    op.drop_table("tombstones")
    op.drop_table("person_keys")
    op.drop_table("models")
    op.drop_table("meta")
    op.drop_table("changes")

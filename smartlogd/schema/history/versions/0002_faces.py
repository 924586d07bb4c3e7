"""Faces that are remembered, who was forgotten, and indexes to find a person's passings by.

Written out in plain SQLite types and never edited again: what stands in the models may move on, this step may not.
Revision: 0002, after: 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Until now the log looked a subject's person up when it was read; from now on a passing says it itself.
NAME_THE_PAST = """
UPDATE smartlog SET user_id = subjects.user_id
FROM subjects
WHERE subjects.uuid = smartlog.uuid AND subjects.user_id IS NOT NULL AND smartlog.user_id IS NULL
""".strip()


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.create_table(
        "face_templates",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("subject", sa.String(36), nullable=True),
        sa.Column("user", sa.String(36), nullable=True),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("quality", sa.Float(), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint('(subject IS NULL) <> ("user" IS NULL)', name=op.f("ck_face_templates_owner")),
        sa.CheckConstraint("quality BETWEEN 0 AND 1", name=op.f("ck_face_templates_quality")),
        sa.ForeignKeyConstraint(["subject"], ["subjects.uuid"], name="fk_face_templates_subject"),
        sa.ForeignKeyConstraint(["user"], ["users.uid"], name="fk_face_templates_user"),
        sa.PrimaryKeyConstraint("id", name="pk_face_templates"),
    )
    op.create_index("ix_face_templates_subject", "face_templates", ["subject"])
    op.create_index("ix_face_templates_user", "face_templates", ["user"])
    op.create_table(
        "tombstones",
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("what IN ('person', 'stranger')", name=op.f("ck_tombstones_what")),
        sa.PrimaryKeyConstraint("uid", name="pk_tombstones"),
    )
    for table, column in (("subjects", "user_id"), ("subjects", "merged_into"), ("smartlog", "user_id")):
        known = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=known)
    op.create_index("ix_smartlog_uuid", "smartlog", ["uuid"])
    op.execute(NAME_THE_PAST)


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.drop_index("ix_smartlog_uuid", "smartlog")
    for table, column in (("smartlog", "user_id"), ("subjects", "merged_into"), ("subjects", "user_id")):
        op.drop_index(f"ix_{table}_{column}", table)
    op.drop_table("tombstones")
    op.drop_table("face_templates")

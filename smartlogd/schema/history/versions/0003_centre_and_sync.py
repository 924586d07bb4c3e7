"""The edge gets what waits to be sent, recordings, routines, days and models; the centre gets all of its tables.

Revision: 0003, after: 0002. Before this one there was no centre: 0001 and 0002 do nothing there.
"""

from __future__ import annotations

from alembic import op

from smartlogd.schema.history import centre_0003, edge_0003

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SIDES = {"sqlite": edge_0003, "postgresql": centre_0003}


def upgrade() -> None:
    SIDES[op.get_bind().dialect.name].upgrade()


def downgrade() -> None:
    SIDES[op.get_bind().dialect.name].downgrade()

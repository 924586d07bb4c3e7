"""The history of the edge's tables, as Alembic migrations."""

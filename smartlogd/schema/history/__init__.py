"""The history of the tables, edge and centre, as Alembic migrations; `env.py` tells the side by the URL."""

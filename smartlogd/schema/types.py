"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

from smartlogd.schema.instants import instant_of, micros

Document = JSON().with_variant(JSONB(), "postgresql")
"""A JSON value: text on SQLite, jsonb on PostgreSQL."""

UniqueId = Uuid(as_uuid=False).with_variant(String(36), "sqlite")
"""A UUID as its 36 characters in Python and on SQLite, where a person may read it; native on PostgreSQL."""


class Instant(TypeDecorator[dt.datetime]):
    """An aware instant: whole microseconds since 1970 UTC on SQLite, timestamptz on PostgreSQL.

    Naive datetimes are refused (ValueError); what comes back is always in UTC.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type that the database itself has for it."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> object:
        """On its way into the database."""
        if value is None:
            return None
        microseconds = micros(value)
        return value if dialect.name == "postgresql" else microseconds

    def process_result_value(self, value: object, dialect: Dialect) -> dt.datetime | None:
        """On its way out."""
        if isinstance(value, dt.datetime):
            return value.astimezone(dt.UTC)
        return instant_of(value) if isinstance(value, int) else None

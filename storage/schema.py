"""The one metadata object and the column types every table uses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.types import JSON, TypeEngine
from typing_extensions import override

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for a column of type INTEGER.
RowId: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
# None is SQL NULL, not the JSON word null. Plain json on PostgreSQL too: nothing is searched inside it.
Json: TypeEngine[Any] = JSON(none_as_null=True)


class Instant(TypeDecorator[datetime]):
    """A UTC instant as whole seconds since 1970: the same on both databases, and SQL can add to it."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = BigInteger
    cache_ok: bool | None = True

    @override
    def process_bind_param(self, value: datetime | int | None, dialect: Dialect) -> int | None:
        if isinstance(value, datetime):
            return int(value.timestamp())
        return value

    @override
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        return _instant  # rather than process_result_value, which makes two calls of each value


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class Day(TypeDecorator[date]):
    """A local calendar date as ``YYYY-MM-DD`` text: a label, equal on both databases and in every key."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = String(10)
    cache_ok: bool | None = True

    @override
    def process_bind_param(self, value: date | str | None, dialect: Dialect) -> str | None:
        return value.isoformat() if isinstance(value, date) else value

    @override
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], date | None]:
        return _day


def _day(label: str | None) -> date | None:
    return None if label is None else date.fromisoformat(label)


def ident(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    """A column that holds one of our ids, or a platform's."""
    return Column(name, String(255), primary_key=primary_key, nullable=nullable)


def words(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


__all__ = ["Day", "Instant", "Json", "RowId", "ident", "metadata", "words"]

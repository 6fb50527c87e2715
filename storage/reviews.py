"""The memory of each concept, one row a member and concept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Table,
    bindparam,
    func,
    select,
    text,
)

from bot.domain.reviews import Memory
from storage.dialects import insert_for
from storage.schema import Day, ident, metadata

review_card = Table(
    "review_card",
    metadata,
    ident("tenant"),
    ident("member"),
    ident("concept"),
    Column("stability", Double, nullable=False),  # days
    Column("difficulty", Double, nullable=False),
    Column("due", Day, nullable=False),
    Column("reviewed", Day, nullable=False),
    Column("rev", Integer, nullable=False),
    ident("question"),
    Column("misses", Integer, nullable=False),
    Column("passes", Integer, nullable=False),
    ident("state"),  # active | learned | dropped
    PrimaryKeyConstraint("tenant", "member", "concept"),
    Index(
        "ix_review_card_dropped",
        "tenant",
        "concept",
        sqlite_where=text("state = 'dropped'"),
        postgresql_where=text("state = 'dropped'"),
    ),
)

# Made once, for making a statement takes five times as long as running it.
_MINE = (review_card.c.tenant == bindparam("of_tenant"), review_card.c.member == bindparam("of_member"))
_ALL = select(review_card).where(*_MINE).order_by(review_card.c.concept)
# Two answers of one member at the same moment are two reviews, one after the other.
_LOCKED = select(review_card).where(*_MINE, review_card.c.concept == bindparam("about")).with_for_update()


@lru_cache
def _keep(dialect: str) -> Any:
    new = insert_for(dialect, review_card)
    values = {name: new.excluded[name] for name in Memory.__struct_fields__}
    return new.on_conflict_do_update(index_elements=["tenant", "member", "concept"], set_=values)


class Reviews:
    """Implements ``bot.ports.reviews.Reviews``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def memory(self, member_id: str, concept: str) -> Memory | None:
        about = {"of_tenant": self._tenant, "of_member": member_id, "about": concept}
        row = self._conn.execute(_LOCKED, about).one_or_none()
        return None if row is None else _memory(row)

    def memories(self, member_id: str) -> list[Memory]:
        about = {"of_tenant": self._tenant, "of_member": member_id}
        return [_memory(row) for row in self._conn.execute(_ALL, about)]

    def keep(self, member_id: str, memory: Memory) -> None:
        row = {"tenant": self._tenant, "member": member_id, **msgspec.structs.asdict(memory)}
        self._conn.execute(_keep(self._conn.dialect.name), row)

    def forget(self, member_id: str, concept: str) -> None:
        mine = self._of(member_id) & (review_card.c.concept == concept)
        self._conn.execute(review_card.delete().where(mine))

    def dropped(self) -> Mapping[str, int]:
        rows = self._conn.execute(
            select(review_card.c.concept, func.count().label("members"))
            .where(review_card.c.tenant == self._tenant, review_card.c.state == "dropped")
            .group_by(review_card.c.concept)
        )
        return {row.concept: row.members for row in rows}

    def _of(self, member_id: str) -> Any:
        return (review_card.c.tenant == self._tenant) & (review_card.c.member == member_id)


def _memory(row: Row[Any]) -> Memory:
    return Memory(**{name: getattr(row, name) for name in Memory.__struct_fields__})

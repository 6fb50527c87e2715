"""The memory of each concept, one row a member and concept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Double, Index, Integer, PrimaryKeyConstraint, Row, Table, func, select, text

from bot.domain.reviews import Memory
from storage.dialects import insert
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


class Reviews:
    """Implements ``bot.ports.reviews.Reviews``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def memory(self, member_id: str, concept: str) -> Memory | None:
        # Locked: two answers of one member at the same moment are two reviews, one after the other.
        one = select(review_card).where(self._of(member_id), review_card.c.concept == concept).with_for_update()
        row = self._conn.execute(one).one_or_none()
        return None if row is None else _memory(row)

    def memories(self, member_id: str) -> list[Memory]:
        rows = self._conn.execute(select(review_card).where(self._of(member_id)).order_by(review_card.c.concept))
        return [_memory(row) for row in rows]

    def keep(self, member_id: str, memory: Memory) -> None:
        values = msgspec.structs.asdict(memory)
        row = {"tenant": self._tenant, "member": member_id, **values}
        self._conn.execute(
            insert(self._conn, review_card)
            .values(row)
            .on_conflict_do_update(index_elements=["tenant", "member", "concept"], set_=values)
        )

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

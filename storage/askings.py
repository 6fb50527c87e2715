"""Questions that were put and the answers to them, of every feature: lessons, reviews and quizzes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    and_,
    case,
    func,
    select,
    text,
    update,
)

from bot.ports.lessons import Asking, Given, Recorded
from storage.dialects import insert
from storage.schema import Instant, Json, ident, metadata

asking = Table(
    "asking",
    metadata,
    ident("tenant"),
    ident("id"),
    ident("source"),
    ident("source_id"),
    Column("position", Integer, nullable=False),
    ident("question"),
    Column("rev", Integer, nullable=False),
    Column("order", Json, nullable=False),
    ident("pack"),
    ident("member", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
)

answer = Table(
    "answer",
    metadata,
    ident("tenant"),
    ident("asking"),
    ident("member"),
    ident("option"),
    Column("correct", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("voided", Boolean, nullable=False, server_default=text("false")),  # the question's key was wrong
    PrimaryKeyConstraint("tenant", "asking", "member"),
    Index(None, "tenant", "member", "at"),
)


class Askings:
    """The part of ``bot.ports.lessons.Lessons`` that puts questions and takes answers."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def ask(self, askings: Sequence[Asking]) -> None:
        rows = [{"tenant": self._tenant, **msgspec.structs.asdict(one), "order": list(one.order)} for one in askings]
        if rows:
            self._conn.execute(insert(self._conn, asking).on_conflict_do_nothing(), rows)

    def asking(self, id: str) -> Asking | None:
        row = self._conn.execute(select(asking).where(asking.c.tenant == self._tenant, asking.c.id == id)).one_or_none()
        if row is None:
            return None
        values = {name: getattr(row, name) for name in Asking.__struct_fields__ if name != "order"}
        return Asking(**values, order=tuple(row.order))

    def answer(self, given: Given) -> bool:
        row = {"tenant": self._tenant, **msgspec.structs.asdict(given)}
        return self._conn.execute(insert(self._conn, answer).values(row).on_conflict_do_nothing()).rowcount == 1

    def given(self, asking_id: str, member_id: str) -> Given | None:
        mine = and_(answer.c.tenant == self._tenant, answer.c.asking == asking_id, answer.c.member == member_id)
        row = self._conn.execute(select(answer).where(mine)).one_or_none()
        return None if row is None else Given(row.asking, row.member, row.option, row.correct, row.at)

    def void(self, question: str, rev: int) -> frozenset[str]:
        old = (asking.c.tenant == self._tenant) & (asking.c.question == question) & (asking.c.rev < rev)
        standing = (answer.c.tenant == self._tenant) & answer.c.voided.is_(False)
        statement = update(answer).where(standing, answer.c.asking.in_(select(asking.c.id).where(old)))
        return frozenset(self._conn.execute(statement.values(voided=True).returning(answer.c.member)).scalars())

    def record(self, member_id: str, questions: Collection[str]) -> Sequence[Recorded]:
        same = (answer.c.tenant == asking.c.tenant) & (answer.c.asking == asking.c.id)
        mine = (answer.c.tenant == self._tenant) & (answer.c.member == member_id) & answer.c.voided.is_(False)
        rows = self._conn.execute(
            select(asking.c.question, asking.c.rev, answer.c.correct, answer.c.at)
            .select_from(answer)
            .join(asking, same)
            .where(mine, asking.c.question.in_(questions))
            .order_by(answer.c.at, answer.c.asking)
        )
        return [Recorded(row.question, row.rev, row.correct, row.at) for row in rows]

    def answers(self, member_id: str) -> Mapping[str, int]:
        """How many answers of a member count, and how many of them are right."""
        right: Any = func.coalesce(func.sum(case((answer.c.correct, 1), else_=0)), 0)
        mine = (answer.c.tenant == self._tenant) & (answer.c.member == member_id) & answer.c.voided.is_(False)
        row = self._conn.execute(select(func.count().label("answers"), right.label("right")).where(mine)).one()
        return {"answers": row.answers, "right": int(row.right)}

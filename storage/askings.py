"""Questions that were put and the answers to them, of every feature: lessons, reviews and quizzes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    bindparam,
    case,
    func,
    select,
    text,
    update,
)

from bot.ports.lessons import Asking, Given, Recorded
from storage.dialects import insert_for
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

# Made once, for making a statement takes five times as long as running it.
_OF_TENANT: BindParameter[str] = bindparam("of_tenant")
_OF_MEMBER: BindParameter[str] = bindparam("of_member")
_ASKING = select(asking).where(asking.c.tenant == _OF_TENANT, asking.c.id == bindparam("of_id"))
_GIVEN = select(answer).where(
    answer.c.tenant == _OF_TENANT, answer.c.asking == bindparam("of_asking"), answer.c.member == _OF_MEMBER
)
_STANDING = (answer.c.tenant == _OF_TENANT, answer.c.member == _OF_MEMBER, answer.c.voided.is_(False))
_RECORD = (
    select(asking.c.question, asking.c.rev, answer.c.correct, answer.c.at)
    .select_from(answer)
    .join(asking, (answer.c.tenant == asking.c.tenant) & (answer.c.asking == asking.c.id))
    .where(*_STANDING, asking.c.question.in_(bindparam("of_questions", expanding=True)))
    .order_by(answer.c.at, answer.c.asking)
)
_COUNTED = select(
    func.count().label("answers"), func.coalesce(func.sum(case((answer.c.correct, 1), else_=0)), 0).label("right")
).where(*_STANDING)


@lru_cache
def _new(dialect: str, table: Table) -> Any:
    return insert_for(dialect, table).on_conflict_do_nothing()


class Askings:
    """The part of ``bot.ports.lessons.Lessons`` that puts questions and takes answers."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def ask(self, askings: Sequence[Asking]) -> None:
        rows = [{"tenant": self._tenant, **msgspec.structs.asdict(one), "order": list(one.order)} for one in askings]
        if rows:
            self._conn.execute(_new(self._conn.dialect.name, asking), rows)

    def asking(self, id: str) -> Asking | None:
        row = self._conn.execute(_ASKING, {"of_tenant": self._tenant, "of_id": id}).one_or_none()
        if row is None:
            return None
        values = {name: getattr(row, name) for name in Asking.__struct_fields__ if name != "order"}
        return Asking(**values, order=tuple(row.order))

    def answer(self, given: Given) -> bool:
        row = {"tenant": self._tenant, **msgspec.structs.asdict(given)}
        return self._conn.execute(_new(self._conn.dialect.name, answer), row).rowcount == 1

    def given(self, asking_id: str, member_id: str) -> Given | None:
        about = {"of_tenant": self._tenant, "of_asking": asking_id, "of_member": member_id}
        row = self._conn.execute(_GIVEN, about).one_or_none()
        return None if row is None else Given(row.asking, row.member, row.option, row.correct, row.at)

    def void(self, question: str, rev: int) -> frozenset[str]:
        old = (asking.c.tenant == self._tenant) & (asking.c.question == question) & (asking.c.rev < rev)
        standing = (answer.c.tenant == self._tenant) & answer.c.voided.is_(False)
        statement = update(answer).where(standing, answer.c.asking.in_(select(asking.c.id).where(old)))
        return frozenset(self._conn.execute(statement.values(voided=True).returning(answer.c.member)).scalars())

    def record(self, member_id: str, questions: Collection[str]) -> Sequence[Recorded]:
        about = {"of_tenant": self._tenant, "of_member": member_id, "of_questions": list(questions)}
        rows = self._conn.execute(_RECORD, about)
        return [Recorded(row.question, row.rev, row.correct, row.at) for row in rows]

    def answers(self, member_id: str) -> Mapping[str, int]:
        """How many answers of a member count, and how many of them are right."""
        row = self._conn.execute(_COUNTED, {"of_tenant": self._tenant, "of_member": member_id}).one()
        return {"answers": row.answers, "right": int(row.right)}

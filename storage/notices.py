"""What authors were told, and the counts they are told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    bindparam,
    func,
    select,
    text,
)

from bot.domain.notices import Key, News
from bot.domain.people import Role
from bot.ports.notices import Reader
from storage.attention import lesson_mark
from storage.dialects import insert
from storage.glossary import term_suggestion
from storage.lessons import lesson_state
from storage.people import account, member, member_role, workspace
from storage.reviews import review_card
from storage.schema import ident, metadata

notice_told = Table(
    "notice_told",
    metadata,
    ident("tenant"),
    ident("member"),
    ident("what"),
    ident("about"),  # a lesson or a suggestion
    Column("rev", Integer, nullable=False),
    Column("members", Integer, nullable=False),
    PrimaryKeyConstraint("tenant", "member", "what", "about", "rev"),
)

# Every tick asks this; making a statement costs ten times what running it does.
_READERS = (
    select(member_role.c.role, member.c.id, member.c.zone, member.c.region, workspace.c.zone.label("workspace_zone"))
    .join(member, (member.c.tenant == member_role.c.tenant) & (member.c.id == member_role.c.member) & member.c.active)
    .join(account, (account.c.tenant == member.c.tenant) & (account.c.id == member.c.account))
    .join(workspace, workspace.c.id == account.c.workspace)
    .where(
        member_role.c.tenant == bindparam("of_tenant", type_=String),
        member_role.c.role.in_([Role.AUTHOR.value, Role.ADMIN.value]),
    )
    .order_by(member.c.id)
)


class Notices:
    """Implements ``bot.ports.notices.Notices``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def readers(self) -> list[Reader]:
        rows = self._conn.execute(_READERS, {"of_tenant": self._tenant}).all()
        has_authors = any(row.role == Role.AUTHOR.value for row in rows)
        wanted = Role.AUTHOR if has_authors else Role.ADMIN
        return [
            Reader(row.id, row.zone or row.workspace_zone or "UTC", row.region)
            for row in rows
            if row.role == wanted.value
        ]

    def unclear(self) -> Mapping[str, int]:
        called = text("lesson_mark.what = 'unclear'")  # literally, so that its index is used
        rows = self._conn.execute(
            select(lesson_mark.c.lesson, func.count().label("members"))
            .where(lesson_mark.c.tenant == self._tenant, called)
            .group_by(lesson_mark.c.lesson)
        )
        return {row.lesson: row.members for row in rows}

    def given_up(self) -> Mapping[str, int]:
        dropped = text("review_card.state = 'dropped'")
        rows = self._conn.execute(
            select(review_card.c.concept, func.count().label("members"))
            .where(review_card.c.tenant == self._tenant, dropped)
            .group_by(review_card.c.concept)
        )
        return {row.concept: row.members for row in rows}

    def suggested(self) -> list[str]:
        waiting = (term_suggestion.c.tenant == self._tenant) & (term_suggestion.c.state == "open")
        found = select(term_suggestion.c.id).where(waiting)
        return [*self._conn.execute(found.order_by(term_suggestion.c.created_at, term_suggestion.c.id)).scalars()]

    def finished(self, lesson: str, most: int) -> frozenset[str]:
        done = select(lesson_state.c.member).where(self._done(lesson)).limit(most)
        return frozenset(self._conn.execute(done).scalars())

    def finished_before(self, lesson: str, rev: int, most: int) -> int:
        earlier = select(lesson_state.c.member).where(self._done(lesson), lesson_state.c.rev < rev).limit(most)
        return int(self._conn.execute(select(func.count()).select_from(earlier.subquery())).scalar_one())

    def _done(self, lesson: str) -> ColumnElement[bool]:
        mine = (lesson_state.c.tenant == self._tenant) & (lesson_state.c.lesson == lesson)
        return mine & lesson_state.c.done_at.is_not(None)

    def told(self, member_id: str) -> Mapping[Key, int]:
        mine = (notice_told.c.tenant == self._tenant) & (notice_told.c.member == member_id)
        columns = (notice_told.c.what, notice_told.c.about, notice_told.c.rev, notice_told.c.members)
        return {(row.what, row.about, row.rev): row.members for row in self._conn.execute(select(*columns).where(mine))}

    def tell(self, member_id: str, news: Sequence[News]) -> None:
        key = {"tenant": self._tenant, "member": member_id}
        rows = [key | {"what": one.what, "about": one.about, "rev": one.rev, "members": one.members} for one in news]
        if not rows:
            return
        new = insert(self._conn, notice_told)
        more = {"members": new.excluded.members}
        self._conn.execute(
            new.on_conflict_do_update(index_elements=["tenant", "member", "what", "about", "rev"], set_=more), rows
        )

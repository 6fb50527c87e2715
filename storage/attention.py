"""What keeps lessons welcome: marks, nudges, days kept, the practice check, and figures for authors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    text,
    type_coerce,
    update,
)

from bot.domain.attention import ACTIVE, NUDGE_AFTER, NUDGE_UNTIL, PRACTICE_AFTER, PRACTICE_EVERY
from bot.domain.streaks import Kept
from bot.ports.attention import Check, Facility, Mark, Reach
from storage.askings import answer, asking
from storage.dialects import insert, insert_for
from storage.ledger import delivery
from storage.lessons import learner, lesson_state
from storage.participation import COUNTERS, participation
from storage.people import member
from storage.schema import Instant, Json, ident, metadata

lesson_mark = Table(
    "lesson_mark",
    metadata,
    ident("tenant"),
    ident("lesson"),
    ident("member"),
    ident("what"),  # unclear | like
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "lesson", "member", "what"),
    Index(
        "ix_lesson_mark_unclear",
        "tenant",
        "lesson",
        sqlite_where=text("what = 'unclear'"),
        postgresql_where=text("what = 'unclear'"),
    ),
)

practice = Table(
    "practice",
    metadata,
    ident("tenant"),
    ident("member"),
    ident("lesson"),
    Column("days", Integer, nullable=False),  # days since the lesson was finished: 30 or 60
    Column("asked_at", Instant, nullable=False),
    Column("used", Boolean),
    PrimaryKeyConstraint("tenant", "member", "lesson", "days"),
)


_OF_TENANT = bindparam("of_tenant", type_=String)
_WAITING = (learner.c.tenant == _OF_TENANT) & (learner.c.ignored > 0) & learner.c.paused_until.is_(None)
_NEXT_NUDGE = select(func.min(learner.c.last_daily_at)).where(_WAITING, learner.c.last_daily_at > bindparam("after"))


@lru_cache
def _nudges(dialect: str) -> Any:
    """One INSERT ... SELECT over the learners whose last daily arrived in the window. Made once: every tick asks this."""
    arrived = type_coerce(learner.c.last_daily_at, Integer)
    columns = {
        "tenant": _OF_TENANT,
        "workspace": delivery.c.workspace,
        "account": delivery.c.account,
        "member": learner.c.member,
        "kind": literal("nudge"),
        "subject": learner.c.member,
        "period": delivery.c.period,
        "state": literal("ready"),
        "due_at": arrived + int(NUDGE_AFTER.total_seconds()),
        "expires_at": arrived + int(NUDGE_UNTIL.total_seconds()),
        "payload": literal({}, Json),
        "root": delivery.c.id,
    }
    is_daily = (delivery.c.kind == "daily") & (delivery.c.state == "sent")
    is_last = (delivery.c.subject == learner.c.member) & (delivery.c.settled_at == learner.c.last_daily_at)
    rows = (
        select(*(column.label(name) for name, column in columns.items()))
        .join(delivery, (delivery.c.tenant == learner.c.tenant) & is_daily & is_last)
        .join(member, (member.c.tenant == learner.c.tenant) & (member.c.id == learner.c.member) & member.c.active)
        .where(
            learner.c.tenant == _OF_TENANT,
            learner.c.last_daily_at > bindparam("after"),
            learner.c.last_daily_at <= bindparam("until"),
            learner.c.ignored > 0,
            learner.c.paused_until.is_(None),
            or_(member.c.active_at.is_(None), member.c.active_at < bindparam("resting")),
        )
    )
    return insert_for(dialect, delivery).from_select(list(columns), rows).on_conflict_do_nothing()


class Attention:
    """Implements ``bot.ports.attention.Attention``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
        self.woken = False

    def mark(self, member_id: str, lesson: str, what: Mark, now: datetime) -> bool:
        row = {"tenant": self._tenant, "member": member_id, "lesson": lesson, "what": what, "at": now}
        return self._conn.execute(insert(self._conn, lesson_mark).values(row).on_conflict_do_nothing()).rowcount == 1

    def plan_nudges(self, start: datetime, end: datetime) -> int:
        """For the learners whose last daily arrived two hours before the window."""
        about = {"of_tenant": self._tenant, "after": start - NUDGE_AFTER, "until": end - NUDGE_AFTER}
        about["resting"] = end - ACTIVE
        count = int(self._conn.execute(_nudges(self._conn.dialect.name), about).rowcount)
        self.woken = self.woken or count > 0
        return count

    def next_nudge(self, after: datetime) -> datetime | None:
        arrived = self._conn.execute(_NEXT_NUDGE, {"of_tenant": self._tenant, "after": after - NUDGE_AFTER}).scalar()
        return None if arrived is None else arrived + NUDGE_AFTER

    def active_since(self, members: Collection[str], since: datetime) -> set[str]:
        mine = (member.c.tenant == self._tenant) & member.c.id.in_(members)
        return set(self._conn.execute(select(member.c.id).where(mine, member.c.active_at > since)).scalars())

    def kept(self, member_id: str, since: date) -> Sequence[Kept]:
        mine = (participation.c.tenant == self._tenant) & (participation.c.member == member_id)
        done = [participation.c[name] for name in COUNTERS if name not in {"lessons_sent", "look_ups"}]
        rows = self._conn.execute(
            select(participation.c.day, participation.c.lessons_sent, sum(done[1:], done[0]).label("done")).where(
                mine, participation.c.day >= since
            )
        )
        return [Kept(row.day, row.lessons_sent > 0, row.done > 0) for row in rows]

    def practised(self, member_id: str, now: datetime) -> Check | None:
        mine = (practice.c.tenant == self._tenant) & (practice.c.member == member_id)
        last = self._conn.execute(select(func.max(practice.c.asked_at)).where(mine)).scalar()
        if last is not None and last >= now - PRACTICE_EVERY:
            return None
        first, *later = PRACTICE_AFTER
        for after in (*sorted(later, reverse=True), first):
            asked = select(practice.c.lesson).where(mine, practice.c.days >= after)
            due: ColumnElement[bool] = lesson_state.c.lesson.not_in(asked)
            if after != first:
                # Whom the first question reached late gets the second one no sooner than so many days later.
                early = select(practice.c.lesson).where(
                    mine, practice.c.days == first, practice.c.asked_at <= now - timedelta(days=after - first)
                )
                due &= lesson_state.c.lesson.in_(early)
            found = self._latest(member_id, now - timedelta(days=after), due)
            if found is not None:
                row = {"tenant": self._tenant, "member": member_id, "lesson": found, "days": after, "asked_at": now}
                self._conn.execute(insert(self._conn, practice).values(row).on_conflict_do_nothing())
                return Check(found, after)
        return None

    def _latest(self, member_id: str, before: datetime, condition: ColumnElement[bool]) -> str | None:
        """The lesson answered last before an instant."""
        mine = (lesson_state.c.tenant == self._tenant) & (lesson_state.c.member == member_id)
        answered = mine & (lesson_state.c.how == "answered") & (lesson_state.c.done_at <= before)
        latest = select(lesson_state.c.lesson).where(answered, condition).order_by(lesson_state.c.done_at.desc())
        found: str | None = self._conn.execute(latest.limit(1)).scalar()
        return found

    def practice(self, member_id: str, check: Check, used: bool) -> bool:
        mine = (practice.c.tenant == self._tenant) & (practice.c.member == member_id)
        this = mine & (practice.c.lesson == check.lesson) & (practice.c.days == check.after)
        return (
            self._conn.execute(update(practice).where(this, practice.c.used.is_(None)).values(used=used)).rowcount == 1
        )

    def reach(self) -> Sequence[Reach]:
        marks, practised = self._marks(), self._practised()
        rows = self._conn.execute(
            select(
                lesson_state.c.lesson,
                _count(lesson_state.c.shown > 0).label("reached"),
                _count(lesson_state.c.done_at.is_not(None)).label("done"),
            )
            .where(lesson_state.c.tenant == self._tenant)
            .group_by(lesson_state.c.lesson)
            .order_by(lesson_state.c.lesson)
        )
        return [
            Reach(
                lesson=row.lesson,
                reached=row.reached,
                done=row.done,
                unclear=marks.get((row.lesson, "unclear"), 0),
                likes=marks.get((row.lesson, "like"), 0),
                used=practised.get(row.lesson, {}),
            )
            for row in rows
        ]

    def _marks(self) -> Mapping[tuple[str, str], int]:
        rows = self._conn.execute(
            select(lesson_mark.c.lesson, lesson_mark.c.what, func.count().label("members"))
            .where(lesson_mark.c.tenant == self._tenant)
            .group_by(lesson_mark.c.lesson, lesson_mark.c.what)
        )
        return {(row.lesson, row.what): row.members for row in rows}

    def _practised(self) -> Mapping[str, Mapping[int, tuple[int, int]]]:
        rows = self._conn.execute(
            select(
                practice.c.lesson,
                practice.c.days,
                _count(practice.c.used.is_not(None)).label("answered"),
                _count(practice.c.used.is_(True)).label("used"),
            )
            .where(practice.c.tenant == self._tenant)
            .group_by(practice.c.lesson, practice.c.days)
        )
        found: defaultdict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        for row in rows:
            found[row.lesson][row.days] = (row.answered, row.used)
        return found

    def facility(self) -> Mapping[str, Facility]:
        same = (answer.c.tenant == asking.c.tenant) & (answer.c.asking == asking.c.id)
        rows = self._conn.execute(
            select(asking.c.question, func.count().label("answers"), _count(answer.c.correct).label("right"))
            .select_from(asking)
            .join(answer, same)
            .where(asking.c.tenant == self._tenant, answer.c.voided.is_(False))
            .group_by(asking.c.question)
        )
        return {row.question: Facility(row.answers, row.right) for row in rows}


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

"""Learners, their tracks, when their lessons are due, and the lessons they were shown and finished."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Select,
    String,
    Table,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    type_coerce,
    update,
)

from bot.domain.calendar import DAY, REST, expiry_minute, instant, local_date
from bot.domain.tracks import Enrolment
from bot.ports.lessons import History, Learner, Showing
from storage.askings import Askings
from storage.dialects import insert, insert_for
from storage.enrolments import Tracks, enrolment
from storage.ledger import delivery
from storage.people import account, member
from storage.places import day_off
from storage.rhythms import Rhythms, Slot, due_slot, slot
from storage.schema import Day, Instant, Json, ident, metadata

EPOCH = datetime.fromtimestamp(0, UTC)
MANY_SLOTS = 32
TAKEN_BACK = ("paused", "stopped")  # reasons of a daily that its own learner took back
FOREVER = date(9999, 12, 31)  # paused until they resume

learner = Table(
    "learner",
    metadata,
    ident("tenant"),
    ident("member"),
    Column("roles", Json, nullable=False),
    ident("zone"),  # the zone in force, kept here so that planning is one join
    Column("minute", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("paused_until", Day),
    Column("ignored", Integer, nullable=False, server_default="0"),
    Column("last_daily_at", Instant),
    PrimaryKeyConstraint("member", "tenant"),  # else SQLite would look for whom a slot is due among everybody
    Index(None, "zone", "minute", "tenant"),  # not the tenant first: see ``member``
    Index(None, "tenant", "last_daily_at"),
    sqlite_with_rowid=False,  # nearly always found by its key: one tree to search, not two
)

lesson_state = Table(
    "lesson_state",
    metadata,
    ident("tenant"),
    ident("member"),
    ident("lesson"),
    Column("rev", Integer, nullable=False),
    Column("shown", Integer, nullable=False, server_default="0"),
    Column("shown_at", Instant),
    Column("done_at", Instant),
    ident("how", nullable=True),  # answered | known
    PrimaryKeyConstraint("tenant", "member", "lesson"),
    # Not over what was only shown, which is written with every daily.
    Index(
        "ix_lesson_state_done",
        "tenant",
        "lesson",
        sqlite_where=text("done_at IS NOT NULL"),
        postgresql_where=text("done_at IS NOT NULL"),
    ),
)


# Made once: making one of these costs ten times what running it does on most ticks, which find nothing.
_OF_TENANT = bindparam("of_tenant", type_=String)
_LEARNERS = select(learner).where(
    learner.c.tenant == _OF_TENANT, learner.c.member.in_(bindparam("members", expanding=True))
)
_HELD = _LEARNERS.with_for_update()
_NEXT_DUE = select(func.min(due_slot.c.due_at)).where(
    due_slot.c.due_at > bindparam("after"),
    exists().where(
        learner.c.tenant == _OF_TENANT,
        learner.c.zone == due_slot.c.zone,
        learner.c.minute == due_slot.c.minute,
        learner.c.days.op("&")(due_slot.c.weekday_bit) != 0,
        or_(learner.c.paused_until.is_(None), learner.c.paused_until <= due_slot.c.day),
    ),
)


def _due(slot: Mapping[str, Any]) -> Select[Any]:
    """The rows of the ledger for a slot, of those whose rhythm it is."""
    moment, slot_due, slot_end = bindparam("moment", type_=Instant), slot["due_at"], slot["expires_at"]
    rested = func.coalesce(type_coerce(learner.c.last_daily_at, BigInteger) + int(REST.total_seconds()), 0)
    due_at = case((rested > slot_due, rested), else_=slot_due)
    state = case((due_at >= slot_end, "skipped"), (slot_end <= moment, "missed"), else_="ready")
    reason = case((due_at >= slot_end, "moved"), (slot_end <= moment, "late"), else_=None)
    return (
        select(
            _OF_TENANT.label("tenant"),
            account.c.workspace,
            account.c.id.label("account"),
            learner.c.member,
            literal("daily").label("kind"),
            learner.c.member.label("subject"),
            slot["day"].label("period"),
            state.label("state"),
            due_at.label("due_at"),
            slot_end.label("expires_at"),
            literal({}, Json).label("payload"),
            reason.label("reason"),
        )
        .join(member, (member.c.tenant == learner.c.tenant) & (member.c.id == learner.c.member) & member.c.active)
        .join(account, (account.c.tenant == member.c.tenant) & (account.c.id == member.c.account))
        .where(
            learner.c.tenant == _OF_TENANT,
            learner.c.zone == slot["zone"],
            learner.c.minute == slot["minute"],
            learner.c.days.op("&")(slot["weekday_bit"]) != 0,
            or_(learner.c.paused_until.is_(None), learner.c.paused_until <= slot["day"]),
        )
    )


def _off(day: Any) -> ColumnElement[bool]:
    return exists().where(
        day_off.c.tenant == _OF_TENANT,
        day_off.c.day == day,
        or_(day_off.c.region == "", day_off.c.region == member.c.region),
    )


# What one slot says is bound: its learners are found by an index, however many there are besides.
_SLOT = {column.name: bindparam(column.name, type_=column.type) for column in due_slot.columns}
_FIRST, _LAST = bindparam("first", type_=Day), bindparam("last", type_=Day)
_ANY_OFF = select(day_off.c.day).where(day_off.c.tenant == _OF_TENANT, day_off.c.day.between(_FIRST, _LAST)).limit(1)
# By member, whose ids are random: each has the same place in a wave every day, and it says nothing about them.
_OF_SLOT = _due(_SLOT).order_by(learner.c.member)
_OF_SLOT_AROUND_DAYS_OFF = _OF_SLOT.where(~_off(_SLOT["day"]))
# After a stop, and at a company's first start, most of its learners are due: from member to member, as the ledger is ordered.
_OF_WINDOW = (
    _due(dict(due_slot.c.items()))
    .where(
        due_slot.c.day.between(_FIRST, _LAST),
        due_slot.c.due_at > bindparam("after", type_=Instant),
        due_slot.c.due_at <= bindparam("moment", type_=Instant),
    )
    .order_by(member.c.id)
)
_OF_WINDOW_AROUND_DAYS_OFF = _OF_WINDOW.where(~_off(due_slot.c.day))
_TODAY = _due(_SLOT).where(~_off(_SLOT["day"]), learner.c.member == bindparam("of_member"))


# One member's own row, lessons that wait, and what they were shown.
_OF_MEMBER = bindparam("of_member", type_=String)
_OWN = (learner.c.tenant == _OF_TENANT, learner.c.member == _OF_MEMBER)
_LAST_DAILY = select(learner.c.last_daily_at).where(*_OWN)
_ATTENDED = update(learner).where(*_OWN, learner.c.ignored != 0).values(ignored=0)
_DAILY = (delivery.c.tenant == _OF_TENANT, delivery.c.kind == "daily", delivery.c.subject == _OF_MEMBER)
_WAITING = select(delivery.c.id, delivery.c.period).where(*_DAILY, delivery.c.state == "ready")
_MOVE = (
    update(delivery)
    .where(delivery.c.id == bindparam("row"))
    .values(due_at=bindparam("due"), expires_at=bindparam("expires"))
)
_TAKE_BACK = delete(delivery).where(
    *_DAILY,
    delivery.c.period == bindparam("label"),
    delivery.c.state == "skipped",
    delivery.c.reason.in_(TAKEN_BACK),
    delivery.c.attempts == 0,
)
_SEEN = (lesson_state.c.tenant == _OF_TENANT, lesson_state.c.member.in_(bindparam("members", expanding=True)))
_HISTORY = select(lesson_state).where(*_SEEN).order_by(lesson_state.c.shown_at)
_DONE = select(lesson_state.c.member, lesson_state.c.lesson).where(*_SEEN, lesson_state.c.done_at.is_not(None))
_FINISHED = select(func.count()).where(
    lesson_state.c.tenant == _OF_TENANT, lesson_state.c.member == _OF_MEMBER, lesson_state.c.done_at.is_not(None)
)


@lru_cache
def _save(dialect: str) -> Any:
    new = insert_for(dialect, learner)
    kept = ("roles", "zone", "minute", "days", "paused_until", "ignored")
    return new.on_conflict_do_update(index_elements=["tenant", "member"], set_={one: new.excluded[one] for one in kept})


@lru_cache
def _finish(dialect: str) -> Any:
    new = insert_for(dialect, lesson_state)
    return new.on_conflict_do_update(
        index_elements=["tenant", "member", "lesson"],
        set_={one: new.excluded[one] for one in ("done_at", "how", "rev")},
        where=lesson_state.c.done_at.is_(None),
    )


@lru_cache
def _planning(dialect: str, rows: Select[Any]) -> Any:
    columns = [column.name for column in rows.selected_columns]
    return insert_for(dialect, delivery).from_select(columns, rows).on_conflict_do_nothing()


class Lessons(Askings):
    """Implements ``bot.ports.lessons.Lessons``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        super().__init__(conn, tenant)
        self._tracks = Tracks(conn, tenant)
        self._rhythms = Rhythms(conn, tenant)
        self.woken = False

    def learner(self, member_id: str, *, held: bool = False) -> Learner | None:
        if held:
            self._conn.execute(_HELD, {"of_tenant": self._tenant, "members": [member_id]}).close()
        return self.learners([member_id]).get(member_id)

    def learners(self, members: Collection[str]) -> dict[str, Learner]:
        tracks = self._tracks.of(members)
        found = self._conn.execute(_LEARNERS, {"of_tenant": self._tenant, "members": list(members)})
        return {row.member: _learner(row, tracks.get(row.member, ())) for row in found}

    def save(self, new: Learner) -> None:
        until = (new.paused_until or FOREVER) if new.paused else None
        row = {
            "tenant": self._tenant,
            "member": new.member,
            "roles": list(new.roles),
            "zone": new.zone,
            "minute": new.minute,
            "days": new.days,
            "paused_until": until,
            "ignored": new.ignored,
        }
        self._conn.execute(_save(self._conn.dialect.name), row)
        self._rhythms.keep(new.zone, new.minute)
        self._tracks.save(new.member, new.tracks)

    def remove(self, member_id: str) -> None:
        mine = (learner.c.tenant == self._tenant) & (learner.c.member == member_id)
        self._conn.execute(delete(learner).where(mine))
        self._tracks.stop(member_id)

    def plan(self, start: datetime, end: datetime) -> int:
        """INSERT ... SELECT for each slot that is due, or for all of many at once."""
        self._rhythms.fill(start, end)
        slots = self._rhythms.due(start, end)
        if len(slots) <= MANY_SLOTS:
            return sum(self._plan(one, end) for one in slots)
        about = {"of_tenant": self._tenant, "after": start, "moment": end}
        about |= {"first": slots[0]["day"] - DAY, "last": slots[-1]["day"] + DAY}
        return self._insert(_OF_WINDOW_AROUND_DAYS_OFF if self._is_off(about) else _OF_WINDOW, about)

    def _plan(self, due: Slot, end: datetime) -> int:
        about = {**due, "of_tenant": self._tenant, "moment": end, "first": due["day"], "last": due["day"]}
        return self._insert(_OF_SLOT_AROUND_DAYS_OFF if self._is_off(about) else _OF_SLOT, about)

    def _is_off(self, about: Mapping[str, Any]) -> bool:
        """Whether anybody, somewhere, has one of these days off: on most nobody has."""
        return self._conn.execute(_ANY_OFF, about).first() is not None

    def replan(self, member_id: str, now: datetime) -> None:
        one = self.learner(member_id)
        if one is None:
            return
        self._rhythms.fill(now, now)
        today = local_date(one.zone, now)
        self._move(one, now)
        mine = slot(one.zone, one.minute, today)
        if not mine["due_at"] <= now < mine["expires_at"]:
            return  # the planner will see it, or it is over
        about = {**mine, "of_tenant": self._tenant, "of_member": member_id, "moment": now}
        if self._conn.execute(_TODAY, about).first() is None:
            return
        self._revive(one, today)
        self._insert(_TODAY, about)

    def _move(self, one: Learner, now: datetime) -> None:
        """What is planned and waits, mostly for the rest after the last daily, follows the clock of the new rhythm."""
        mine = {"of_tenant": self._tenant, "of_member": one.member}
        for id, period in self._conn.execute(_WAITING, mine).all():
            day = date.fromisoformat(period)
            due = max(instant(one.zone, day, one.minute), self._rested(one.member), now)
            expires = instant(one.zone, day, expiry_minute(one.minute))
            self._conn.execute(_MOVE, {"row": id, "due": due, "expires": expires})

    def _rested(self, member_id: str) -> datetime:
        last = self._conn.execute(_LAST_DAILY, {"of_tenant": self._tenant, "of_member": member_id}).scalar()
        return EPOCH if last is None else last + REST

    def _revive(self, one: Learner, today: date) -> None:
        """A lesson of today that was taken back before any call, by a pause or by leaving, is planned anew."""
        self._conn.execute(_TAKE_BACK, {"of_tenant": self._tenant, "of_member": one.member, "label": today.isoformat()})

    def _insert(self, rows: Select[Any], about: Mapping[str, Any]) -> int:
        written = int(self._conn.execute(_planning(self._conn.dialect.name, rows), about).rowcount)
        self.woken = self.woken or written > 0
        return written

    def next_due(self, after: datetime) -> datetime | None:
        self._rhythms.fill(after, after)
        return self._conn.execute(_NEXT_DUE, {"of_tenant": self._tenant, "after": after}).scalar()

    def history(self, members: Collection[str]) -> dict[str, History]:
        found = {one: History() for one in members}
        for row in self._conn.execute(_HISTORY, self._of(members)):
            mine = found[row.member]
            if row.shown:
                mine.shown[row.lesson] = row.shown
                mine.last = row.lesson
            if row.done_at is not None:
                mine.done.add(row.lesson)
        return found

    def done(self, members: Collection[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {one: set() for one in members}
        for row in self._conn.execute(_DONE, self._of(members)):
            found[row.member].add(row.lesson)
        return found

    def _of(self, members: Collection[str]) -> dict[str, Any]:
        return {"of_tenant": self._tenant, "members": list(members)}

    def show(self, shown: Sequence[Showing], now: datetime) -> None:
        if not shown:
            return
        rows = [
            {"tenant": self._tenant, "member": one.member, "lesson": one.lesson, "rev": one.rev}
            | {"shown": 1, "shown_at": now}
            for one in shown
        ]
        statement = insert(self._conn, lesson_state)
        more = {"shown": lesson_state.c.shown + 1, "shown_at": now, "rev": statement.excluded.rev}
        again = statement.on_conflict_do_update(index_elements=["tenant", "member", "lesson"], set_=more)
        self._conn.execute(again, rows)
        turn = update(enrolment).where(
            enrolment.c.tenant == self._tenant,
            enrolment.c.member == bindparam("whose"),
            enrolment.c.track == bindparam("which"),
        )
        turns = [{"whose": one.member, "which": one.track, "at": now} for one in shown]
        self._conn.execute(turn.values(turn_at=bindparam("at")), turns)

    def sent(self, members: Collection[str], now: datetime) -> None:
        """Remember when the last daily arrived, for the rest between two; until it is answered it counts as ignored."""
        mine = (learner.c.tenant == self._tenant) & learner.c.member.in_(members)
        self._conn.execute(update(learner).where(mine).values(last_daily_at=now, ignored=learner.c.ignored + 1))

    def attended(self, member_id: str) -> None:
        self._conn.execute(_ATTENDED, {"of_tenant": self._tenant, "of_member": member_id})

    def finish(self, member_id: str, lesson: str, rev: int, how: str, now: datetime) -> bool:
        row = {"tenant": self._tenant, "member": member_id, "lesson": lesson, "rev": rev, "done_at": now, "how": how}
        return self._conn.execute(_finish(self._conn.dialect.name), row).rowcount == 1

    def counts(self, member_id: str) -> Mapping[str, int]:
        finished = self._conn.execute(_FINISHED, {"of_tenant": self._tenant, "of_member": member_id}).scalar_one()
        return {"done": finished, **self.answers(member_id)}


def _learner(row: Row[Any], tracks: Sequence[Enrolment]) -> Learner:
    until = row.paused_until
    return Learner(
        member=row.member,
        tracks=tuple(tracks),
        roles=tuple(row.roles),
        zone=row.zone,
        minute=row.minute,
        days=row.days,
        paused=until is not None,
        paused_until=None if until == FOREVER else until,
        ignored=row.ignored,
    )

"""Two members become one: which table holds whose id, and what happens where both have a row under one key.

``RULES`` names every column that holds a member. A test walks the tables, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from storage.askings import answer, asking
from storage.attention import lesson_mark, practice
from storage.digest import digest_edition, digest_set
from storage.enrolments import STOPPED, begun_track, enrolment
from storage.glossary import own_term_revision, term_suggestion
from storage.ledger import Ledger, delivery, message_budget
from storage.lessons import learner, lesson_state
from storage.notices import notice_told
from storage.office_hours import booking, office_turn, office_window
from storage.participation import COUNTERS, participation
from storage.people import account, member, member_role, team
from storage.reviews import review_card

Better = Callable[[FromClause, FromClause], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A column that holds a member. ``key`` is what a row is unique by besides, None where nothing can collide.

    Where both have a row under one key, the kept member's stays, unless ``better`` says that the absorbed one's is;
    ``adds`` are counts that are added up.
    """

    column: Column[Any]
    key: tuple[str, ...] | None = None
    better: Better | None = None
    adds: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        found = self.column.table
        assert isinstance(found, Table)
        return found


def _earlier(name: str) -> Better:
    return lambda theirs, ours: theirs.c[name] < ours.c[name]


def _later(name: str) -> Better:
    return lambda theirs, ours: theirs.c[name] > ours.c[name]


def _finished_first(theirs: FromClause, ours: FromClause) -> ColumnElement[bool]:
    is_first = or_(ours.c.done_at.is_(None), theirs.c.done_at < ours.c.done_at)
    return and_(theirs.c.done_at.is_not(None), is_first)


RULES = (
    Rule(account.c.member),
    Rule(member_role.c.member, ("role",)),
    Rule(team.c.manager),
    Rule(asking.c.member),
    Rule(answer.c.member, ("asking",), _earlier("at")),
    Rule(lesson_state.c.member, ("lesson",), _finished_first),
    Rule(lesson_mark.c.member, ("lesson", "what")),
    Rule(
        practice.c.member,
        ("lesson", "days"),
        lambda theirs, ours: and_(ours.c.used.is_(None), theirs.c.used.is_not(None)),
    ),
    Rule(review_card.c.member, ("concept",), _later("reviewed")),
    Rule(enrolment.c.member, ("track",)),
    Rule(begun_track.c.member, ("track",)),
    Rule(participation.c.member, ("day",), adds=COUNTERS),
    Rule(office_turn.c.member, (), adds=("turns",)),
    Rule(office_window.c.host),
    Rule(booking.c.cancelled_by),
    Rule(term_suggestion.c.member),
    Rule(own_term_revision.c.editor),
    Rule(notice_told.c.member, ("what", "about", "rev")),
    Rule(digest_set.c.reader, ("team", "hash")),
    Rule(digest_edition.c.reader, ("team", "week")),
    Rule(message_budget.c.member, ("day",)),
)
# Columns that hold a member and have a rule in words of their own below.
SPECIAL = (learner.c.member, booking.c.host, booking.c.member, delivery.c.member, delivery.c.subject)

OPEN = ("ready", "claimed")
CALLED = ("sending", "unknown", "sent")


class Merging:
    """Moves everything of one member to another, within one transaction."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def hold(self, *members: str) -> list[Row[Any]]:
        """The active ones of these members, locked until the commit in one order everywhere."""
        wanted = (member.c.tenant == self._tenant) & member.c.id.in_(members) & member.c.active
        return list(self._conn.execute(select(member).where(wanted).order_by(member.c.id).with_for_update()))

    def heir(self, absorbed: str) -> str | None:
        """Who a member has become, however many times."""
        into = select(member.c.merged_into).where(member.c.tenant == self._tenant)
        found = absorbed
        while (further := self._conn.execute(into.where(member.c.id == found)).scalar()) is not None:
            found = further
        return found if found != absorbed else None

    def merge(self, kept: str, absorbed: str, now: datetime) -> bool:
        people = {row.id: row for row in self.hold(kept, absorbed)}
        if people.keys() != {kept, absorbed} or self._meet_somewhere(kept, absorbed):
            return False
        self._conn.execute(update(member).where(self._is(kept)).values(**_joined(people[kept], people[absorbed])))
        # What is left is an id, for whoever still holds it.
        gone = {"active": False, "merged_into": kept, "left_at": now, "account": None, "flags": {}}
        empty = {"name": "", "zone": None, "region": None, "team": None, "active_at": None}
        self._conn.execute(update(member).where(self._is(absorbed)).values(**gone, **empty))
        self.move(kept, absorbed)
        return True

    def _meet_somewhere(self, kept: str, absorbed: str) -> bool:
        """Whether both have an account in one workspace: two people, or one whom we could not tell apart there."""
        theirs = account.alias("theirs")
        same = (theirs.c.tenant == account.c.tenant) & (theirs.c.workspace == account.c.workspace)
        both = (account.c.tenant == self._tenant) & (account.c.member == kept) & (theirs.c.member == absorbed)
        return self._conn.execute(select(account.c.id).join(theirs, same).where(both)).first() is not None

    def move(self, kept: str, absorbed: str) -> None:
        """Everything but the member's own row. Once more it moves what was written in the meantime."""
        self._deliveries(kept, absorbed)
        self._learner(kept, absorbed)
        self._bookings(kept, absorbed)
        last = select(func.max(enrolment.c.place)).where(self._mine(enrolment, kept)).scalar_subquery()
        after = enrolment.c.place + func.coalesce(last, -1) + 1
        self._conn.execute(update(enrolment).where(self._mine(enrolment, absorbed)).values(place=after))
        who = {"in_tenant": self._tenant, "kept": kept, "absorbed": absorbed}
        for at in range(len(RULES)):
            for statement in _moves(at):
                self._conn.execute(statement, who)
        # Whoever still takes lessons on one side did not stop them: they stopped the second copy.
        is_learning = exists().where(learner.c.tenant == self._tenant, learner.c.member == kept)
        stopped = self._mine(begun_track, kept) & (begun_track.c.track == STOPPED)
        self._conn.execute(delete(begun_track).where(stopped, is_learning))

    def _deliveries(self, kept: str, absorbed: str) -> None:
        """What was planned for the absorbed member ends; what is about a thing, and what was sent, is the kept one's.

        Today's lesson that one of them was sent is today's lesson: the label is taken, and the other one's copy ends.
        """
        mine = (delivery.c.tenant == self._tenant) & delivery.c.member.in_([kept, absorbed])
        ledger = Ledger(self._conn, self._tenant)
        ledger.end(mine & (delivery.c.subject == absorbed) & delivery.c.state.in_(OPEN), "merged")
        # Locked in one order: what a worker sends at this moment is sent, or its intent fails.
        rows = self._conn.execute(select(*_KEY).where(mine).order_by(delivery.c.id).with_for_update()).all()
        self._relabel(rows, kept, absorbed)
        self._conn.execute(update(delivery).where(mine, delivery.c.member == absorbed).values(member=kept))

    def _relabel(self, rows: Sequence[Row[Any]], kept: str, absorbed: str) -> None:
        """What was sent, or is being sent, gets the kept member's label, unless theirs was sent as well."""
        held = {(row.kind, row.period): row for row in rows if row.subject == kept}
        given_way: list[int] = []
        relabelled: list[int] = []
        for row in rows:
            ours = held.get((row.kind, row.period))
            if row.subject == absorbed and _has_gone(row) and (ours is None or _is_open(ours)):
                relabelled.append(row.id)
                given_way += [] if ours is None else [ours.id]
        if given_way:
            budget = (message_budget.c.tenant == self._tenant) & message_budget.c.delivery.in_(given_way)
            self._conn.execute(delete(message_budget).where(budget))
            self._conn.execute(delete(delivery).where(delivery.c.id.in_(given_way)))
        if relabelled:
            self._conn.execute(update(delivery).where(delivery.c.id.in_(relabelled)).values(subject=kept))

    def _learner(self, kept: str, absorbed: str) -> None:
        """How the kept member learns, as strict as both: fewer days, the longer pause, the later last lesson."""
        both = (learner.c.tenant == self._tenant) & learner.c.member.in_([kept, absorbed])
        rows = {row.member: row for row in self._conn.execute(select(learner).where(both).with_for_update())}
        if rows.keys() == {kept, absorbed}:
            self._conn.execute(delete(learner).where(self._mine(learner, absorbed)))
            stricter = _stricter(rows[kept], rows[absorbed])
            self._conn.execute(update(learner).where(self._mine(learner, kept)).values(**stricter))
        elif absorbed in rows:
            self._conn.execute(update(learner).where(self._mine(learner, absorbed)).values(member=kept))

    def _bookings(self, kept: str, absorbed: str) -> None:
        """Bookings stay. A second seat in one slot, or in one's own, is given back; two hours hosted at once get seats of their own."""
        both = [kept, absorbed]
        theirs = (booking.c.tenant == self._tenant) & or_(booking.c.host.in_(both), booking.c.member.in_(both))
        rows = self._conn.execute(select(booking).where(theirs).order_by(booking.c.created_at, booking.c.id)).all()
        seated: set[tuple[str, datetime, str]] = set()
        seats: dict[tuple[str, datetime], set[int]] = {}
        moved: list[tuple[str, Mapping[str, Any]]] = []
        for row in sorted(rows, key=lambda one: absorbed in {one.host, one.member}):
            host, asker = (kept if one == absorbed else one for one in (row.host, row.member))
            is_moved = (host, asker) != (row.host, row.member)
            if row.state == "cancelled":
                if is_moved:
                    moved.append((row.id, {"host": host, "member": asker}))
                continue
            slot = (host, row.starts_at)
            if is_moved and (host == asker or (*slot, asker) in seated):
                given_back = {"state": "cancelled", "sequence": row.sequence + 1, "cancelled_by": kept}
                moved.insert(0, (row.id, {**given_back, "host": host, "member": asker}))
                continue
            seated.add((*slot, asker))
            taken = seats.setdefault(slot, set())
            seat = row.seat if row.seat not in taken else max(taken) + 1
            taken.add(seat)
            if is_moved:
                moved.append((row.id, {"host": host, "member": asker, "seat": seat}))
        for id, values in moved:
            this = (booking.c.tenant == self._tenant) & (booking.c.id == id)
            self._conn.execute(update(booking).where(this).values(**values))

    def _is(self, id: str) -> ColumnElement[bool]:
        return (member.c.tenant == self._tenant) & (member.c.id == id)

    def _mine(self, table: Table, id: str, name: str = "member") -> ColumnElement[bool]:
        return (table.c.tenant == self._tenant) & (table.c[name] == id)


@lru_cache
def _moves(at: int) -> tuple[Executable, ...]:
    """The statements of one rule, made once: a hundred of them cost more to make than to run."""
    rule = RULES[at]
    table, name = rule.table, rule.column.name
    theirs, ours = table.alias("theirs"), table.alias("ours")
    here = table.c.tenant == bindparam("in_tenant")
    kept: Any = bindparam("kept")
    absorbed: Any = bindparam("absorbed")
    mine, gone = and_(here, table.c[name] == kept), and_(here, table.c[name] == absorbed)
    made: list[Executable] = []
    if rule.key is not None:
        key = rule.key

        def same(one: FromClause, other: FromClause) -> ColumnElement[bool]:
            return and_(*(one.c[part] == other.c[part] for part in ("tenant", *key)))

        twin = and_(theirs.c[name] == absorbed, same(theirs, table))
        if rule.better is not None:
            made.append(delete(table).where(mine, exists().where(twin, rule.better(theirs, table))))
        if rule.adds:
            sums = {one: table.c[one] + select(theirs.c[one]).where(twin).scalar_subquery() for one in rule.adds}
            made.append(update(table).where(mine, exists().where(twin)).values(sums))
        made.append(delete(table).where(gone, exists().where(ours.c[name] == kept, same(ours, table))))
    return (*made, update(table).where(gone).values({name: kept}))


def _has_gone(row: Row[Any]) -> bool:
    """Whether a delivery was sent, is being sent, or may have arrived."""
    return row.state in CALLED or (row.state == "dead" and row.attempts > 0)


def _is_open(row: Row[Any]) -> bool:
    return row.state in OPEN and row.attempts == 0 and not row.in_doubt


_KEY: tuple[Column[Any], ...] = (
    delivery.c.id,
    delivery.c.kind,
    delivery.c.subject,
    delivery.c.period,
    delivery.c.state,
    delivery.c.attempts,
    delivery.c.in_doubt,
)


def _joined(kept: Row[Any], absorbed: Row[Any]) -> dict[str, Any]:
    """The kept member's own row: what it lacks comes from the other one."""
    filled = {name: getattr(kept, name) or getattr(absorbed, name) for name in ("zone", "region", "team", "account")}
    seen = [one.active_at for one in (kept, absorbed) if one.active_at is not None]
    return {
        **filled,
        "flags": _flags(kept.flags, absorbed.flags),
        "created_at": min(kept.created_at, absorbed.created_at),
        "active_at": max(seen, default=None),
    }


def _flags(kept: Mapping[str, Any], absorbed: Mapping[str, Any]) -> dict[str, Any]:
    """What is true or waits for one of them is so for both; other facts are the kept member's."""
    found = {**absorbed, **kept}
    for name in kept.keys() & absorbed.keys():
        ours, theirs = kept[name], absorbed[name]
        if isinstance(ours, bool) and isinstance(theirs, bool):
            found[name] = ours or theirs
        elif isinstance(ours, list) and isinstance(theirs, list):
            found[name] = [*ours, *(one for one in theirs if one not in ours)]
    return found


def _stricter(kept: Row[Any], absorbed: Row[Any]) -> dict[str, Any]:
    pauses = [one.paused_until for one in (kept, absorbed) if one.paused_until is not None]
    arrived = [one.last_daily_at for one in (kept, absorbed) if one.last_daily_at is not None]
    return {
        "roles": [*kept.roles, *(one for one in absorbed.roles if one not in kept.roles)],
        "days": kept.days & absorbed.days or kept.days,
        "paused_until": max(pauses, default=None),
        "ignored": min(kept.ignored, absorbed.ignored),
        "last_daily_at": max(arrived, default=None),
    }

"""The ledger's other side: claim, intent, result; leases and epochs decide who may send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from bot.domain.deliveries import OUTCOME_UNKNOWN, Delivery
from storage import holds, locks
from storage.askings import answer
from storage.dialects import insert, is_sqlite, machine_now, try_alone
from storage.ledger import Ledger, deliveries, delivery, in_turn, message_budget, read, root
from storage.people import inbox, workspace
from storage.schema import Instant, ident, metadata

LEASE_SECONDS = 30.0
UNSETTLED = ("claimed", "sending", "unknown")
TERMINAL_WITHOUT_SENDING = ("skipped", "missed", "expired", "dead")

tick_mark = Table(
    "tick_mark",
    metadata,
    ident("tenant", primary_key=True),
    Column("planned_to", Instant, nullable=False),
)


# Literals in SQL, so that the partial indexes are used: these look at what is open, not at everything that ever was.
_PENDING = text("delivery.state IN ('claimed', 'sending', 'unknown')")
_READY = text("delivery.state = 'ready'")

# Statements of every message are made once: making one costs ten times what running it does.
_OURS = and_(
    delivery.c.tenant == bindparam("of_tenant"),
    delivery.c.id == bindparam("row"),
    delivery.c.state == "claimed",
    delivery.c.owner == bindparam("by"),
    delivery.c.epoch == bindparam("at_epoch"),
)
_INTEND = update(delivery).where(_OURS).values(state="sending", attempts=delivery.c.attempts + 1)
_INTEND_CHOSEN = _INTEND.values(chosen=bindparam("pick"))
_INTENDED = select(delivery.c.id, delivery.c.epoch).where(
    delivery.c.tenant == bindparam("of_tenant"),
    delivery.c.id.in_(bindparam("ids", expanding=True)),
    delivery.c.state == "sending",
    delivery.c.owner == bindparam("by"),
)
_SENT = (
    update(delivery)
    .where(delivery.c.tenant == bindparam("of_tenant"), delivery.c.id == bindparam("row"))
    .values(state="sent", message_id=bindparam("as"), settled_at=bindparam("now"), reason=None)
)


class DispatchPart:
    """Implements ``scheduler.ports.Dispatch``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def claim(self, workspace: str, owner: str, now: datetime, limit: int) -> list[Delivery]:
        """Take due rows in order. What hangs on a message waits until that one is sent, and ends if it never will be."""
        machine = machine_now(self._conn)
        due = self._due(workspace, now, machine)
        picked = select(delivery.c.id).where(due).order_by(delivery.c.due_at, delivery.c.id).limit(limit)
        if not is_sqlite(self._conn):
            picked = picked.with_for_update(skip_locked=True)
        claimed = (
            update(delivery)
            .where(delivery.c.id.in_(picked))
            .values(state="claimed", owner=owner, epoch=delivery.c.epoch + 1, lease_until=machine + LEASE_SECONDS)
            .returning(delivery.c.id)
        )
        ids = self._conn.execute(claimed).scalars().all()
        return self._read(ids)

    def _due(self, workspace: str, now: datetime, machine: float) -> ColumnElement[bool]:
        return and_(
            delivery.c.tenant == self._tenant,
            delivery.c.workspace == workspace,
            _READY,
            delivery.c.due_at <= now,
            delivery.c.not_before <= machine,
            holds.free(),
            or_(delivery.c.root.is_(None), exists().where(root.c.id == delivery.c.root, root.c.state == "sent")),
        )

    def enter(self, workspace: str, owner: str, now: datetime) -> bool:
        """Take a lane in which something is due: one worker at a time has it, until it leaves or its lease has lapsed."""
        if is_sqlite(self._conn):
            return True
        due = select(delivery.c.id).where(self._due(workspace, now, machine_now(self._conn))).limit(1)
        return self._conn.execute(due).first() is not None and self.keep(workspace, owner)

    def keep(self, workspace: str, owner: str) -> bool:
        """Take or renew a lane. Its lease is never shorter than that of a row that is claimed or held with it."""
        return is_sqlite(self._conn) or locks.take(self._conn, _lane(workspace), owner, LEASE_SECONDS)

    def leave(self, workspace: str, owner: str) -> None:
        """Give a lane back, for there is nothing left to send in it; nothing happens when it is somebody else's by now."""
        if not is_sqlite(self._conn):
            locks.release(self._conn, _lane(workspace), owner)

    def alone(self, what: str) -> bool:
        """Whether this transaction is the only one at this work; False: another process is at it now."""
        return try_alone(self._conn, f"{what} {self._tenant}")

    def _read(self, ids: Sequence[int]) -> list[Delivery]:
        if not ids:
            return []
        rows = self._conn.execute(deliveries().where(delivery.c.id.in_(ids)).order_by(delivery.c.due_at, delivery.c.id))
        return [read(row) for row in rows]

    def hold(self, owner: str, claimed: Sequence[Delivery]) -> list[Delivery]:
        """Begin an intent: those of the claimed rows that are still ours, locked, with a fresh lease.

        A worker that slept past its lease, or whose row was taken back, has lost them here, before anything is chosen.
        """
        mine = and_(
            delivery.c.tenant == self._tenant,
            delivery.c.id.in_([one.id for one in claimed]),
            delivery.c.state == "claimed",
            delivery.c.owner == owner,
        )
        fresh = {"lease_until": machine_now(self._conn) + LEASE_SECONDS}
        held = (
            update(delivery).where(in_turn(self._conn, mine)).values(**fresh).returning(delivery.c.id, delivery.c.epoch)
        )
        epochs = {row.id: row.epoch for row in self._conn.execute(held)}
        return [one for one in claimed if epochs.get(one.id) == one.epoch]

    def intend(
        self, owner: str, claimed: Sequence[Delivery], chosen: Mapping[int, Mapping[str, Any] | None]
    ) -> set[int]:
        """The intent: a conditional update on owner and epoch, so a worker that slept past its lease fails here."""
        if not claimed:
            return set()
        written = 0
        for statement, some in (
            (_INTEND, [one for one in claimed if chosen.get(one.id) is None]),
            (_INTEND_CHOSEN, [one for one in claimed if chosen.get(one.id) is not None]),
        ):
            rows = [
                {"of_tenant": self._tenant, "by": owner, "row": one.id, "at_epoch": one.epoch}
                | ({} if statement is _INTEND else {"pick": dict(chosen[one.id] or {})})
                for one in some
            ]
            written += self._conn.execute(statement, rows).rowcount if rows else 0
        if written == len(claimed):  # as ever, for they are held
            return {one.id for one in claimed}
        ids = {"of_tenant": self._tenant, "by": owner, "ids": [one.id for one in claimed]}
        epochs = {row.id: row.epoch for row in self._conn.execute(_INTENDED, ids)}
        return {one.id for one in claimed if epochs.get(one.id) == one.epoch}

    def take_budget(self, member: str, day: date, id: int) -> bool:
        row = {"tenant": self._tenant, "member": member, "day": day, "delivery": id}
        if self._conn.execute(insert(self._conn, message_budget).values(row).on_conflict_do_nothing()).rowcount == 1:
            return True
        mine = (message_budget.c.tenant == self._tenant) & (message_budget.c.member == member)
        held = self._conn.execute(select(message_budget.c.delivery).where(mine, message_budget.c.day == day))
        return int(held.scalar_one()) == id

    def end(self, one: Delivery, state: str, reason: str) -> None:
        if self._update(one, state=state, reason=reason):
            Ledger(self._conn, self._tenant).refund([one.id])

    def give_up(self, one: Delivery, reason: str) -> None:
        """End a row whose call may have arrived: its budget stays spent."""
        self._update(one, state="dead", reason=f"gave up: {reason}")

    def sent(self, one: Delivery, message_id: str, now: datetime) -> bool:
        """Record that a message is there, whoever sent it; False when that was known already."""
        return bool(self.sent_all([(one, message_id)], now))

    def sent_all(self, arrived: Sequence[tuple[Delivery, str]], now: datetime) -> list[Delivery]:
        """The same for many; those of which it was not known."""
        wanted = (delivery.c.tenant == self._tenant) & delivery.c.id.in_([one.id for one, _ in arrived])
        news = select(delivery.c.id).where(wanted, delivery.c.state != "sent").order_by(delivery.c.id)
        if not is_sqlite(self._conn):
            news = news.with_for_update()
        ids = set(self._conn.execute(news).scalars())
        rows = [
            {"of_tenant": self._tenant, "row": one.id, "as": id, "now": now} for one, id in arrived if one.id in ids
        ]
        if rows:
            self._conn.execute(_SENT, rows)
        return [one for one, _ in arrived if one.id in ids]

    def unknown(self, one: Delivery, reason: str, retry_in: float) -> None:
        self._update(one, state="unknown", reason=reason, not_before=machine_now(self._conn) + retry_in)

    def again(self, one: Delivery, reason: str, retry_in: float) -> None:
        self._update(one, state="ready", reason=reason, not_before=machine_now(self._conn) + retry_in)

    def resend(self, one: Delivery, retry_in: float) -> None:
        """Send again what may have arrived."""
        later = machine_now(self._conn) + retry_in
        self._update(one, state="ready", reason=OUTCOME_UNKNOWN, not_before=later, in_doubt=True)

    def failed(self, one: Delivery, reason: str, retry_in: float) -> None:
        """Composing raised: no call was made, an attempt is counted."""
        later = machine_now(self._conn) + retry_in
        self._update(one, state="ready", reason=reason, not_before=later, attempts=delivery.c.attempts + 1)

    def unanswered(self, one: Delivery, retry_in: float) -> None:
        """A look-up failed: still unknown, an attempt is counted."""
        later = machine_now(self._conn) + retry_in
        self._update(one, not_before=later, attempts=delivery.c.attempts + 1)

    def uncalled(self, one: Delivery, retry_in: float = 0.0) -> None:
        """The intent was not used: no call was made and none may follow from it."""
        later = machine_now(self._conn) + retry_in
        self._update(one, state="ready", attempts=delivery.c.attempts - 1, not_before=later)

    def release(self, one: Delivery) -> None:
        """A claim whose intent was never begun."""
        self._update(one, state="ready", owner=None)

    def _update(self, one: Delivery, **values: Any) -> bool:
        """Only as the row was read: a worker that froze cannot overwrite what another one has made of it since."""
        as_read = and_(
            delivery.c.tenant == self._tenant,
            delivery.c.id == one.id,
            delivery.c.epoch == one.epoch,
            delivery.c.state.in_(UNSETTLED),
        )
        return self._conn.execute(update(delivery).where(as_read).values(**values)).rowcount == 1

    def expire(self, now: datetime) -> int:
        """End what is past its time, and what hangs on a message that will never be there."""
        due = and_(self._ready(), delivery.c.due_at <= now)
        late = self._end_all(and_(due, delivery.c.expires_at <= now), "expired", "past its time")
        gone = exists().where(root.c.id == delivery.c.root, root.c.state.in_(TERMINAL_WITHOUT_SENDING))
        orphaned = self._end_all(and_(due, delivery.c.root.is_not(None), gone), "skipped", "root not sent")
        return late + orphaned

    def _ready(self) -> ColumnElement[bool]:
        """What waits, by lane, as its index has it."""
        lanes = select(workspace.c.id).where(workspace.c.tenant == self._tenant)
        return and_(delivery.c.tenant == self._tenant, delivery.c.workspace.in_(lanes), _READY)

    def _end_all(self, condition: Any, state: str, reason: str) -> int:
        """What may be there already is given up, for nothing that is said of it would be sure."""
        late = in_turn(self._conn, condition)
        says = {
            "state": case((delivery.c.in_doubt, "dead"), else_=state),
            "reason": case((delivery.c.in_doubt, f"gave up: {OUTCOME_UNKNOWN}"), else_=reason),
        }
        ended = update(delivery).where(late).values(says).returning(delivery.c.id)
        ids = self._conn.execute(ended).scalars().all()
        Ledger(self._conn, self._tenant).refund(ids)
        return len(ids)

    def doubtful(self, workspace: str, limit: int) -> list[Delivery]:
        machine = machine_now(self._conn)
        ids = self._conn.execute(
            select(delivery.c.id)
            .where(
                delivery.c.tenant == self._tenant,
                delivery.c.workspace == workspace,
                delivery.c.state == "unknown",
                _PENDING,
                delivery.c.lease_until >= 0,  # always: it leads into the index
                delivery.c.not_before <= machine,
                holds.free(),
            )
            .order_by(delivery.c.id)
            .limit(limit)
        )
        return self._read(ids.scalars().all())

    def recover(self, *, everything: bool, look_in: float = 0.0) -> int:
        lapsed = (delivery.c.tenant == self._tenant) & _PENDING
        if not everything:
            lapsed &= delivery.c.lease_until <= machine_now(self._conn)
        claimed = in_turn(self._conn, lapsed & (delivery.c.state == "claimed"))
        sending = in_turn(self._conn, lapsed & (delivery.c.state == "sending"))
        back = update(delivery).where(claimed).values(state="ready", owner=None)
        later = machine_now(self._conn) + look_in
        doubt = update(delivery).where(sending).values(state="unknown", reason="stopped", not_before=later)
        return self._conn.execute(back).rowcount + self._conn.execute(doubt).rowcount

    def forget(self, *, inbox_before: datetime, log_before: datetime, answers_before: datetime) -> None:
        """Delete seen events, ended deliveries, spent budgets and answers past their retention."""
        self._conn.execute(delete(answer).where(answer.c.tenant == self._tenant, answer.c.at < answers_before))
        old_events = (inbox.c.tenant == self._tenant) & (inbox.c.received_at < inbox_before)
        self._conn.execute(delete(inbox).where(old_events))
        ended = delivery.c.state.in_(["sent", *TERMINAL_WITHOUT_SENDING])
        self._conn.execute(
            delete(delivery).where(delivery.c.tenant == self._tenant, ended, delivery.c.due_at < log_before)
        )
        spent = (message_budget.c.tenant == self._tenant) & (message_budget.c.day < log_before.date())
        self._conn.execute(delete(message_budget).where(spent))

    def next_due(self, after: datetime) -> datetime | None:
        waiting = self._ready() & (delivery.c.due_at > after)
        return self._conn.execute(select(func.min(delivery.c.due_at)).where(waiting)).scalar()

    def marked(self) -> datetime | None:
        statement = select(tick_mark.c.planned_to).where(tick_mark.c.tenant == self._tenant)
        return self._conn.execute(statement).scalar()

    def mark(self, now: datetime) -> None:
        """Never moves back, whichever replica comes last."""
        statement = insert(self._conn, tick_mark).values(tenant=self._tenant, planned_to=now)
        later = tick_mark.c.planned_to < now
        self._conn.execute(
            statement.on_conflict_do_update(index_elements=["tenant"], set_={"planned_to": now}, where=later)
        )


def _lane(workspace: str) -> str:
    return f"lane {workspace}"

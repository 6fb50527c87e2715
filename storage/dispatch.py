"""The ledger's other side: claim, intent, result; leases and epochs decide who may send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)

from bot.domain.deliveries import OUTCOME_UNKNOWN, Delivery
from storage import locks, parked, rounds
from storage.askings import answer
from storage.dialects import as_ids, as_json, insert, insert_for, is_one_of, is_sqlite, machine_now, rows_of, try_alone
from storage.ledger import Ledger, deliveries, delivery, ended, locked, message_budget, read
from storage.people import inbox
from storage.schema import Instant, ident, metadata

LEASE_SECONDS = 30.0
ORDINARY_SHARE = 4  # one place in so many of a claim is not for urgent messages: the rest must not starve
UNSETTLED = ("claimed", "sending", "unknown")

tick_mark = Table(
    "tick_mark",
    metadata,
    ident("tenant", primary_key=True),
    Column("planned_to", Instant, nullable=False),
)


# Statements of every message are made once: making one costs ten times what running it does.
_OURS = and_(
    delivery.c.tenant == bindparam("of_tenant"),
    delivery.c.state == "claimed",
    delivery.c.owner == bindparam("by"),
)


@lru_cache
def _held(dialect: str) -> Any:
    mine = select(delivery.c.id, delivery.c.epoch).where(_OURS, is_one_of(dialect, delivery.c.id))
    return mine if dialect == "sqlite" else mine.order_by(delivery.c.id).with_for_update()


@lru_cache
def _intend(dialect: str) -> Any:
    given = rows_of(dialect, id=BigInteger(), epoch=Integer(), chosen=JSON())
    return (
        update(delivery)
        .where(_OURS, delivery.c.id == given.c.id, delivery.c.epoch == given.c.epoch)
        .values(
            state="sending",
            attempts=delivery.c.attempts + 1,
            lease_until=bindparam("until"),
            chosen=func.coalesce(given.c.chosen, delivery.c.chosen),
        )
        .returning(delivery.c.id)
    )


@lru_cache
def _sent(dialect: str) -> Any:
    given = rows_of(dialect, id=BigInteger(), message=Text())
    news: ColumnElement[bool] = (delivery.c.tenant == bindparam("of_tenant")) & (delivery.c.state != "sent")
    if dialect != "sqlite":
        news = locked(news & is_one_of(dialect, delivery.c.id))
    return (
        update(delivery)
        .where(news, delivery.c.id == given.c.id)
        .values(state="sent", message_id=given.c.message, settled_at=bindparam("now"), reason=None)
        .returning(delivery.c.id)
    )


_NEXT = select(func.min(delivery.c.due_at)).where(rounds.WAITING, delivery.c.due_at > bindparam("after"))


@lru_cache
def _by_id(dialect: str) -> Any:
    return deliveries().where(is_one_of(dialect, delivery.c.id)).order_by(delivery.c.due_at, delivery.c.id)


_MARKED = select(tick_mark.c.planned_to).where(tick_mark.c.tenant == bindparam("of_tenant"))


class DispatchPart:
    """Implements ``scheduler.ports.Dispatch``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
        self._machine: float | None = None

    @property
    def _machine_now(self) -> float:
        """Asked once a transaction: each time is a round trip to PostgreSQL."""
        if self._machine is None:
            self._machine = machine_now(self._conn)
        return self._machine

    def claim(
        self, workspace: str, owner: str, now: datetime, limit: int, urgent: Sequence[str] = ()
    ) -> list[Delivery]:
        """Take due rows: of urgent kinds first, then all in order, a part of which is theirs however much is urgent.

        What hangs on a message waits until that one is sent, and ends if it never will be.
        """
        about = self._about(workspace, now)
        about |= {"by": owner, "until": about["machine"] + LEASE_SECONDS, "at_most": limit}
        first: Sequence[int] = ()
        if urgent:
            share = {"kinds": list(urgent), "at_most": limit - limit // ORDINARY_SHARE}
            taken = self._conn.execute(rounds.claim_urgent(is_locking=self._is_locking), about | share)
            first = taken.scalars().all()
            about["at_most"] = limit - len(first)
        rest = self._conn.execute(rounds.claim(is_locking=self._is_locking), about).scalars().all()
        return [*self._read(first), *self._read(rest)]

    @property
    def _is_locking(self) -> bool:
        return not is_sqlite(self._conn)

    def _about(self, workspace: str, now: datetime) -> dict[str, Any]:
        return {"of_tenant": self._tenant, "lane": workspace, "now": now, "machine": self._machine_now}

    def enter(self, workspace: str, owner: str, now: datetime) -> bool:
        """Take a lane in which something is due: one worker at a time has it, until it leaves or its lease has lapsed."""
        if is_sqlite(self._conn):
            return True
        due = self._conn.execute(rounds.CLAIMABLE, self._about(workspace, now)).first()
        return due is not None and self.keep(workspace, owner)

    def keep(self, workspace: str, owner: str) -> bool:
        """Take or renew a lane. Its lease is never shorter than that of a row that is claimed or held with it."""
        return is_sqlite(self._conn) or locks.take(
            self._conn, _lane(workspace), owner, LEASE_SECONDS, self._machine_now
        )

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
        rows = self._conn.execute(_by_id(self._conn.dialect.name), {"ids": as_ids(ids)}).all()
        return [read(row) for row in rows]

    def hold(self, owner: str, claimed: Sequence[Delivery]) -> list[Delivery]:
        """Begin an intent: those of the claimed rows that are still ours, locked until the intent has a fresh lease.

        A worker that slept past its lease, or whose row was taken back, has lost them here, before anything is chosen.
        """
        about = {"of_tenant": self._tenant, "by": owner, "ids": as_ids(one.id for one in claimed)}
        epochs = {row[0]: row[1] for row in self._conn.execute(_held(self._conn.dialect.name), about).all()}
        return [one for one in claimed if epochs.get(one.id) == one.epoch]

    def intend(
        self, owner: str, claimed: Sequence[Delivery], chosen: Mapping[int, Mapping[str, Any] | None]
    ) -> set[int]:
        """The intent: a conditional update on owner and epoch, so a worker that slept past its lease fails here."""
        if not claimed:
            return set()
        picks = {id: dict(pick) for id, pick in chosen.items() if pick is not None}
        rows = [{"id": one.id, "epoch": one.epoch, "chosen": picks.get(one.id)} for one in claimed]
        about = {"of_tenant": self._tenant, "by": owner, "until": self._machine_now + LEASE_SECONDS}
        written = self._conn.execute(_intend(self._conn.dialect.name), {**about, "rows": as_json(rows)})
        return set(written.scalars().all())

    def take_budget(self, member: str, day: date, id: int) -> bool:
        row = {"tenant": self._tenant, "member": member, "day": day, "delivery": id}
        if self._conn.execute(insert(self._conn, message_budget).values(row).on_conflict_do_nothing()).rowcount == 1:
            return True
        mine = (message_budget.c.tenant == self._tenant) & (message_budget.c.member == member)
        held = self._conn.execute(select(message_budget.c.delivery).where(mine, message_budget.c.day == day))
        return int(held.scalar_one()) == id

    def end(self, one: Delivery, state: str, reason: str) -> None:
        # What was refused for good says why; of what is not wanted any more, nobody may say that it is not there.
        values = {"state": state, "reason": reason} if state == "dead" else ended(state, reason)
        if self._update(one, **values):
            Ledger(self._conn, self._tenant).refund([one.id])

    def give_up(self, one: Delivery, reason: str) -> None:
        """End a row whose call may have arrived: its budget stays spent."""
        self._update(one, state="dead", reason=f"gave up: {reason}")

    def sent(self, one: Delivery, message_id: str, now: datetime) -> bool:
        """Record that a message is there, whoever sent it; False when that was known already."""
        return bool(self.sent_all([(one, message_id)], now))

    def sent_all(self, arrived: Sequence[tuple[Delivery, str]], now: datetime) -> list[Delivery]:
        """The same for many; those of which it was not known."""
        about = {"of_tenant": self._tenant, "now": now, "ids": as_ids(one.id for one, _ in arrived)}
        rows = as_json([{"id": one.id, "message": id} for one, id in arrived])
        news = set(self._conn.execute(_sent(self._conn.dialect.name), {**about, "rows": rows}).scalars().all())
        return [one for one, _ in arrived if one.id in news]

    def unknown(self, one: Delivery, reason: str, retry_in: float) -> None:
        self._update(one, state="unknown", reason=reason, not_before=self._machine_now + retry_in)

    def again(self, one: Delivery, reason: str, retry_in: float) -> None:
        self._update(one, state="ready", reason=reason, not_before=self._machine_now + retry_in)

    def resend(self, one: Delivery, retry_in: float) -> None:
        """Send again what may have arrived."""
        later = self._machine_now + retry_in
        self._update(one, state="ready", reason=OUTCOME_UNKNOWN, not_before=later, in_doubt=True)

    def failed(self, one: Delivery, reason: str, retry_in: float) -> None:
        """Composing raised: no call was made, an attempt is counted."""
        later = self._machine_now + retry_in
        self._update(one, state="ready", reason=reason, not_before=later, attempts=delivery.c.attempts + 1)

    def unanswered(self, one: Delivery, retry_in: float) -> None:
        """A look-up failed: still unknown, an attempt is counted."""
        later = self._machine_now + retry_in
        self._update(one, not_before=later, attempts=delivery.c.attempts + 1)

    def uncalled(self, one: Delivery, retry_in: float = 0.0) -> None:
        """The intent was not used: no call was made and none may follow from it."""
        later = self._machine_now + retry_in
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
        about = {"of_tenant": self._tenant, "now": now}
        return sum(
            self._end_all(statement(is_locking=self._is_locking), about) for statement in (rounds.expire, rounds.orphan)
        )

    def _end_all(self, statement: Any, about: Mapping[str, Any]) -> int:
        ids = self._conn.execute(statement, about).scalars().all()
        Ledger(self._conn, self._tenant).refund(ids)
        return len(ids)

    def doubtful(self, workspace: str, limit: int) -> list[Delivery]:
        about = {"of_tenant": self._tenant, "lane": workspace, "machine": self._machine_now, "at_most": limit}
        return self._read(self._conn.execute(rounds.DOUBTFUL, about).scalars().all())

    def recover(self, *, everything: bool, look_in: float = 0.0) -> int:
        machine = self._machine_now
        about = {"of_tenant": self._tenant, "machine": machine, "later": machine + look_in}
        both = rounds.take_back(everything=everything, is_locking=self._is_locking)
        return sum(self._conn.execute(statement, about).rowcount for statement in both)

    def forget(self, *, inbox_before: datetime, log_before: datetime, answers_before: datetime) -> None:
        """Delete seen events, ended deliveries, spent budgets and answers past their retention."""
        self._conn.execute(delete(answer).where(answer.c.tenant == self._tenant, answer.c.at < answers_before))
        old_events = (inbox.c.tenant == self._tenant) & (inbox.c.received_at < inbox_before)
        self._conn.execute(delete(inbox).where(old_events))
        ended = delivery.c.state.in_(["sent", *rounds.TERMINAL_WITHOUT_SENDING])
        self._conn.execute(
            delete(delivery).where(delivery.c.tenant == self._tenant, ended, delivery.c.due_at < log_before)
        )
        spent = (message_budget.c.tenant == self._tenant) & (message_budget.c.day < log_before.date())
        self._conn.execute(delete(message_budget).where(spent))

    def forget_texts(self, before: datetime) -> int:
        return parked.forget_texts(self._conn, self._tenant, before)

    def next_due(self, after: datetime) -> datetime | None:
        return self._conn.execute(_NEXT, {"of_tenant": self._tenant, "after": after}).scalar()

    def marked(self) -> datetime | None:
        return self._conn.execute(_MARKED, {"of_tenant": self._tenant}).scalar()

    def mark(self, now: datetime) -> None:
        """Never moves back, whichever replica comes last."""
        row = {"tenant": self._tenant, "planned_to": now}
        self._conn.execute(_mark(self._conn.dialect.name), row)


@lru_cache
def _mark(dialect: str) -> Any:
    new = insert_for(dialect, tick_mark)
    said = new.excluded.planned_to
    return new.on_conflict_do_update(
        index_elements=["tenant"], set_={"planned_to": said}, where=tick_mark.c.planned_to < said
    )


def _lane(workspace: str) -> str:
    return f"lane {workspace}"

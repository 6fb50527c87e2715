"""The ledger's other side: claim, intent, result; leases and epochs decide who may send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)

from bot.domain.deliveries import OUTCOME_UNKNOWN, Delivery
from storage import locks, rounds
from storage.askings import answer
from storage.dialects import insert, insert_for, is_sqlite, machine_now, try_alone
from storage.ledger import Ledger, deliveries, delivery, ended, in_turn, message_budget, read
from storage.people import inbox
from storage.schema import Instant, ident, metadata

LEASE_SECONDS = 30.0
ORDINARY_SHARE = (
    4  # one place in so many of a claim is not for urgent messages: enough of those must not starve the rest
)
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


_NEXT = select(func.min(delivery.c.due_at)).where(rounds.WAITING, delivery.c.due_at > bindparam("after"))
_BY_ID = (
    deliveries().where(delivery.c.id.in_(bindparam("ids", expanding=True))).order_by(delivery.c.due_at, delivery.c.id)
)
_MARKED = select(tick_mark.c.planned_to).where(tick_mark.c.tenant == bindparam("of_tenant"))


class DispatchPart:
    """Implements ``scheduler.ports.Dispatch``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

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
        return {"of_tenant": self._tenant, "lane": workspace, "now": now, "machine": machine_now(self._conn)}

    def enter(self, workspace: str, owner: str, now: datetime) -> bool:
        """Take a lane in which something is due: one worker at a time has it, until it leaves or its lease has lapsed."""
        if is_sqlite(self._conn):
            return True
        due = self._conn.execute(rounds.CLAIMABLE, self._about(workspace, now)).first()
        return due is not None and self.keep(workspace, owner)

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
        rows = self._conn.execute(_BY_ID, {"ids": list(ids)})
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
        about = {"of_tenant": self._tenant, "now": now}
        return sum(
            self._end_all(statement(is_locking=self._is_locking), about) for statement in (rounds.expire, rounds.orphan)
        )

    def _end_all(self, statement: Any, about: Mapping[str, Any]) -> int:
        ids = self._conn.execute(statement, about).scalars().all()
        Ledger(self._conn, self._tenant).refund(ids)
        return len(ids)

    def doubtful(self, workspace: str, limit: int) -> list[Delivery]:
        about = {"of_tenant": self._tenant, "lane": workspace, "machine": machine_now(self._conn), "at_most": limit}
        return self._read(self._conn.execute(rounds.DOUBTFUL, about).scalars().all())

    def recover(self, *, everything: bool, look_in: float = 0.0) -> int:
        machine = machine_now(self._conn)
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

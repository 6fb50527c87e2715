"""What an operator does to the ledger of every company: see what is stuck, send it again, drop it, end a hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, case, delete, false, func, or_, select, true, update

from bot.domain.deliveries import GAVE_UP, OUTCOME_UNKNOWN, OVERLAP
from storage import holds
from storage.dialects import insert, machine_now
from storage.dispatch import UNSETTLED, tick_mark
from storage.ledger import delivery, in_turn, message_budget
from storage.people import tenant

LATE = timedelta(minutes=15)  # after which what should have been sent is called stuck
DROPPED = "dropped by the operator"
RESTORED = "restored"


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One message that needs a look: ids, never words or names."""

    id: int
    tenant: str
    workspace: str
    kind: str
    to: str  # a member's or a channel's id
    state: str  # parked | in doubt | stuck
    reason: str
    due_at: datetime
    attempts: int


def troubles(conn: Connection, now: datetime, limit: int = 500) -> list[Trouble]:
    """Parked, in doubt and stuck messages, the oldest first."""
    what = case(
        (delivery.c.state == "dead", "parked"),
        (or_(delivery.c.state == "unknown", delivery.c.in_doubt), "in doubt"),
        else_="stuck",
    )
    found = select(delivery, what.label("trouble")).where(_in_trouble(conn, now))
    return [
        Trouble(
            id=row.id,
            tenant=row.tenant,
            workspace=row.workspace,
            kind=row.kind,
            to=row.member or row.channel or "",
            state=row.trouble,
            reason=row.reason or "",
            due_at=row.due_at,
            attempts=row.attempts,
        )
        for row in conn.execute(found.order_by(delivery.c.due_at, delivery.c.id).limit(limit))
    ]


def replay(conn: Connection, ids: Sequence[int], now: datetime) -> list[int]:
    """Send these again at once, also past their time. What may have arrived stays in doubt. Returns those it could.

    A worker that froze before it recorded anything finds another epoch and can change nothing any more.
    """
    wanted = in_turn(conn, delivery.c.id.in_(ids) & _in_trouble(conn, now))
    late = delivery.c.expires_at <= now
    values = {
        "in_doubt": _may_be_there(),
        "expires_at": case((late, None), else_=delivery.c.expires_at),
        "state": "ready",
        "reason": "replayed",
        "attempts": 0,
        "not_before": 0,
        "owner": None,
    }
    again = update(delivery).where(wanted).values(epoch=delivery.c.epoch + 1, **values)
    return [*conn.execute(again.returning(delivery.c.id)).scalars()]


def drop(conn: Connection, ids: Sequence[int], now: datetime) -> list[int]:
    """End these for good and forget what was in them. What may have arrived is never said to be unsent."""
    return _drop(conn, delivery.c.id.in_(ids) & _in_trouble(conn, now), DROPPED)


def release(conn: Connection, now: datetime, *, send: bool) -> int:
    """End the hold. Without ``send`` everything that was due by now is ended, and what was not planned never will be.

    Returns how many messages were ended.
    """
    ended = 0
    if not send:
        open_rows = delivery.c.state.in_(["ready", *UNSETTLED]) & (delivery.c.due_at <= now)
        ended = len(_drop(conn, open_rows, RESTORED))
        for id in conn.execute(select(tenant.c.id)).scalars().all():
            # The planner looks back by its overlap; from this mark on it begins at this very moment.
            mark = insert(conn, tick_mark).values(tenant=id, planned_to=now + OVERLAP)
            later = {"planned_to": now + OVERLAP}
            conn.execute(mark.on_conflict_do_update(index_elements=["tenant"], set_=later))
    holds.lift(conn)
    return ended


def _in_trouble(conn: Connection, now: datetime) -> ColumnElement[bool]:
    machine = machine_now(conn)
    late = delivery.c.due_at <= now - LATE
    waits = (delivery.c.state == "ready") & (delivery.c.in_doubt | (late & delivery.c.root.is_(None)))
    lapsed = delivery.c.state.in_(["claimed", "sending"]) & (delivery.c.lease_until <= machine)
    decided = [f"{reason}: {OUTCOME_UNKNOWN}" for reason in (DROPPED, RESTORED)]
    parked = (delivery.c.state == "dead") & func.coalesce(delivery.c.reason, "").not_in(decided)
    return or_(parked, delivery.c.state == "unknown", waits, lapsed)


def _may_be_there() -> ColumnElement[bool]:
    called = or_(delivery.c.state.in_(["sending", "unknown"]), delivery.c.reason == GAVE_UP)
    return case((or_(delivery.c.in_doubt, called), true()), else_=false())


def _drop(conn: Connection, wanted: ColumnElement[bool], reason: str) -> list[int]:
    there = _may_be_there()
    values: dict[str, Any] = {
        "state": case((there, "dead"), else_="skipped"),
        "reason": case((there, f"{reason}: {OUTCOME_UNKNOWN}"), else_=reason),
        "in_doubt": there,
        "payload": {},
        "chosen": None,
    }
    ended = update(delivery).where(in_turn(conn, wanted)).values(epoch=delivery.c.epoch + 1, **values)
    ids = [*conn.execute(ended.returning(delivery.c.id)).scalars()]
    unsent = select(delivery.c.id).where(delivery.c.state == "skipped", delivery.c.reason == reason)
    conn.execute(delete(message_budget).where(message_budget.c.delivery.in_(unsent)))
    return ids

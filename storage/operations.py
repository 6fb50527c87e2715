"""What an operator does to the ledger of every company: see what is stuck, send it again, drop it, end a hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    case,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)

from bot.domain.deliveries import OUTCOME_UNKNOWN, OVERLAP
from storage import holds
from storage.dialects import insert, machine_now
from storage.dispatch import UNSETTLED, tick_mark
from storage.ledger import PENDING, READY, delivery, in_turn, message_budget, root
from storage.parked import DEAD, DROPPED, RESTORED, is_textless, may_be_there, parked
from storage.people import workspace
from storage.queues import queues
from storage.settings import tenant

LATE = timedelta(minutes=15)  # after which what should have been sent is called stuck
LONGEST_WAVE = timedelta(hours=6)  # but where a lane moves: a hundred thousand people on Slack take almost that long
COUNTED = 100_000  # what is more is not counted: whoever watches has seen enough


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
    is_textless: bool  # past its retention: it can only be dropped


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in the ledgers of all companies, counted up to ``COUNTED``."""

    waiting: int  # due later
    due: int
    claimed: int
    sending: int
    unknown: int
    parked: int
    oldest_due: datetime | None  # of what could be sent, were it its turn
    planned_to: datetime | None  # of the company that is furthest behind
    is_held: bool


def backlog(conn: Connection, now: datetime) -> Backlog:
    """Count what is open. Reads partial indexes alone, so it costs as much as there is open, not as there ever was."""
    waiting, due = conn.execute(_READY_COUNTS, {"now": now}).one()
    pending = {row.state: row.rows for row in conn.execute(_PENDING_COUNTS)}
    return Backlog(
        waiting=waiting or 0,
        due=due or 0,
        claimed=pending.get("claimed", 0),
        sending=pending.get("sending", 0),
        unknown=pending.get("unknown", 0),
        parked=conn.execute(_PARKED_COUNT).scalar_one(),
        oldest_due=conn.execute(_OLDEST_DUE, {"now": now}).scalar_one(),
        planned_to=conn.execute(_PLANNED_TO).scalar_one(),
        is_held=holds.held(conn) is not None,
    )


def troubles(conn: Connection, now: datetime, limit: int = 500) -> list[Trouble]:
    """Parked, in doubt and stuck messages, the oldest first."""
    what = case(
        (delivery.c.state == "dead", "parked"),
        (or_(delivery.c.state == "unknown", delivery.c.in_doubt), "in doubt"),
        else_="stuck",
    )
    found = select(delivery, what.label("trouble"), is_textless().label("textless")).where(_in_trouble(conn, now))
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
            is_textless=row.textless,
        )
        for row in conn.execute(found.order_by(delivery.c.due_at, delivery.c.id).limit(limit))
    ]


def replay(conn: Connection, ids: Sequence[int], now: datetime) -> list[int]:
    """Send these again at once, also past their time. What may have arrived stays in doubt. Returns those it could:
    not those whose text is deleted.

    A worker that froze before it recorded anything finds another epoch and can change nothing any more.
    """
    wanted = in_turn(conn, delivery.c.id.in_(ids) & _in_trouble(conn, now) & not_(is_textless()))
    late = delivery.c.expires_at <= now
    values = {
        "in_doubt": may_be_there(),
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
    moving = [one.workspace for one in queues(conn, now) if one.moves]
    late = (delivery.c.due_at <= now - LATE) & delivery.c.workspace.not_in(moving)
    late |= delivery.c.due_at <= now - LONGEST_WAVE
    waits = (delivery.c.state == "ready") & (delivery.c.in_doubt | (late & delivery.c.root.is_(None)))
    lapsed = delivery.c.state.in_(["claimed", "sending"]) & (delivery.c.lease_until <= machine)
    return or_(parked(), delivery.c.state == "unknown", waits, lapsed)


def _drop(conn: Connection, wanted: ColumnElement[bool], reason: str) -> list[int]:
    there = may_be_there()
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


_ready = select(delivery.c.due_at).where(READY).limit(COUNTED).subquery()
_is_due = _ready.c.due_at <= bindparam("now")
_READY_COUNTS = select(func.sum(case((_is_due, 0), else_=1)), func.sum(case((_is_due, 1), else_=0))).select_from(_ready)
_pending = select(delivery.c.state).where(PENDING).limit(COUNTED).subquery()
_PENDING_COUNTS = select(_pending.c.state, func.count().label("rows")).group_by(_pending.c.state)
_PARKED_COUNT = select(func.count()).select_from(select(delivery.c.id).where(DEAD, parked()).limit(COUNTED).subquery())
# Lane by lane, for that is the order of the index: the first row that does not hang on another is all that is read.
_oldest = (
    select(delivery.c.due_at)
    .where(
        delivery.c.workspace == workspace.c.id,
        READY,
        delivery.c.due_at <= bindparam("now"),
        or_(delivery.c.root.is_(None), exists().where(root.c.id == delivery.c.root, root.c.state == "sent")),
    )
    .order_by(delivery.c.due_at)
    .limit(1)
    .correlate(workspace)
    .scalar_subquery()
)
_lanes = select(_oldest.label("due_at")).select_from(workspace).subquery()
_OLDEST_DUE = select(func.min(_lanes.c.due_at))
_is_served = exists().where(workspace.c.tenant == tick_mark.c.tenant, workspace.c.state == "active")
_PLANNED_TO = select(func.min(tick_mark.c.planned_to)).where(_is_served)

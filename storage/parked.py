"""Messages the bot has given up: their text is kept for a while, so that an operator may send them after all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, literal, not_, or_, text, true, update

from bot.domain.deliveries import GAVE_UP, OUTCOME_UNKNOWN
from storage.ledger import delivery, in_turn

DROPPED = "dropped by the operator"
RESTORED = "restored"
TEXT_GONE = "text deleted, "  # before the reason it was parked for

DEAD = text("delivery.state = 'dead'")  # a literal, for the partial index


def parked() -> ColumnElement[bool]:
    """Given up by the bot; what an operator has decided on is not in trouble any more."""
    decided = [f"{reason}: {OUTCOME_UNKNOWN}" for reason in (DROPPED, RESTORED)]
    return (delivery.c.state == "dead") & func.coalesce(delivery.c.reason, "").not_in(decided)


def may_be_there() -> ColumnElement[bool]:
    """What ``in_doubt`` is to say of a row from now on."""
    called = or_(delivery.c.state.in_(["sending", "unknown"]), delivery.c.reason == GAVE_UP)
    return case((or_(delivery.c.in_doubt, called), true()), else_=delivery.c.in_doubt)


def is_textless() -> ColumnElement[bool]:
    """Whether nothing is left that could be sent."""
    return func.coalesce(delivery.c.reason, "").startswith(TEXT_GONE)


def forget_texts(conn: Connection, tenant: str, before: datetime) -> int:
    """Delete what parked messages of before then would have said; that they were parked, and why, stays. How many it were."""
    old = (delivery.c.tenant == tenant) & DEAD & parked() & (delivery.c.due_at < before) & not_(is_textless())
    reason = literal(TEXT_GONE) + func.coalesce(delivery.c.reason, "")
    values: dict[str, Any] = {"payload": {}, "chosen": None, "in_doubt": may_be_there(), "reason": reason}
    return int(conn.execute(update(delivery).where(in_turn(conn, old)).values(values)).rowcount)

"""What every round of a worker asks of the ledger. Made once for each database: making a statement costs ten times what running it does.

``is_locking`` is for PostgreSQL, whose rows are locked in the order of their numbers; SQLite has one writer anyway.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, exists, or_, select, type_coerce, update

from storage import holds
from storage.ledger import PENDING, READY, SELDOM, delivery, ending, root, turn
from storage.people import workspace

TERMINAL_WITHOUT_SENDING = ("skipped", "missed", "expired", "dead")

_OF_TENANT = delivery.c.tenant == bindparam("of_tenant")
_LIMIT = bindparam("at_most", type_=Integer)

# One value a row: of an EXISTS PostgreSQL might make a list of everything that was ever sent.
_STATE_OF_ROOT = select(root.c.state).where(root.c.id == delivery.c.root).scalar_subquery()
# What may be claimed now in a lane.
_CLAIMABLE = and_(
    _OF_TENANT,
    delivery.c.workspace == bindparam("lane"),
    READY,
    delivery.c.due_at <= bindparam("now"),
    delivery.c.not_before <= bindparam("machine"),
    holds.free(),
    or_(delivery.c.root.is_(None), _STATE_OF_ROOT == "sent"),
)
CLAIMABLE = select(delivery.c.id).where(_CLAIMABLE).limit(1)

DOUBTFUL = (
    select(delivery.c.id)
    .where(
        _OF_TENANT,
        delivery.c.workspace == bindparam("lane"),
        delivery.c.state == "unknown",
        PENDING,
        delivery.c.lease_until >= 0,  # always: it leads into the index
        delivery.c.not_before <= bindparam("machine"),
        holds.free(),
    )
    .order_by(delivery.c.id)
    .limit(_LIMIT)
)

# What waits, by lane, as its index has it.
WAITING = and_(
    _OF_TENANT,
    delivery.c.workspace.in_(select(workspace.c.id).where(workspace.c.tenant == bindparam("of_tenant"))),
    READY,
)
_PAST_DUE = and_(WAITING, delivery.c.due_at <= bindparam("now"))


@lru_cache
def claim(*, is_locking: bool) -> Any:
    """Take what is due in a lane, by time."""
    return _take(select(delivery.c.id).where(_CLAIMABLE).order_by(delivery.c.due_at, delivery.c.id), is_locking)


@lru_cache
def claim_urgent(*, is_locking: bool) -> Any:
    """Take what is due of some kinds, of which there are few."""
    wanted = and_(_CLAIMABLE, SELDOM, delivery.c.kind.in_(bindparam("kinds", expanding=True)))
    # By a sum, not by the column: else a whole wave would be read in the order of time, to save sorting a handful.
    by_time = type_coerce(delivery.c.due_at, Integer) + 0
    return _take(select(delivery.c.id).where(wanted).order_by(by_time, delivery.c.id), is_locking)


def _take(wanted: Select[Any], is_locking: bool) -> Any:
    picked = wanted.limit(_LIMIT)
    if is_locking:
        picked = picked.with_for_update(skip_locked=True)
    return (
        update(delivery)
        .where(delivery.c.id.in_(picked))
        .values(state="claimed", owner=bindparam("by"), epoch=delivery.c.epoch + 1, lease_until=bindparam("until"))
        .returning(delivery.c.id)
    )


@lru_cache
def expire(*, is_locking: bool) -> Any:
    """End what is past its time."""
    wanted = and_(_PAST_DUE, delivery.c.expires_at <= bindparam("now"))
    return ending(wanted, "expired", "past its time", is_locking=is_locking)


@lru_cache
def orphan(*, is_locking: bool) -> Any:
    """End what hangs on a message that will never be there."""
    gone = exists().where(root.c.id == delivery.c.root, root.c.state.in_(TERMINAL_WITHOUT_SENDING))
    wanted = and_(_PAST_DUE, delivery.c.root.is_not(None), gone)
    return ending(wanted, "skipped", "root not sent", is_locking=is_locking)


@lru_cache
def take_back(*, everything: bool, is_locking: bool) -> tuple[Any, Any]:
    """Claims whose lease has lapsed (or all of them) are ready again, calls of which nothing is known are in doubt."""
    lapsed = and_(_OF_TENANT, PENDING)
    if not everything:
        lapsed = and_(lapsed, delivery.c.lease_until <= bindparam("machine"))
    claimed = turn(and_(lapsed, delivery.c.state == "claimed"), is_locking=is_locking)
    sending = turn(and_(lapsed, delivery.c.state == "sending"), is_locking=is_locking)
    return (
        update(delivery).where(claimed).values(state="ready", owner=None),
        update(delivery).where(sending).values(state="unknown", reason="stopped", not_before=bindparam("later")),
    )

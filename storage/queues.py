"""What is due in each lane and waits for its turn, and whether the lane is moving."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, func, or_, select

from storage.ledger import READY, delivery, root
from storage.people import workspace

MOVING = timedelta(minutes=5)  # since something was sent


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace's messages that are due. ``moves``: something was sent there just now."""

    workspace: str
    name: str
    platform: str
    waiting: int
    oldest_due: datetime
    moves: bool


def queues(conn: Connection, now: datetime) -> list[Queue]:
    """The lanes in which something is due, of all companies, the longest first."""
    state_of_root = select(root.c.state).where(root.c.id == delivery.c.root).scalar_subquery()
    may_go = or_(delivery.c.root.is_(None), state_of_root == "sent")
    rows = conn.execute(
        select(
            workspace.c.id,
            workspace.c.name,
            workspace.c.platform,
            func.count().label("waiting"),
            func.min(delivery.c.due_at).label("oldest_due"),
        )
        .select_from(delivery)
        .join(workspace, workspace.c.id == delivery.c.workspace)
        .where(READY, delivery.c.due_at <= now, may_go)
        .group_by(workspace.c.id, workspace.c.name, workspace.c.platform)
        .order_by(func.count().desc(), workspace.c.id)
    ).all()
    return [
        Queue(
            workspace=row.id,
            name=row.name,
            platform=row.platform,
            waiting=row.waiting,
            oldest_due=row.oldest_due,
            moves=_moves(conn, row.id, now),
        )
        for row in rows
    ]


def _moves(conn: Connection, lane: str, now: datetime) -> bool:
    recent = (delivery.c.workspace == lane) & (delivery.c.state == "sent") & (delivery.c.settled_at > now - MOVING)
    return conn.execute(select(delivery.c.id).where(recent).limit(1)).first() is not None

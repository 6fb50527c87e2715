"""Incidents, read from the ledger: a workspace or a channel that refused a message, and has taken none since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select, text

from bot.domain.deliveries import ACCESS_REFUSED, PLACE_GONE
from bot.ports.troubles import Trouble
from storage.ledger import delivery
from storage.people import workspace
from storage.places import channel
from storage.schema import Instant

KIND = "trouble"  # of the messages that tell of one; their subject is the workspace or the channel

# The state as a literal, so that the index of what was given up is used: it is nearly always empty.
_PARKED = (
    select(
        delivery.c.id,
        delivery.c.workspace,
        delivery.c.reason,
        delivery.c.due_at,
        delivery.c.channel,
        channel.c.name.label("channel_name"),
        workspace.c.name.label("workspace_name"),
        workspace.c.platform,
    )
    .join(workspace, workspace.c.id == delivery.c.workspace)
    .outerjoin(channel, and_(channel.c.tenant == delivery.c.tenant, channel.c.id == delivery.c.channel))
    .where(
        text("delivery.state = 'dead'"),
        delivery.c.due_at > bindparam("since", type_=Instant),
        delivery.c.tenant == bindparam("of_tenant"),
        workspace.c.state == "active",
        delivery.c.kind != KIND,
        or_(
            delivery.c.reason.startswith(f"{ACCESS_REFUSED}:"),
            and_(delivery.c.reason.startswith(f"{PLACE_GONE}:"), delivery.c.channel.is_not(None)),
        ),
    )
    .order_by(delivery.c.due_at, delivery.c.id)
)
_TOLD = select(func.max(delivery.c.id)).where(
    delivery.c.tenant == bindparam("of_tenant"), delivery.c.kind == KIND, delivery.c.subject == bindparam("about")
)
# What was planned after that and did arrive: from then on there was no trouble.
_OVER = select(func.max(delivery.c.due_at)).where(
    delivery.c.id > bindparam("told"),
    delivery.c.tenant == bindparam("of_tenant"),
    delivery.c.workspace == bindparam("lane"),
    delivery.c.state == "sent",
)
_OVER_THERE = _OVER.where(delivery.c.channel == bindparam("place"))


class Troubles:
    """Implements ``bot.ports.troubles.Troubles``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def untold(self, since: datetime) -> list[Trouble]:
        rows = self._conn.execute(_PARKED, {"of_tenant": self._tenant, "since": since}).all()
        return [*self._incidents(rows)] if rows else []

    def _incidents(self, rows: list[Row[Any]] | Any) -> Iterator[Trouble]:
        found: set[str] = set()
        for row in rows:
            one = _trouble(row)
            if one.id not in found and self._is_news(one, row.due_at):
                found.add(one.id)
                yield one

    def _is_news(self, one: Trouble, due_at: datetime) -> bool:
        """Nobody was told, or what refused this message had taken others after they were told."""
        told = self._conn.execute(_TOLD, {"of_tenant": self._tenant, "about": one.id}).scalar()
        if told is None:
            return True
        about = {"of_tenant": self._tenant, "told": told, "lane": one.workspace}
        if one.what == "workspace":
            over = self._conn.execute(_OVER, about).scalar()
        else:
            over = self._conn.execute(_OVER_THERE, {**about, "place": one.id}).scalar()
        return over is not None and due_at > over


def _trouble(row: Row[Any]) -> Trouble:
    kind, _, word = row.reason.partition(": ")
    what: Literal["workspace", "channel"] = "workspace" if kind == ACCESS_REFUSED else "channel"
    return Trouble(
        what=what,
        id=row.workspace if what == "workspace" else row.channel,
        workspace=row.workspace,
        platform=row.platform,
        name=row.workspace_name if what == "workspace" else row.channel_name,
        first=row.id,
        reason=word,
    )

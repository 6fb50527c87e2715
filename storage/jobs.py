"""Jobs and how far they have come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Index, PrimaryKeyConstraint, Table, select, text, update

from storage.dialects import insert
from storage.schema import Instant, Json, ident, metadata, words

job = Table(
    "job",
    metadata,
    ident("tenant"),
    ident("name"),
    ident("period"),
    Column("due_at", Instant, nullable=False),
    Column("cursor", Json, nullable=False),
    words("progress"),
    ident("state"),  # open | done | failed
    words("reason", nullable=True),
    PrimaryKeyConstraint("tenant", "name", "period"),
    Index("ix_job_open", "tenant", "due_at", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
)


class OpenJob(msgspec.Struct, frozen=True):
    """A job that has steps left."""

    name: str
    period: str
    due_at: datetime
    cursor: Mapping[str, Any]


class Jobs:
    """Implements ``bot.ports.jobs.Jobs`` and, for the tick, the steps."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def start(self, name: str, period: str, due_at: datetime) -> bool:
        row = {"tenant": self._tenant, "name": name, "period": period, "due_at": due_at}
        row |= {"cursor": {}, "progress": "", "state": "open"}
        return self._conn.execute(insert(self._conn, job).values(row).on_conflict_do_nothing()).rowcount == 1

    def due(self, now: datetime) -> OpenJob | None:
        """The open job that has been due longest."""
        row = self._conn.execute(
            select(job)
            .where(job.c.tenant == self._tenant, job.c.state == "open", job.c.due_at <= now)
            .order_by(job.c.due_at, job.c.name, job.c.period)
            .limit(1)
        ).one_or_none()
        return None if row is None else OpenJob(row.name, row.period, row.due_at, row.cursor)

    def next_due(self, after: datetime) -> datetime | None:
        statement = select(job.c.due_at).where(job.c.tenant == self._tenant, job.c.state == "open", job.c.due_at > after)
        return self._conn.execute(statement.order_by(job.c.due_at).limit(1)).scalar()

    def advance(self, done: OpenJob, cursor: Mapping[str, Any], progress: str) -> None:
        self._update(done, cursor=dict(cursor), progress=progress)

    def finish(self, done: OpenJob, state: str = "done", reason: str | None = None) -> None:
        self._update(done, state=state, reason=reason)

    def _update(self, one: OpenJob, **values: Any) -> None:
        key = (job.c.tenant == self._tenant) & (job.c.name == one.name) & (job.c.period == one.period)
        self._conn.execute(update(job).where(key).values(**values))

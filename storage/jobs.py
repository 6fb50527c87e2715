"""Jobs and how far they have come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    bindparam,
    case,
    select,
    text,
    update,
)

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
    Column("step", Integer, nullable=False, server_default="0"),  # raised with every change: two workers never take one
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    PrimaryKeyConstraint("tenant", "name", "period"),
    Index(
        "ix_job_open", "tenant", "due_at", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")
    ),
)


class OpenJob(msgspec.Struct, frozen=True):
    """A job that has steps left."""

    name: str
    period: str
    due_at: datetime
    cursor: Mapping[str, Any]
    step: int = 0


class StepTaken(Exception):
    """Another process took this step first; what was done here is undone with the transaction."""


# Made once: every tick asks these.
_OPEN = (job.c.tenant == bindparam("of_tenant")) & (job.c.state == "open")
_OLDEST = (
    select(job).where(_OPEN, job.c.due_at <= bindparam("now")).order_by(job.c.due_at, job.c.name, job.c.period).limit(1)
)
_NEXT = select(job.c.due_at).where(_OPEN, job.c.due_at > bindparam("after")).order_by(job.c.due_at).limit(1)


class Jobs:
    """Implements ``bot.ports.jobs.Jobs`` and, for the tick, the steps."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def start(self, name: str, period: str, due_at: datetime) -> bool:
        row = {"tenant": self._tenant, "name": name, "period": period, "due_at": due_at}
        row |= {"cursor": {}, "progress": "", "state": "open"}
        return self._conn.execute(insert(self._conn, job).values(row).on_conflict_do_nothing()).rowcount == 1

    def due(self, now: datetime, but: Sequence[tuple[str, str]] = ()) -> OpenJob | None:
        """The open job that has been due longest, but for some by (name, period)."""
        oldest = _OLDEST
        for name, period in but:
            oldest = oldest.where((job.c.name != name) | (job.c.period != period))
        row = self._conn.execute(oldest, {"of_tenant": self._tenant, "now": now}).one_or_none()
        return None if row is None else OpenJob(row.name, row.period, row.due_at, row.cursor, row.step)

    def next_due(self, after: datetime) -> datetime | None:
        return self._conn.execute(_NEXT, {"of_tenant": self._tenant, "after": after}).scalar()

    def advance(self, done: OpenJob, cursor: Mapping[str, Any], progress: str) -> None:
        self._update(done, cursor=dict(cursor), progress=progress, failures=0)

    def finish(self, done: OpenJob, state: str = "done", reason: str | None = None) -> None:
        self._update(done, state=state, reason=reason)

    def failed(self, due: OpenJob, reason: str, most: int) -> None:
        """Count a failure; give the job up after ``most`` in a row. Nothing when somebody else has moved it since."""
        count = job.c.failures + 1
        state = case((count >= most, "failed"), else_="open")
        self._conn.execute(update(job).where(self._as_read(due)).values(failures=count, state=state, reason=reason))

    def _update(self, one: OpenJob, **values: Any) -> None:
        changed = update(job).where(self._as_read(one)).values(step=job.c.step + 1, **values)
        if self._conn.execute(changed).rowcount == 0:
            raise StepTaken(f"{one.name} {one.period}")

    def _as_read(self, one: OpenJob) -> ColumnElement[bool]:
        key = (job.c.tenant == self._tenant) & (job.c.name == one.name) & (job.c.period == one.period)
        return key & (job.c.state == "open") & (job.c.step == one.step)

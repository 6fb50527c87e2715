"""Companies that have taken the app away everywhere: thirty days later nothing of theirs is left, as long as none came back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, delete, exists, select, tuple_, update

from storage.people import workspace
from storage.schema import metadata
from storage.settings import tenant

ROWS = 500  # deleted in one transaction, so that nobody waits for long


def due(conn: Connection, before: datetime) -> list[str]:
    """Companies whose every workspace was removed before this instant, or whose deletion has begun."""
    has_stayed = exists().where(
        workspace.c.tenant == tenant.c.id,
        workspace.c.state != "purged",
        (workspace.c.state != "removed") | workspace.c.removed_at.is_(None) | (workspace.c.removed_at >= before),
    )
    was_here = exists().where(workspace.c.tenant == tenant.c.id)
    return list(conn.execute(select(tenant.c.id).where(was_here, ~has_stayed).order_by(tenant.c.id)).scalars())


def purge(conn: Connection, before: datetime) -> bool:
    """Delete some rows of one company that is due; False when there is nothing left to do.

    The first step gives up the workspaces' names: whoever installs again from then on is a new company, in whose way
    this deletion cannot come.
    """
    found = due(conn, before)
    if not found:
        return False
    whose = found[0]
    gone = (workspace.c.tenant == whose) & (workspace.c.state == "removed")
    named = update(workspace).where(gone)
    if conn.execute(named.values(state="purged", app="", enterprise="", team=workspace.c.id)).rowcount:
        return True
    if stays(conn, whose):  # somebody came back between the two statements
        return False
    for table in reversed(metadata.sorted_tables):
        if "tenant" in table.c and table is not workspace and _some(conn, table, whose):
            return True
    conn.execute(delete(workspace).where(workspace.c.tenant == whose))
    conn.execute(delete(tenant).where(tenant.c.id == whose))
    return True


def stays(conn: Connection, whose: str) -> bool:
    """Whether a company has a workspace that was not given up."""
    here = (workspace.c.tenant == whose) & (workspace.c.state != "purged")
    return conn.execute(select(workspace.c.id).where(here)).first() is not None


def _some(conn: Connection, table: Table, whose: str) -> bool:
    key = tuple_(*table.primary_key.columns)
    mine = select(*table.primary_key.columns).where(table.c.tenant == whose).limit(ROWS)
    return conn.execute(delete(table).where(key.in_(mine))).rowcount > 0

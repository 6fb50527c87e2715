"""Installations of our app at a platform: their tokens (encrypted before they come here), OAuth states, and ends."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    and_,
    delete,
    select,
    update,
)

from storage import tenancy
from storage.dialects import insert
from storage.ledger import Ledger, delivery, in_turn
from storage.linking import move_away
from storage.people import workspace
from storage.schema import Instant, ident, metadata, words
from storage.tenancy import Workspace

installation = Table(
    "installation",
    metadata,
    ident("workspace", primary_key=True),
    ident("tenant"),
    ident("platform"),
    ident("app"),
    ident("enterprise"),  # '' where there is none: NULLs would not collide
    ident("team"),  # '' for an installation over a whole enterprise
    words("token"),  # encrypted; '' when the token comes from the environment
    words("refresh"),  # encrypted; '' where tokens do not run out
    Column("expires_at", Instant),
    ident("bot"),  # the bot's own user
    words("scopes"),
    ident("installer"),
    Column("version", Integer, nullable=False),  # one more with each new token
    Column("installed_at", Instant, nullable=False),
    UniqueConstraint("platform", "app", "enterprise", "team"),
)

install_state = Table(
    "install_state",
    metadata,
    ident("digest", primary_key=True),
    ident("tenant", nullable=True),  # of the administrator who began it; a new company otherwise
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """One installation with its encrypted token."""

    workspace: str
    tenant: str
    platform: str
    app: str
    enterprise: str
    team: str
    token: str
    bot: str
    scopes: str = ""
    installer: str = ""
    installed_at: datetime
    refresh: str = ""
    expires_at: datetime | None = None


def install(conn: Connection, seat: Workspace, new: Installation) -> str:
    """Put an installation in force, new or again: the workspace keeps its id, its people and what they learned.

    Returns the id of the workspace, which is the old one when it was here before.
    """
    seat = _named(conn, seat)
    new = msgspec.structs.replace(new, app=seat.app)
    tenancy.add_workspace(conn, seat)
    mine = _same(seat)
    conn.execute(update(workspace).where(mine).values(state="active", name=seat.name, removed_at=None))
    row = conn.execute(select(workspace.c.id, workspace.c.tenant).where(mine)).one()
    values = {**msgspec.structs.asdict(new), "workspace": row.id, "tenant": row.tenant}
    renewed = {
        name: values[name] for name in ("token", "bot", "scopes", "installer", "installed_at", "refresh", "expires_at")
    }
    statement = insert(conn, installation).values(**values, version=1)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["workspace"], set_={**renewed, "version": installation.c.version + 1}
        )
    )
    return str(row.id)


def _named(conn: Connection, seat: Workspace) -> Workspace:
    """The seat under the app it was installed with: an installation made before the app's id was learned is the same one."""
    if not seat.app:
        known = select(workspace.c.app).where(*_team(seat), workspace.c.app != "").order_by(workspace.c.id)
        return msgspec.structs.replace(seat, app=conn.execute(known).scalar() or "")
    if conn.execute(select(workspace.c.id).where(_same(seat))).first() is None:
        nameless = select(workspace.c.id).where(*_team(seat), workspace.c.app == "")
        conn.execute(update(installation).where(installation.c.workspace.in_(nameless)).values(app=seat.app))
        conn.execute(update(workspace).where(workspace.c.id.in_(nameless)).values(app=seat.app))
    return seat


def renew(conn: Connection, old: Installation, token: str, refresh: str, expires_at: datetime) -> bool:
    """Put a new token in the place of one that runs out; False when somebody else was faster or the app is gone."""
    mine = (installation.c.workspace == old.workspace) & (installation.c.refresh == old.refresh)
    new = {"token": token, "refresh": refresh, "expires_at": expires_at, "version": installation.c.version + 1}
    return conn.execute(update(installation).where(mine).values(new)).rowcount == 1


def is_known(conn: Connection, seat: Workspace) -> bool:
    """Whether this workspace was installed before, in force or not."""
    ours = workspace.c.app.in_({seat.app, ""})
    return conn.execute(select(workspace.c.id).where(*_team(seat), ours)).first() is not None


def _same(seat: Workspace) -> ColumnElement[bool]:
    return and_(*_team(seat), workspace.c.app == seat.app)


def _team(seat: Workspace) -> tuple[ColumnElement[bool], ...]:
    return (
        workspace.c.platform == seat.platform,
        workspace.c.enterprise == seat.enterprise,
        workspace.c.team == seat.team,
    )


def installations(conn: Connection, platform: str) -> list[Installation]:
    """Those in force."""
    columns = [column for column in installation.c if column.name != "version"]
    rows = conn.execute(
        select(*columns)
        .join(workspace, workspace.c.id == installation.c.workspace)
        .where(installation.c.platform == platform, workspace.c.state == "active")
        .order_by(installation.c.workspace)
    )
    return [Installation(**row._mapping) for row in rows]


def end(conn: Connection, workspace_id: str, at: datetime) -> bool:
    """The app was taken away: no token, no lane, nothing more is sent. Safe in any order and any number of times.

    What the company's people learned waits for a reinstallation, and is purged by ``storage.departures`` later.

    News from before the present installation (``at`` is earlier) is old news: False, and nothing is touched.
    """
    mine = installation.c.workspace == workspace_id
    ended = delete(installation).where(mine, installation.c.installed_at <= at)
    if conn.execute(ended).rowcount == 0:
        return False
    conn.execute(update(workspace).where(workspace.c.id == workspace_id).values(state="removed", removed_at=at))
    move_away(conn, workspace_id)
    halt(conn, workspace_id, "uninstalled")
    return True


def halt(conn: Connection, workspace_id: str, reason: str) -> int:
    """End everything that waits in the lane; a claimed row counts, for its worker fails at the intent."""
    waiting = delivery.c.state.in_(["ready", "claimed"]) & (delivery.c.workspace == workspace_id)
    ended = update(delivery).where(in_turn(conn, waiting)).values(state="skipped", reason=reason)
    rows = conn.execute(ended.returning(delivery.c.id, delivery.c.tenant)).all()
    for tenant in {row.tenant for row in rows}:
        Ledger(conn, tenant).refund([row.id for row in rows if row.tenant == tenant])
    return len(rows)


def invite(conn: Connection, ticket: str, tenant: str, expires_at: datetime) -> None:
    """Let whoever brings this ticket install one more workspace of a company; once."""
    add_state(conn, ticket_digest(ticket), tenant, expires_at)


def ticket_digest(ticket: str) -> str:
    """As an OAuth state's row, and never equal to one."""
    return hashlib.sha256(f"ticket {ticket}".encode()).hexdigest()


def add_state(conn: Connection, digest: str, tenant: str | None, expires_at: datetime) -> None:
    conn.execute(install_state.insert().values(digest=digest, tenant=tenant, expires_at=expires_at))


def take_state(conn: Connection, digest: str, now: datetime) -> tuple[bool, str | None]:
    """Use a state up: (whether it was good, its tenant). Whoever deletes the row has used it, so it works once."""
    conn.execute(delete(install_state).where(install_state.c.expires_at <= now))
    used = delete(install_state).where(install_state.c.digest == digest).returning(install_state.c.tenant)
    row = conn.execute(used).one_or_none()
    return (False, None) if row is None else (True, row.tenant)

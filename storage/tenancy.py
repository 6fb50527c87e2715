"""What exists before any member speaks: tenants and their workspaces, and the short memory of who is who."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from bot.domain.people import Actor
from bot.domain.settings import TenantSettings
from storage.dialects import insert
from storage.people import workspace
from storage.settings import tenant

FRESH_SECONDS = 10.0
REMEMBERED = 20_000  # accounts kept in memory
_STALE = (float("-inf"), None)


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """One installation: a Slack team, a Teams tenant, a playground. It is a sending lane."""

    id: str
    tenant: str
    platform: str
    team: str
    name: str
    zone: str = "UTC"
    app: str = ""
    enterprise: str = ""


def add_tenant(conn: Connection, id: str, name: str, secret: str, now: datetime) -> None:
    """Add a company once; it keeps what it had."""
    settings = msgspec.to_builtins(TenantSettings())
    row = {"id": id, "name": name, "settings": settings, "secret": secret, "created_at": now}
    conn.execute(insert(conn, tenant).values(row).on_conflict_do_nothing())


def add_workspace(conn: Connection, new: Workspace) -> None:
    """Add an installation once, by (platform, app, enterprise, team)."""
    row = {**msgspec.structs.asdict(new), "state": "active"}
    conn.execute(insert(conn, workspace).values(row).on_conflict_do_nothing())


def workspaces(conn: Connection) -> list[Workspace]:
    rows = conn.execute(select(workspace).where(workspace.c.state == "active").order_by(workspace.c.id))
    return [
        Workspace(
            id=row.id,
            tenant=row.tenant,
            platform=row.platform,
            team=row.team,
            name=row.name,
            zone=row.zone,
            app=row.app,
            enterprise=row.enterprise,
        )
        for row in rows
    ]


class Accounts:
    """Implements ``bot.ports.accounts.Accounts``: actors in memory, at most ten seconds old."""

    def __init__(self, load: Callable[[], list[Workspace]]) -> None:
        self._load = load
        self._tenants: dict[str, str] = {}
        self._actors: dict[tuple[str, str], tuple[float, Actor | None]] = {}
        self._directs: dict[tuple[str, str], str] = {}  # the direct conversation of each that was met there
        self._lock = threading.Lock()

    def tenant(self, workspace_id: str) -> str:
        if workspace_id not in self._tenants:
            self.know(self._load())
        return self._tenants[workspace_id]

    def know(self, workspaces: Iterable[Workspace]) -> None:
        """Take in what was read, so that no event waits for a look."""
        self._tenants = {one.id: one.tenant for one in workspaces}

    def recall(self, workspace_id: str, account: str) -> Actor | None:
        at, actor = self._actors.get((workspace_id, account), _STALE)
        return actor if time.monotonic() - at <= FRESH_SECONDS else None

    def has_met(self, workspace_id: str, account: str, direct: str) -> bool:
        key = (workspace_id, account)
        return key in self._actors and (not direct or self._directs.get(key) == direct)

    def met(self, workspace_id: str, account: str, direct: str) -> None:
        self.forget(workspace_id, account)
        if direct:
            self._directs[workspace_id, account] = direct

    def remember(self, workspace_id: str, account: str, actor: Actor) -> None:
        self._keep(workspace_id, account, (time.monotonic(), actor))

    def forget(self, workspace_id: str, account: str) -> None:
        self._keep(workspace_id, account, _STALE)  # that there is somebody stays known, and nothing about them

    def _keep(self, workspace_id: str, account: str, known: tuple[float, Actor | None]) -> None:
        with self._lock:
            if len(self._actors) >= REMEMBERED:
                self._actors.clear()
                self._directs.clear()
            self._actors[workspace_id, account] = known

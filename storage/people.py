"""Workspaces, members, accounts, roles, teams, and the inbox of seen events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Row,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    select,
    update,
)

from bot.domain.calendar import is_zone
from bot.domain.conversation import Incoming
from bot.domain.people import Actor, Role
from bot.domain.wording import one_line
from bot.ports.people import Member, Team
from storage.dialects import insert, insert_for
from storage.places import Places
from storage.schema import Instant, Json, ident, metadata, words
from storage.settings import Settings, tenant

NAME_LIMIT = 80  # characters of a person's name

workspace = Table(
    "workspace",
    metadata,
    ident("id", primary_key=True),
    ident("tenant"),
    ident("platform"),
    ident("app"),
    ident("enterprise"),  # '' where there is none: NULLs would not collide
    ident("team"),
    words("name"),
    ident("zone"),
    ident("state"),  # active | removed | purged
    Column("removed_at", Instant),
    UniqueConstraint("platform", "app", "enterprise", "team"),
    ForeignKeyConstraint(["tenant"], [tenant.c.id]),
)

member = Table(
    "member",
    metadata,
    ident("tenant"),
    ident("id"),
    words("name"),
    ident("zone", nullable=True),
    ident("locale"),
    ident("region", nullable=True),
    ident("team", nullable=True),
    Column("active", Boolean, nullable=False),
    ident("merged_into", nullable=True),
    ident("account", nullable=True),  # the preferred one: where pushes go
    Column("flags", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("left_at", Instant),
    Column("active_at", Instant),
    PrimaryKeyConstraint("tenant", "id"),
    # The narrow column first, here and below: without statistics PostgreSQL would take any index that begins with the tenant.
    Index(None, "team", "tenant"),
)

account = Table(
    "account",
    metadata,
    ident("tenant"),
    ident("id"),
    ident("workspace"),
    ident("member"),
    ident("external"),
    words("address"),  # the direct conversation at the platform
    PrimaryKeyConstraint("tenant", "id"),
    UniqueConstraint("workspace", "external"),
    UniqueConstraint("member", "tenant", "workspace"),  # whose chat it is must be one
    ForeignKeyConstraint(["tenant", "member"], ["member.tenant", "member.id"]),
)

member_role = Table(
    "member_role",
    metadata,
    ident("tenant"),
    ident("member"),
    ident("role"),
    PrimaryKeyConstraint("tenant", "member", "role"),
)

team = Table(
    "team",
    metadata,
    ident("tenant"),
    ident("id"),
    words("name"),
    ident("manager", nullable=True),
    ident("parent", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
    Index(None, "manager", "tenant"),
)

inbox = Table(
    "inbox",
    metadata,
    ident("workspace"),
    ident("key"),
    ident("tenant"),
    Column("received_at", Instant, nullable=False),
    PrimaryKeyConstraint("workspace", "key"),
    Index(None, "received_at"),
)


# Every incoming thing asks this, with a row for each role and each managed team. It is made once, for making a statement
# takes five times as long as running it.
_WHO = (account.c.id.label("account"), member.c.id.label("member"), member.c.name, member.c.zone, member.c.locale)
_ACTOR = (
    select(
        *_WHO, member.c.team, workspace.c.zone.label("workspace_zone"), member_role.c.role, team.c.id.label("manages")
    )
    .join(member, (member.c.tenant == account.c.tenant) & (member.c.id == account.c.member))
    .join(workspace, workspace.c.id == account.c.workspace)
    .outerjoin(member_role, (member_role.c.tenant == member.c.tenant) & (member_role.c.member == member.c.id))
    .outerjoin(team, (team.c.tenant == member.c.tenant) & (team.c.manager == member.c.id))
    .where(
        account.c.tenant == bindparam("tenant"),
        account.c.workspace == bindparam("workspace"),
        account.c.external == bindparam("external"),
        member.c.active,
    )
)


@lru_cache
def _first_time(dialect: str) -> Any:
    return insert_for(dialect, inbox).on_conflict_do_nothing()


_MEMBERS = select(member).where(
    member.c.tenant == bindparam("of_tenant"), member.c.id.in_(bindparam("ids", expanding=True))
)


class People(Settings, Places):
    """Implements ``bot.ports.people.People``."""

    def __init__(self, conn: Connection, tenant_id: str) -> None:
        self._conn = conn
        self._tenant = tenant_id

    def first_time(self, workspace_id: str, key: str, now: datetime) -> bool:
        row = {"workspace": workspace_id, "key": key, "tenant": self._tenant, "received_at": now}
        return self._conn.execute(_first_time(self._conn.dialect.name), row).rowcount == 1

    def actor(self, workspace_id: str, external: str) -> Actor | None:
        asked = {"tenant": self._tenant, "workspace": workspace_id, "external": external}
        rows = self._conn.execute(_ACTOR, asked).all()
        if not rows:
            return None
        row = rows[0]
        return Actor(
            tenant=self._tenant,
            workspace=workspace_id,
            member=row.member,
            account=row.account,
            name=row.name,
            zone=row.zone or row.workspace_zone or "UTC",
            locale=row.locale,
            roles=frozenset(Role(one.role) for one in rows if one.role is not None),
            team=row.team,
            manages=tuple(sorted({one.manages for one in rows if one.manages is not None})),
        )

    def meet(self, incoming: Incoming, new_id: str, now: datetime) -> tuple[Actor, bool]:
        known = self.actor(incoming.workspace, incoming.account)
        is_new = known is None and self._add(incoming, new_id, now)
        if incoming.place.kind == "direct" and incoming.place.id:
            # Somebody met in a channel has no conversation with us yet; from here on there is one.
            moved = self._account(incoming) & (account.c.address != incoming.place.id)
            self._conn.execute(update(account).where(moved).values(address=incoming.place.id))
        actor = known or self.actor(incoming.workspace, incoming.account)
        if actor is None:
            raise LookupError(f"account {incoming.account} has left")
        return actor, is_new

    def _account(self, incoming: Incoming) -> ColumnElement[bool]:
        here = (account.c.tenant == self._tenant) & (account.c.workspace == incoming.workspace)
        return here & (account.c.external == incoming.account)

    def _add(self, incoming: Incoming, new_id: str, now: datetime) -> bool:
        """A fresh member with one account; an account of somebody who left comes back to life as the same member.

        False when a turn that ran at the same time has added the account: its member stands, ours goes again.
        """
        old = self._conn.execute(select(account.c.member).where(self._account(incoming))).scalar()
        if old is not None:
            gone = self._update(old).where(~member.c.active)
            return self._conn.execute(gone.values(active=True, left_at=None)).rowcount == 1
        # What a platform says of a person is theirs to choose: no control characters, and a zone only if it is one.
        name = one_line(incoming.name)[:NAME_LIMIT] or incoming.account
        zone = incoming.zone if incoming.zone and is_zone(incoming.zone) else None
        self.add_member(Member(id=new_id, name=name, zone=zone, locale=incoming.locale), now)
        if self.add_account(f"a-{new_id}", incoming.workspace, new_id, incoming.account, ""):
            return True
        self._conn.execute(delete(member).where(member.c.tenant == self._tenant, member.c.id == new_id))
        return False

    def add_member(self, new: Member, now: datetime) -> None:
        self._conn.execute(
            member.insert().values(
                tenant=self._tenant,
                id=new.id,
                name=new.name,
                zone=new.zone,
                locale=new.locale,
                region=new.region,
                team=new.team,
                active=new.active,
                flags={},
                created_at=now,
            )
        )

    def add_account(self, id: str, workspace_id: str, member_id: str, external: str, address: str) -> bool:
        """Add an account; the first one of a member is the preferred one. False when it is there already."""
        row = {"tenant": self._tenant, "id": id, "workspace": workspace_id, "member": member_id}
        row |= {"external": external, "address": address}
        if self._conn.execute(insert(self._conn, account).values(row).on_conflict_do_nothing()).rowcount == 0:
            return False
        self._conn.execute(self._update(member_id).where(member.c.account.is_(None)).values(account=id))
        return True

    def member(self, member_id: str) -> Member | None:
        return self.members([member_id]).get(member_id)

    def members(self, ids: Sequence[str]) -> dict[str, Member]:
        rows = self._conn.execute(_MEMBERS, {"of_tenant": self._tenant, "ids": list(ids)})
        return {row.id: _member(row) for row in rows}

    def named(self, words: str, workspace_id: str) -> list[Member]:
        here = (account.c.workspace == workspace_id) & (func.lower(account.c.external) == words)
        spoken = select(account.c.member).where(account.c.tenant == self._tenant, here)
        said = (func.lower(member.c.name) == words) | member.c.id.in_(spoken)
        found = select(member).where(member.c.tenant == self._tenant, member.c.active, said)
        return [_member(row) for row in self._conn.execute(found.order_by(member.c.id).limit(2))]

    def zone_in_force(self, member_id: str) -> str:
        row = self._conn.execute(
            select(member.c.zone, workspace.c.zone.label("workspace_zone"))
            .outerjoin(account, (account.c.tenant == member.c.tenant) & (account.c.id == member.c.account))
            .outerjoin(workspace, workspace.c.id == account.c.workspace)
            .where(member.c.tenant == self._tenant, member.c.id == member_id)
        ).one()
        return row.zone or row.workspace_zone or "UTC"

    def set_zone(self, member_id: str, zone: str) -> None:
        self._conn.execute(self._update(member_id).values(zone=zone))

    def set_region(self, member_id: str, region: str | None) -> None:
        self._conn.execute(self._update(member_id).values(region=region))

    def leave(self, member_id: str, now: datetime) -> None:
        self._conn.execute(self._update(member_id).values(active=False, left_at=now))

    def saw(self, last_active: Mapping[str, datetime]) -> None:
        for member_id, at in last_active.items():
            self._conn.execute(self._update(member_id).values(active_at=at))

    def grant(self, member_id: str, role: Role) -> None:
        row = {"tenant": self._tenant, "member": member_id, "role": role.value}
        self._conn.execute(insert(self._conn, member_role).values(row).on_conflict_do_nothing())

    def teams(self) -> list[Team]:
        rows = self._conn.execute(select(team).where(team.c.tenant == self._tenant).order_by(team.c.id))
        return [Team(id=row.id, name=row.name, manager=row.manager) for row in rows]

    def add_team(self, new: Team) -> None:
        self._conn.execute(team.insert().values(tenant=self._tenant, id=new.id, name=new.name, manager=new.manager))

    def team_members(self, team_id: str) -> list[Member]:
        rows = self._conn.execute(
            select(member)
            .where(member.c.tenant == self._tenant, member.c.team == team_id, member.c.active)
            .order_by(member.c.id)
        )
        return [_member(row) for row in rows]

    def flag(self, member_id: str, name: str, *, held: bool = False) -> Any:
        return self._flags(member_id, held=held).get(name)

    def set_flag(self, member_id: str, name: str, value: Any) -> None:
        # Locked until the commit (SQLite has one writer anyway): two facts set at once must not undo each other.
        flags = {**self._flags(member_id, held=True), name: value}
        self._conn.execute(self._update(member_id).values(flags=flags))

    def _flags(self, member_id: str, *, held: bool = False) -> dict[str, Any]:
        mine = select(member.c.flags).where(member.c.tenant == self._tenant, member.c.id == member_id)
        return dict(self._conn.execute(mine.with_for_update() if held else mine).scalar_one())

    def _update(self, member_id: str) -> Any:
        return update(member).where(member.c.tenant == self._tenant, member.c.id == member_id)


def _member(row: Row[Any]) -> Member:
    return Member(
        id=row.id,
        name=row.name,
        zone=row.zone,
        locale=row.locale,
        region=row.region,
        team=row.team,
        active=row.active,
    )

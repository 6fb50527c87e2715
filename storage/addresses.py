"""Where members are reached in a workspace: the platform's ids of people, and of their conversations with us."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, select, update

from bot.domain.deliveries import Outgoing
from storage.people import account, member, workspace
from storage.places import channel

# The account a member prefers, and the lane of a channel. No join: without statistics PostgreSQL would begin with everybody's accounts.
_PREFERRED = select(member.c.account).where(
    member.c.tenant == bindparam("of_tenant"), member.c.id == bindparam("whom"), member.c.active
)
_REACHED = select(account.c.workspace, account.c.id).where(
    account.c.tenant == bindparam("of_tenant"), account.c.id == _PREFERRED.scalar_subquery()
)
# An account of theirs in another workspace, the preferred one first.
_AROUND = (
    select(account.c.workspace, account.c.id)
    .join(member, (member.c.tenant == account.c.tenant) & (member.c.id == account.c.member))
    .join(workspace, workspace.c.id == account.c.workspace)
    .where(
        member.c.tenant == bindparam("of_tenant"),
        member.c.id == bindparam("whom"),
        member.c.active,
        workspace.c.state == "active",
        account.c.workspace != bindparam("around"),
    )
    .order_by((account.c.id == member.c.account).desc(), account.c.id)
    .limit(1)
)
_PLACED = select(channel.c.workspace, channel.c.id).where(
    channel.c.tenant == bindparam("of_tenant"), channel.c.id == bindparam("where")
)


def target_of(conn: Connection, tenant: str, outgoing: Outgoing) -> dict[str, str] | None:
    """The lane of a message and where in it: the member's preferred account, or the channel. Nowhere if nobody is there."""
    if outgoing.member is not None:
        whom = {"of_tenant": tenant, "whom": outgoing.member}
        other = {"around": outgoing.around} if outgoing.around is not None else {}
        row = conn.execute(_AROUND if other else _REACHED, whom | other).one_or_none()
        return None if row is None else {"workspace": row.workspace, "account": row.id}
    row = conn.execute(_PLACED, {"of_tenant": tenant, "where": outgoing.place}).one_or_none()
    return None if row is None else {"workspace": row.workspace, "channel": row.id}


def external_ids(conn: Connection, workspace_id: str, members: Collection[str]) -> dict[str, str]:
    """The platform's ids by member."""
    rows = conn.execute(
        select(account.c.member, account.c.external).where(
            account.c.workspace == workspace_id, account.c.member.in_(members)
        )
    )
    return {row.member: row.external for row in rows}


def set_address(conn: Connection, workspace_id: str, external: str, address: str) -> None:
    """Remember the direct conversation of an account."""
    mine = (account.c.workspace == workspace_id) & (account.c.external == external)
    conn.execute(update(account).where(mine).values(address=address))


def name_channel(conn: Connection, workspace_id: str, address: str, name: str) -> None:
    """What the platform calls a place we speak in."""
    here = (channel.c.workspace == workspace_id) & (channel.c.address == address)
    conn.execute(update(channel).where(here).values(name=name))


def is_stranger(conn: Connection, workspace_id: str, external: str) -> bool:
    """Whether this is a member whose time zone we have not learned."""
    mine = (account.c.workspace == workspace_id) & (account.c.external == external)
    own = (member.c.tenant == account.c.tenant) & (member.c.id == account.c.member)
    found = select(member.c.id).join(account, own).where(mine, member.c.zone.is_(None))
    return conn.execute(found).first() is not None


def introduce(conn: Connection, workspace_id: str, external: str, name: str, zone: str | None) -> None:
    """What the platform's profile says of somebody: the name, and the zone where they have none."""
    mine = (account.c.workspace == workspace_id) & (account.c.external == external)
    found = conn.execute(select(account.c.tenant, account.c.member).where(mine)).one_or_none()
    if found is None:
        return
    this = (member.c.tenant == found.tenant) & (member.c.id == found.member)
    if name:
        conn.execute(update(member).where(this).values(name=name))
    if zone:
        conn.execute(update(member).where(this, member.c.zone.is_(None)).values(zone=zone))

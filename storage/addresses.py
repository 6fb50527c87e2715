"""Where members are reached in a workspace: the platform's ids of people, and of their conversations with us."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select, update

from storage.people import account, member
from storage.places import channel


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
